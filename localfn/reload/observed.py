"""Lookouts on watchdog: our own emitter on Linux, watchdog's for the system elsewhere."""

import os
import sys
from collections.abc import Callable, Collection, Mapping

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from localfn.reload.lookout import EXHAUSTED, LookoutLost
from localfn.reload.notices import Notices
from localfn.reload.stamp import Identity
from localfn.reload.tree import Tree

# Without a filter, watchdog's inotify emitter is kept busy for ever by its own walk through a
# large tree, which opens and closes folders.
FILTER: list[type[FileSystemEvent]] = [
    FileModifiedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
]


class FolderLookout:
    """Linux: exactly the folders that matter, told at once."""

    # A few milliseconds lie between an editor's steps; the file's end is known without waiting.
    grace_s = 0.01

    def __init__(self) -> None:
        from localfn.reload.inotify import FolderEmitter

        self._notices = Notices(sees_closing=True)
        self._observer = BaseObserver(FolderEmitter)
        self._observer.schedule(self._notices, os.sep)
        (emitter,) = self._observer.emitters
        assert isinstance(emitter, FolderEmitter)
        self._emitter = emitter
        self._observer.start()
        self.next, self.wake = self._notices.next, self._notices.wake

    def cover(self, folders: Mapping[str, Identity], *, keep: bool = False) -> frozenset[str]:
        """Give notices for these folders, and with `keep` for those before; return the new ones."""
        return self._emitter.cover(folders, keep=keep)

    def catch_up(self, limit_s: float) -> None:
        """Wait until `next` was asked for more than what has happened until now."""
        self._notices.await_reading(self._emitter.reading(), limit_s)

    def is_current(self) -> bool:
        """Return whether that is so."""
        return self._notices.has_passed(self._emitter.reading())

    @property
    def watches(self) -> int:
        """Return how many watches of the system are in use."""
        return self._emitter.watches

    def close(self) -> None:
        """Give everything back. May be called twice."""
        _end(self._observer)


class TreeLookout:
    """Other systems: each root with all that is below it, as watchdog observes it there."""

    # Nobody says when a file is closed, and what is said comes in bunches.
    grace_s = 0.05

    def __init__(self, trees: Callable[[], Collection[Tree]]) -> None:
        self._trees = trees
        self._notices = Notices(sees_closing=False)
        self._observer = Observer()
        self._observer.start()
        self._scheduled: dict[str, tuple[Identity, ObservedWatch]] = {}
        self.next, self.wake = self._notices.next, self._notices.wake

    def cover(self, folders: Mapping[str, Identity], *, keep: bool = False) -> frozenset[str]:
        """Observe the roots that are there, and the folders around them in which more happens."""
        if keep:
            return frozenset()
        roots = [tree.path for tree in self._trees()]
        # Within a root nothing more is needed, but where a link leads out of it.
        within = tuple(each + os.sep for each in roots)
        wanted = {
            each: each in roots or each.startswith(within)
            for each in folders
            if not each.startswith(within) or os.path.islink(each)
        }
        for path in [each for each in self._scheduled if each not in wanted]:
            self._observer.unschedule(self._scheduled.pop(path)[1])
        new = [each for each in wanted if not self._knows(each, folders[each])]
        for path in new:
            self._schedule(path, folders[path], recursive=wanted[path])
        return frozenset(new)

    def catch_up(self, limit_s: float) -> None:
        """Do nothing: the system tells when it likes."""

    def is_current(self) -> bool:
        """Return True: there is nothing to wait for."""
        return True

    def close(self) -> None:
        """Give everything back. May be called twice."""
        _end(self._observer)

    def _knows(self, path: str, identity: Identity) -> bool:
        return path in self._scheduled and self._scheduled[path][0] == identity

    def _schedule(self, path: str, identity: Identity, *, recursive: bool) -> None:
        known = self._scheduled.pop(path, None)
        if known is not None:
            self._observer.unschedule(known[1])
        try:
            watch = self._observer.schedule(
                self._notices, path, recursive=recursive, event_filter=FILTER
            )
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise LookoutLost(EXHAUSTED[error.errno]) from error
            return
        self._scheduled[path] = identity, watch


def open_lookout(trees: Callable[[], Collection[Tree]]) -> FolderLookout | TreeLookout:
    """Return the lookout for this system; raise `LookoutLost` where it has nothing to give."""
    return FolderLookout() if sys.platform == "linux" else TreeLookout(trees)


def _end(observer: BaseObserver) -> None:
    if observer.is_alive():
        observer.stop()
        observer.join()
