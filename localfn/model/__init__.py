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
from localfn.model.plan import InstancePlan, InstanceState, Layout, Mount, Site
from localfn.model.provider import Finding, Limits, Provider, Reading, Runtime, Severity
from localfn.model.result import Failure, FailureKind, Reply, Result
from localfn.model.revision import Revision
from localfn.model.web import Calls, DomainRoute, Repeats, Rewrite, Route, Visit, Web, WebRules

__all__ = [
    "NOTHING",
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
    "Trigger",
    "Tunnel",
    "Visit",
    "Volume",
    "Web",
    "WebRules",
]
