"""A function's code as it was at one moment."""

from typing import NamedTuple

from localfn.errors import LocalfnError
from localfn.model.result import Result


class Revision(NamedTuple):
    """A revision of a function has been loaded, or could not be.

    `number` counts up from 1. `ready_ms` is how long it took from the change to the first instance
    that has loaded it. `result` words how loading went: its `failure` is None when calls are
    served, else its payload is what they get; there is none when a call has loaded it, in whose
    own result it is told. `error` says why no instance could be started.
    """

    function: str
    number: int
    ready_ms: float
    result: Result | None = None
    error: LocalfnError | None = None
