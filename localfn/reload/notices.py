"""From watchdog's events to our notices, and from its threads to ours."""

import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirModifiedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

from localfn.reload.lookout import Notice, What

TOLD: Mapping[type[FileSystemEvent], What] = {
    FileModifiedEvent: What.WRITING,
    FileCreatedEvent: What.WRITING,
    FileClosedEvent: What.WHOLE,
    FileDeletedEvent: What.WHOLE,
    FileMovedEvent: What.WHOLE,
    DirCreatedEvent: What.FOLDER,
    DirDeletedEvent: What.GONE,
    DirMovedEvent: What.GONE,
    DirModifiedEvent: What.FOLDER,
}


class Mark(FileSystemEvent):
    """No event: stands behind those of one reading, and says which one it was."""

    @property
    def reading(self) -> int:
        """Return the number of the reading."""
        return int(os.fsdecode(self.src_path))


class Notices(FileSystemEventHandler):
    """A queue of notices, filled by an observer's thread.

    `sees_closing`: whether the system tells when a file that was written is closed.
    """

    def __init__(self, *, sees_closing: bool) -> None:
        self._sees_closing = sees_closing
        self._queue: queue.SimpleQueue[Notice | int | None] = queue.SimpleQueue()
        self._reading = 0
        self._marked = threading.Condition()

    def dispatch(self, event: FileSystemEvent) -> None:
        """Queue what an event says."""
        if isinstance(event, Mark):
            self._queue.put(event.reading)
            return
        for each in self._told(event):
            self._queue.put(each)

    def next(self, limit_s: float | None) -> Notice | None:
        """Return the next notice; None when none came in time, or after `wake`."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while True:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                found = self._queue.get(timeout=left_s) if left_s != 0 else self._queue.get_nowait()
            except queue.Empty:
                return None
            if not isinstance(found, int):
                return found
            self._pass(found)

    def has_passed(self, number: int) -> bool:
        """Return whether `await_reading` would not wait."""
        return self._reading >= number

    def await_reading(self, number: int, limit_s: float) -> None:
        """Wait until all notices of a reading have been taken, and `next` was called again."""
        if self._reading >= number:
            return
        with self._marked:
            self._marked.wait_for(lambda: self._reading >= number, limit_s)

    def _pass(self, number: int) -> None:
        with self._marked:
            self._reading = number
            self._marked.notify_all()

    def wake(self) -> None:
        """Have `next` return now."""
        self._queue.put(None)

    def _told(self, event: FileSystemEvent) -> Iterator[Notice]:
        what = TOLD.get(type(event))
        if what is None:
            return
        if not event.src_path:
            yield Notice("", What.LOST)
            return
        if what is What.WRITING and not self._sees_closing:
            what = What.WHOLE
        yield Notice(os.fsdecode(event.src_path), what)
        if event.dest_path:
            arrived = What.FOLDER if what is What.GONE else what
            yield Notice(os.fsdecode(event.dest_path), arrived)
