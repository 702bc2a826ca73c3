"""The words of this program: frozen values without I/O. Every other package speaks them."""

from localfn.model.call import Call, CallMode, Event, Invocation
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
from localfn.model.http import Headers, HttpReply, HttpRequest
from localfn.model.plan import InstancePlan, InstanceState, Layout, Mount, Site
from localfn.model.provider import Finding, Limits, Provider, Reading, Runtime, Severity
from localfn.model.result import Failure, FailureKind, Reply, Result

__all__ = [
    "NOTHING",
    "Call",
    "CallMode",
    "Container",
    "Event",
    "Failure",
    "FailureKind",
    "Finding",
    "Function",
    "Headers",
    "Hook",
    "Hooks",
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
    "Reply",
    "Result",
    "Runtime",
    "Severity",
    "Site",
    "Trigger",
    "Volume",
]
