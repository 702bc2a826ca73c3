"""What goes into a function."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from localfn.model.function import Function
from localfn.model.http import HttpReply


class CallMode(Enum):
    """Whether the caller waits for the answer."""

    SYNC = "sync"
    ASYNC = "async"


class Event(NamedTuple):
    """The bytes a function receives. They are never parsed on the way.

    `http` are JSON-ready facts of the request that the payload is the body of, for handlers that
    take a request and not an event. `counted_bytes` is the size that the cloud's limits are about
    where that is not the payload's own.
    """

    payload: bytes
    source: str = ""
    content_type: str = "application/octet-stream"
    http: Mapping[str, object] | None = None
    counted_bytes: int = -1

    @property
    def size(self) -> int:
        """Return the bytes that count against the cloud's limits."""
        return len(self.payload) if self.counted_bytes < 0 else self.counted_bytes


class Part(NamedTuple):
    """A part of an answer that its function writes little by little.

    `http` are status and headers as in `Reply`; the first part has them, where there are any.
    """

    payload: bytes
    http: HttpReply | None = None


class Call(NamedTuple):
    """Somebody wants a function to be run.

    `id` is chosen by callers who must know it beforehand, else empty. `attempt` counts the
    repetitions of an asynchronous call, 0 for the first. `qualifier` names the version or alias
    that was asked for; there is only one here, but it is told to the function. `parts` gets the
    parts of the answer as they come, from another thread, if the function writes it in parts; the
    result holds all of it anyway.
    """

    function: Function
    event: Event
    mode: CallMode = CallMode.SYNC
    client_context: str = ""
    id: str = ""
    attempt: int = 0
    qualifier: str = ""
    parts: Callable[[Part], None] | None = None


class Invocation(NamedTuple):
    """One run of a function. `started` is in seconds since the epoch.

    `timeout_s` is None while a debugger is wanted: then no clock runs. `parts` is as in `Call`.
    """

    id: str
    function: Function
    event: Event
    started: float
    timeout_s: float | None
    client_context: str = ""
    attempt: int = 0
    qualifier: str = ""
    parts: Callable[[Part], None] | None = None
