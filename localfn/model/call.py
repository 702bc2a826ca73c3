"""What goes into a function."""

from dataclasses import dataclass
from enum import Enum

from localfn.model.function import Function


class CallMode(Enum):
    """Whether the caller waits for the answer."""

    SYNC = "sync"
    ASYNC = "async"


@dataclass(frozen=True, slots=True)
class Event:
    """The bytes a function receives. They are never parsed on the way."""

    payload: bytes
    source: str = ""
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody wants a function to be run."""

    function: Function
    event: Event
    mode: CallMode = CallMode.SYNC
    client_context: str = ""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a function. `started` is in seconds since the epoch.

    `timeout_s` is None while a debugger is wanted: then no clock runs.
    """

    id: str
    function: Function
    event: Event
    started: float
    timeout_s: float | None
    client_context: str = ""
