"""Who tells the watcher that something may have happened: the system, or a look at the disk."""

import errno
from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple, Protocol

from localfn.reload.stamp import Identity

EXHAUSTED = {
    errno.ENOSPC: "the system's limit of watches is reached",
    errno.EMFILE: "the system's limit of watchers is reached",
    errno.ENFILE: "the system's limit of open files is reached",
    errno.ENOSYS: "this system tells nobody of changes",
}


class What(Enum):
    """What is known of a notice.

    WRITING: the file is open and being written. WHOLE: whatever was done to the file is done.
    FOLDER: a folder came. GONE: a folder went; what is there by now is another one. LOST: the
    system has lost count, look at everything.
    """

    WRITING = auto()
    WHOLE = auto()
    FOLDER = auto()
    GONE = auto()
    LOST = auto()


class Notice(NamedTuple):
    """Something may have happened at a path."""

    path: str
    what: What


class LookoutLost(Exception):
    """The system cannot tell of changes; the message says why."""


class Lookout(Protocol):
    """Gives notices. `wake` and `catch_up` may be called from any thread, the others from one.

    `grace_s` is how long after a notice another one of the same save may come.
    """

    @property
    def grace_s(self) -> float:
        """Return how long a single save may take from its first notice to its last."""

    def cover(self, folders: Mapping[str, Identity], *, keep: bool = False) -> frozenset[str]:
        """Give notices for these folders, and with `keep` for those before; return the new ones.

        Raises `LookoutLost` when the system cannot.
        """

    def next(self, limit_s: float | None) -> Notice | None:
        """Return the next notice; None when none came in time, or after `wake`."""

    def wake(self) -> None:
        """Have `next` return now."""

    def catch_up(self, limit_s: float) -> None:
        """Wait until all that happened before now has been taken with `next`, and dealt with.

        Does nothing where the system does not tell at once.
        """

    def is_current(self) -> bool:
        """Return whether `catch_up` would have nothing to wait for."""

    def close(self) -> None:
        """Give everything back. May be called twice."""
