"""The words of this program: frozen values without I/O. Every other package speaks them."""

from localfn.model.call import Call, CallMode, Event, Invocation
from localfn.model.contract import Fault, FaultKind, Health, HttpContract
from localfn.model.function import (
    NOTHING,
    Container,
    Function,
    Hook,
    Hooks,
    Local,
    Place,
    Trigger,
    Volume,
)
from localfn.model.http import BrokenBody, Headers, HttpReply, HttpRequest, Tunnel
from localfn.model.plan import Beside, InstancePlan, InstanceState, Layout, Mount, Site
from localfn.model.provider import Finding, Limits, Provider, Reading, Severity
from localfn.model.result import Failure, FailureKind, Reply, Result
from localfn.model.revision import Revision
from localfn.model.runtime import Runtime
from localfn.model.web import (
    Calls,
    DomainRoute,
    OpenSockets,
    Patience,
    Repeats,
    Rewrite,
    Route,
    Socket,
    Visit,
    Web,
    WebRules,
    WebSockets,
)

__all__ = [
    "NOTHING",
    "Beside",
    "BrokenBody",
    "Call",
    "CallMode",
    "Calls",
    "Container",
    "DomainRoute",
    "Event",
    "Failure",
    "FailureKind",
    "Fault",
    "FaultKind",
    "Finding",
    "Function",
    "Headers",
    "Health",
    "Hook",
    "Hooks",
    "HttpContract",
    "HttpReply",
    "HttpRequest",
    "InstancePlan",
    "InstanceState",
    "Invocation",
    "Layout",
    "Limits",
    "Local",
    "Mount",
    "OpenSockets",
    "Patience",
    "Place",
    "Provider",
    "Reading",
    "Repeats",
    "Reply",
    "Result",
    "Revision",
    "Rewrite",
    "Route",
    "Runtime",
    "Severity",
    "Site",
    "Socket",
    "Trigger",
    "Tunnel",
    "Visit",
    "Volume",
    "Web",
    "WebRules",
    "WebSockets",
]
