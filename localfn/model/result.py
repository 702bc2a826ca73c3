"""What comes out of a function."""

from enum import Enum
from typing import NamedTuple

from localfn.model.call import Invocation
from localfn.model.http import HttpReply


class FailureKind(Enum):
    """How a function can fail. Known from the frame that came back, an exit or the deadline."""

    HANDLER_RAISED = "handler-raised"
    HANDLER_MISSING = "handler-missing"
    IMPORT_FAILED = "import-failed"
    INIT_FAILED = "init-failed"
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"
    EXITED = "exited"
    BAD_REPLY = "bad-reply"
    TOO_LARGE = "too-large"
    ANSWER_TOO_LARGE = "answer-too-large"
    THROTTLED = "throttled"
    CANCELED = "canceled"


class Failure(NamedTuple):
    """The user's function failed: a value, not an exception of ours.

    `stack` is JSON-ready and shaped as the cloud shapes it for the function's language.
    `during_init` tells a failure of the initializer from one of the invocation; `handled` one
    that the function reported itself from one that it did not foresee. `code` is what its process
    left with, `signal` what killed it, both 0 where it lives on.
    `advice` is one line for the person at the terminal; no cloud ever shows it.
    """

    kind: FailureKind
    message: str = ""
    error_type: str = ""
    stack: object = None
    during_init: bool = False
    handled: bool = False
    advice: str = ""
    code: int = 0
    signal: int = 0


class Reply(NamedTuple):
    """What an instance answered, and what the answer cost.

    `http` are status and headers of a handler that answers a request, without the body, which is
    the payload. After a `last` reply the instance ends by itself. A load that failed may be tried
    `again` in the same instance.
    """

    payload: bytes = b""
    failure: Failure | None = None
    duration_ms: float = 0.0
    peak_memory_mb: float = 0.0
    last: bool = False
    http: HttpReply | None = None
    again: bool = False


class Result(NamedTuple):
    """One finished invocation, worded as its cloud words it.

    `payload` is the answer, or the cloud's error body where `failure` is set. `logs` is all the
    cloud would have logged, in order. `cold_start_ms` is None when a warm instance answered.
    `http` is as in `Reply`.
    """

    invocation: Invocation
    payload: bytes
    failure: Failure | None
    logs: bytes
    duration_ms: float
    cold_start_ms: float | None
    peak_memory_mb: float
    http: HttpReply | None = None
