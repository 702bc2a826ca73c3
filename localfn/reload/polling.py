"""A lookout that looks at the disk again and again: where the system tells nobody of changes."""

import stat
import threading
import time
from collections.abc import Callable, Collection, Mapping

from localfn.reload.lookout import Notice, What
from localfn.reload.stamp import Identity, Stamp
from localfn.reload.tree import Tree

EVERY_S = 0.4
# A look may take this share of the time at most.
SHARE = 0.1


class Poller:
    """Compares what is there now with what was there at the last look."""

    # A file that is still growing differs at the next look.
    grace_s = 0.1

    def __init__(self, trees: Callable[[], Collection[Tree]]) -> None:
        self._trees = trees
        self._woken = threading.Event()
        self._found: list[Notice] = []
        self._cost_s = 0.0
        self._stamps: dict[str, Stamp] | None = None

    def cover(self, folders: Mapping[str, Identity], *, keep: bool = False) -> frozenset[str]:
        """Return nothing new: a look sees everything."""
        return frozenset()

    def next(self, limit_s: float | None) -> Notice | None:
        """Return the next notice; None when none came in time, or after `wake`."""
        if self._stamps is None:
            self._stamps = self._look()
            # What happened before the first look is not known.
            return Notice("", What.LOST)
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while not self._found:
            pause_s = max(EVERY_S, self._cost_s / SHARE)
            left_s = pause_s if deadline is None else deadline - time.monotonic()
            if self._woken.wait(max(0.0, min(pause_s, left_s))):
                self._woken.clear()
                return None
            self._compare(self._stamps)
            if not self._found and deadline is not None and time.monotonic() >= deadline:
                return None
        return self._found.pop(0)

    def wake(self) -> None:
        """Have `next` return now."""
        self._woken.set()

    def catch_up(self, limit_s: float) -> None:
        """Do nothing: what has happened since the last look is not known before the next."""

    def is_current(self) -> bool:
        """Return True: there is nothing to wait for."""
        return True

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _compare(self, before: dict[str, Stamp]) -> None:
        now = self._stamps = self._look()
        for path in before.keys() | now.keys():
            told = now.get(path) or before[path]
            if before.get(path) != now.get(path):
                what = What.FOLDER if stat.S_ISDIR(told.mode) else What.WHOLE
                self._found.append(Notice(path, what))

    def _look(self) -> dict[str, Stamp]:
        started = time.monotonic()
        found = {path: stamp for tree in self._trees() for path, stamp in tree.stamps().items()}
        self._cost_s = time.monotonic() - started
        return found
