"""What goes into a function."""

from enum import Enum
from typing import NamedTuple

from localfn.model.function import Function


class CallMode(Enum):
    """Whether the caller waits for the answer."""

    SYNC = "sync"
    ASYNC = "async"


class Event(NamedTuple):
    """The bytes a function receives. They are never parsed on the way."""

    payload: bytes
    source: str = ""
    content_type: str = "application/octet-stream"


class Call(NamedTuple):
    """Somebody wants a function to be run."""

    function: Function
    event: Event
    mode: CallMode = CallMode.SYNC
    client_context: str = ""


class Invocation(NamedTuple):
    """One run of a function. `started` is in seconds since the epoch.

    `timeout_s` is None while a debugger is wanted: then no clock runs.
    """

    id: str
    function: Function
    event: Event
    started: float
    timeout_s: float | None
    client_context: str = ""
