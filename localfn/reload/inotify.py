"""An emitter for watchdog on Linux that watches exactly the folders it is told to.

watchdog's own emitter takes a root with all that is below it: 4,142 watches for a project of
4,142 folders of which 78 matter, and a walk through all of them whenever its queue overflows.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import threading
from collections.abc import Iterator, Mapping

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirModifiedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileSystemEvent,
)
from watchdog.observers.api import EventEmitter, EventQueue, ObservedWatch

from localfn.reload.lookout import EXHAUSTED, LookoutLost
from localfn.reload.notices import Mark
from localfn.reload.stamp import Identity

MODIFY, ATTRIB, CLOSE_WRITE = 0x2, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF = 0x400, 0x800
OVERFLOW, IGNORED, IS_FOLDER = 0x4000, 0x8000, 0x40000000
ONLY_FOLDERS, NOT_UNLINKED = 0x01000000, 0x04000000
SELF = DELETE_SELF | MOVE_SELF
WANTED = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | SELF
HEAD = struct.Struct("iIII")
READ_BYTES = 1 << 18

# The first that matches says what happened; a file moved here is whole, as one closed after
# writing is.
FILE_EVENTS: tuple[tuple[int, type[FileSystemEvent]], ...] = (
    (MOVED_FROM | DELETE, FileDeletedEvent),
    (MOVED_TO | CLOSE_WRITE | ATTRIB, FileClosedEvent),
    (CREATE, FileCreatedEvent),
    (MODIFY, FileModifiedEvent),
)
FOLDER_EVENTS: tuple[tuple[int, type[FileSystemEvent]], ...] = (
    (MOVED_FROM | DELETE | SELF, DirDeletedEvent),
    (MOVED_TO | CREATE, DirCreatedEvent),
    (ATTRIB, DirModifiedEvent),
)
# What stands for "the system has lost count": no path is empty.
LOST = DirModifiedEvent("")

_libc = ctypes.CDLL(None, use_errno=True)


class FolderEmitter(EventEmitter):
    """Watches single folders, with one inotify instance and one thread for all of them."""

    def __init__(self, event_queue: EventQueue, watch: ObservedWatch, **options: object) -> None:
        super().__init__(event_queue, watch)
        self._inotify = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._inotify < 0:
            raise _lost(ctypes.get_errno())
        self._lock = threading.Lock()
        self._closed = False
        self._paths: dict[int, set[str]] = {}
        self._watches: dict[str, tuple[int, Identity]] = {}
        self._woken, self._waker = os.pipe()
        self._readings = 0
        self._unread = select.poll()
        self._unread.register(self._inotify, select.POLLIN)
        self._poll = select.poll()
        self._poll.register(self._inotify, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)

    def cover(self, folders: Mapping[str, Identity], *, keep: bool = False) -> frozenset[str]:
        """Watch these folders, and with `keep` those before; return the new ones."""
        with self._lock:
            if self._closed:
                return frozenset()
            for path in [each for each in self._watches if not keep and each not in folders]:
                self._drop(path)
            new = [path for path, identity in folders.items() if self._known(path) != identity]
            return frozenset(each for each in new if self._add(each, folders[each]))

    @property
    def watches(self) -> int:
        """Return how many watches of the system are in use."""
        return len(self._paths)

    def queue_events(self, timeout: float) -> None:
        """Wait for something to happen and queue what it was."""
        ready = [descriptor for descriptor, _ in self._poll.poll()]
        if self._inotify not in ready or not self.should_keep_running():
            return
        with self._lock:
            events = list(self._read())
            self._readings += 1
            events.append(Mark(str(self._readings)))
        for each in events:
            self.queue_event(each)

    def reading(self) -> int:
        """Return the number of the reading in which everything is that has happened until now."""
        with self._lock:
            more = not self._closed and bool(self._unread.poll(0))
            return self._readings + more

    def on_thread_stop(self) -> None:
        """Leave `queue_events`."""
        with self._lock:
            if not self._closed:
                os.write(self._waker, b"!")

    def run(self) -> None:
        """Queue events until stopped, then give the descriptors back."""
        try:
            super().run()
        finally:
            with self._lock:
                self._closed = True
                for each in (self._inotify, self._woken, self._waker):
                    os.close(each)

    def _known(self, path: str) -> Identity | None:
        known = self._watches.get(path)
        return None if known is None else known[1]

    def _add(self, path: str, identity: Identity) -> bool:
        self._drop(path)
        mask = WANTED | ONLY_FOLDERS | NOT_UNLINKED
        watch = _libc.inotify_add_watch(self._inotify, os.fsencode(path), mask)
        if watch < 0:
            number = ctypes.get_errno()
            if number in EXHAUSTED:
                raise _lost(number)
            # Gone again, or not ours to read: then there is nothing to see in it either.
            return False
        self._paths.setdefault(watch, set()).add(path)
        self._watches[path] = watch, identity
        return True

    def _drop(self, path: str) -> None:
        watch, _ = self._watches.pop(path, (None, None))
        if watch is None or watch not in self._paths:
            return
        self._paths[watch].discard(path)
        if not self._paths[watch]:
            del self._paths[watch]
            _libc.inotify_rm_watch(self._inotify, watch)

    def _read(self) -> Iterator[FileSystemEvent]:
        try:
            content = os.read(self._inotify, READ_BYTES)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                raise
            return
        place = 0
        while place < len(content):
            watch, mask, _, size = HEAD.unpack_from(content, place)
            place += HEAD.size + size
            name = content[place - size : place].rstrip(b"\0")
            yield from self._events(watch, mask, os.fsdecode(name))

    def _events(self, watch: int, mask: int, name: str) -> Iterator[FileSystemEvent]:
        if mask & OVERFLOW:
            yield LOST
        if mask & IGNORED:
            for path in self._paths.pop(watch, ()):
                self._watches.pop(path, None)
        # A folder tells of its own mode and times too, without a name; its parent tells better.
        if not name and not mask & SELF:
            return
        table = FOLDER_EVENTS if mask & (IS_FOLDER | SELF) else FILE_EVENTS
        kind = next((each for bits, each in table if mask & bits), None)
        for folder in self._paths.get(watch, ()):
            path = f"{folder.rstrip(os.sep)}{os.sep}{name}" if name else folder
            if kind is FileCreatedEvent and _is_link(path):
                yield FileClosedEvent(path)
            elif kind is not None:
                yield kind(path)


def _is_link(path: str) -> bool:
    """Return whether this new file is a link: nobody will write it and then close it."""
    try:
        told = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(told.st_mode) or told.st_nlink > 1


def _lost(number: int) -> LookoutLost:
    return LookoutLost(EXHAUSTED.get(number) or os.strerror(number))
