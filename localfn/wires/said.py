"""What a conversation with a guest comes to, whatever wire it goes over."""

from typing import NamedTuple

from localfn.model import Failure, FailureKind, Reply

TOO_LATE = Failure(FailureKind.TIMED_OUT)
GONE = Failure(FailureKind.EXITED)


class Said(NamedTuple):
    """What a guest answered, and all it printed until then."""

    reply: Reply
    output: bytes
