"""Watch roots and report, in batches, what is not as it was."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from localfn.reload.batch import Batch, Change, ChangeKind
from localfn.reload.burst import Burst, OpenFiles
from localfn.reload.filesystems import silent
from localfn.reload.locks import Locks
from localfn.reload.lookout import Lookout, LookoutLost, Notice, What
from localfn.reload.observed import open_lookout
from localfn.reload.polling import EVERY_S, Poller
from localfn.reload.scope import Root
from localfn.reload.stamp import Identity
from localfn.reload.tree import Tree

LOCK_S = 5.0
LOCK_EVERY_S = 0.02
CLOSE_LIMIT_S = 5.0
CATCH_UP_LIMIT_S = 1.0
# Files whose content is read before the watch begins, and then between two notices: milliseconds.
READ_AT_START = 200
READ_AT_ONCE = 50

log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Who is told. Both are called from the watcher's thread, always in turn."""

    def doubt(self, paths: Collection[Path]) -> None:
        """Learn that something is going on at these paths; a batch will say what came of it."""

    def settle(self, batch: Batch) -> None:
        """Learn what came of it, maybe nothing. The doubts until now are over."""


Trees = Callable[[], Collection[Tree]]


class Watcher:
    """Watches some roots in a thread of its own, from `with` on.

    `say` takes one line when the system cannot tell of changes and the files are looked at again
    and again instead. `open_lookout` gets what returns the trees that are watched.
    """

    def __init__(
        self,
        roots: Collection[Root],
        reporter: Reporter,
        say: Callable[[str], None],
        open_lookout: Callable[[Trees], Lookout] = open_lookout,
    ) -> None:
        self._reporter = reporter
        self._say = say
        self._trees: dict[Root, Tree] = {}
        self._open = OpenFiles()
        self._locks = Locks()
        self._closing = False
        self._lookout = self._opened(open_lookout)
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self.watch(roots)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def watch(self, roots: Collection[Root]) -> None:
        """Watch these roots and no others; what is there now is what changes are told against.

        Once the watcher runs, only to be called while it reports.
        """
        for root in [each for each in self._trees if each not in roots]:
            del self._trees[root]
        for root in roots:
            if root not in self._trees:
                self._trees[root] = tree = Tree(root)
                tree.read_some(READ_AT_START)
                self._check_file_system(root)
        # What appears before its folder is watched is not news either: nobody has read it yet.
        new = self._cover(self._folders())
        while new:
            self._settle(new)
            new = self._cover(self._folders())

    def catch_up(self) -> None:
        """Wait until everything that was saved before now is in doubt or settled.

        From any thread; does nothing where the system does not tell of changes at once.
        """
        self._lookout.catch_up(CATCH_UP_LIMIT_S)

    def is_current(self) -> bool:
        """Return whether `catch_up` would have nothing to wait for."""
        return self._lookout.is_current()

    def close(self) -> None:
        """Stop watching. May be called twice."""
        self._closing = True
        self._lookout.wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S)
        self._lookout.close()

    def _run(self) -> None:
        while not self._closing:
            try:
                self._next()
            except Exception:
                # The top of a thread: without it nobody would know why changes go unnoticed.
                log.exception("a change could not be dealt with")

    def _next(self) -> None:
        """Wait for a burst of notices, and report what it came to."""
        burst = Burst(self._lookout.grace_s)
        notice = self._lookout.next(self._pause_s())
        if notice is not None:
            self._take(notice, burst)
        elif not self._closing:
            for path in self._open.ended():
                self._take(Notice(path, What.WHOLE), burst)
            for tree in self._trees.values():
                tree.read_some(READ_AT_ONCE)
        if not burst.begun:
            return
        self._await_end(burst)
        if not self._closing:
            self._reporter.settle(Batch(self._changes(burst), burst.since))

    def _pause_s(self) -> float | None:
        """Return how long to wait for a notice: there may be something else to do."""
        if any(tree.read_some(0) for tree in self._trees.values()):
            return 0
        end = self._open.next_end()
        return None if end is None else max(0.0, end - time.monotonic())

    def _take(self, notice: Notice, burst: Burst) -> None:
        """Add a notice to the burst if it is about something that is watched."""
        if notice.what is What.LOST:
            burst.add(notice, set())
            self._reporter.doubt([Path(root.path) for root in self._trees])
            return
        is_folder = notice.what in (What.FOLDER, What.GONE)
        trees = self._trees.values()
        located = {tree.locate(notice.path, is_folder=is_folder) for tree in trees} - {""}
        news = {each for each in located if self._open.note(notice.what, each)}
        if not news:
            return
        doubted = news - burst.hinted
        burst.add(notice, news)
        if doubted:
            self._reporter.doubt([Path(each) for each in doubted])
        if notice.what is What.GONE:
            for tree in trees:
                tree.note_gone(notice.path)
        if is_folder:
            self._explore(notice.path)

    def _explore(self, path: str) -> None:
        """Watch a new folder at once: more may come, and the burst is not over before it has."""
        for tree in self._trees.values():
            while self._cover(tree.explore(path), keep=True):
                pass

    def _await_end(self, burst: Burst) -> None:
        """Take notices in until there are no more, and nobody holds a lock on the files."""
        while not self._closing:
            being_written = bool(self._open.among(burst.hinted))
            left_s = burst.ends(being_written=being_written) - time.monotonic()
            if left_s <= 0 and not self._is_locked(burst):
                return
            notice = self._lookout.next(left_s if left_s > 0 else LOCK_EVERY_S)
            if notice is not None:
                self._take(notice, burst)

    def _is_locked(self, burst: Burst) -> bool:
        held = self._locks.held(str(root.path) for root in self._trees)
        if held and time.monotonic() > burst.since + LOCK_S:
            self._locks.give_up(held)
            return False
        return bool(held)

    def _changes(self, burst: Burst) -> tuple[Change, ...]:
        leaving = self._open.leave()
        found = self._settle(None if burst.lost else burst.hinted, leaving)
        new = self._cover(self._folders())
        while new:
            # What was written there before the folder was watched came without notice.
            for path, kind in self._settle(new, leaving).items():
                found.setdefault(path, kind)
            new = self._cover(self._folders())
        return tuple(Change(path, kind) for path, kind in sorted(found.items()))

    def _settle(
        self, hinted: Collection[str] | None, leaving: Collection[str] = ()
    ) -> dict[Path, ChangeKind]:
        found: dict[Path, ChangeKind] = {}
        for tree in self._trees.values():
            found |= {each.path: each.kind for each in tree.settle(hinted, leaving)}
        return found

    def _folders(self) -> dict[str, Identity]:
        trees = self._trees.values()
        return {path: identity for tree in trees for path, identity in tree.folders().items()}

    def _cover(self, folders: dict[str, Identity], *, keep: bool = False) -> frozenset[str]:
        try:
            return self._lookout.cover(folders, keep=keep)
        except LookoutLost as lost:
            self._poll(str(lost))
            return frozenset()

    def _check_file_system(self, root: Root) -> None:
        kind = silent(str(root.path))
        if kind and not isinstance(self._lookout, Poller):
            self._poll(f"`{root.path}` is on {kind}, where changes come without notice")

    def _opened(self, open_lookout: Callable[[Trees], Lookout]) -> Lookout:
        try:
            return open_lookout(self._trees.values)
        except LookoutLost as lost:
            return self._poller(str(lost))

    def _poll(self, reason: str) -> None:
        """Look at the files again and again from now on."""
        self._lookout.close()
        self._lookout = self._poller(reason)

    def _poller(self, reason: str) -> Lookout:
        self._say(f"reload: {reason}; looking at the files every {EVERY_S:g} s instead")
        return Poller(self._trees.values)
