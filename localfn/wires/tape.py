"""The tape on which everything is recorded that a guest prints."""

import threading
import time
from collections.abc import Callable

MARK_END = b"\x00"


def mark(token: str, name: str) -> bytes:
    """Return the bytes that a guest prints to say: all before this belongs to `name`."""
    return b"\x00" + token.encode() + b":" + name.encode() + MARK_END


class LogTape:
    """A guest's standard error: what was printed, cut at the guest's own marks.

    `token` is random for each instance, so that user code cannot print a mark by accident.
    Fed by one reader thread, taken from by the thread that waits for an answer.
    """

    def __init__(self, token: str) -> None:
        self._opening = b"\x00" + token.encode() + b":"
        self._pending = b""
        self._since_mark = bytearray()
        self._marked: dict[str, bytes] = {}
        self._ended = False
        self._sink: Callable[[bytes], None] | None = None
        self._changed = threading.Condition()

    def feed(self, text: bytes) -> None:
        """Record what the guest printed."""
        with self._changed:
            self._pending += text
            while self._take_mark():
                pass
            self._record(self._without_half_mark())
            self._changed.notify_all()

    def end(self) -> None:
        """Say that the guest will not print any more."""
        with self._changed:
            self._record(self._pending)
            self._pending = b""
            self._ended = True
            self._changed.notify_all()

    def follow(self, sink: Callable[[bytes], None] | None) -> None:
        """Pass on what is printed from now on, as it comes. None: to nobody."""
        with self._changed:
            self._sink = sink

    def take(self, name: str, limit_s: float) -> bytes:
        """Return what was printed up to the mark `name`; at the limit or the end, all there is."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            while name not in self._marked and not self._ended:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            if name in self._marked:
                return self._marked.pop(name)
            return self._cut()

    @property
    def rest(self) -> bytes:
        """Return what was printed since the last mark, and leave it there."""
        with self._changed:
            return bytes(self._since_mark)

    def await_end(self, limit_s: float) -> None:
        """Wait until the guest's output has ended, at most this long."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, limit_s)

    def _take_mark(self) -> bool:
        start = self._pending.find(self._opening)
        if start < 0:
            return False
        end = self._pending.find(MARK_END, start + len(self._opening))
        if end < 0:
            return False
        name = self._pending[start + len(self._opening) : end].decode(errors="replace")
        self._record(self._pending[:start])
        self._pending = self._pending[end + 1 :]
        self._marked[name] = self._cut()
        return True

    def _without_half_mark(self) -> bytes:
        """Return the pending bytes that cannot be part of a mark, and keep the others pending."""
        start = self._pending.find(self._opening)
        if start < 0:
            start = self._half_opening()
        clear, self._pending = self._pending[:start], self._pending[start:]
        return clear

    def _half_opening(self) -> int:
        whole = len(self._pending)
        for size in range(min(len(self._opening) - 1, whole), 0, -1):
            if self._opening.startswith(self._pending[whole - size :]):
                return whole - size
        return whole

    def _record(self, text: bytes) -> None:
        if not text:
            return
        self._since_mark += text
        if self._sink is not None:
            self._sink(text)

    def _cut(self) -> bytes:
        text = bytes(self._since_mark)
        self._since_mark.clear()
        return text
