"""The tape on which everything is recorded that a guest prints."""

import os
import threading
from collections.abc import Callable
from typing import Protocol

MARK_END = b"\x00"
ENDS, SPEAKS = b":", b">"
# What is kept of the output between two marks; a sink gets all of it, as it comes.
KEPT_BYTES = 1 << 20
Sink = Callable[[bytes], None]


def mark(token: str, name: str) -> bytes:
    """Return the bytes that a guest prints to say: all before this belongs to `name`."""
    return b"\x00" + token.encode() + ENDS + name.encode() + MARK_END


def speaker_mark(token: str, name: str) -> bytes:
    """Return the bytes that a guest prints to say: from here on `name` speaks."""
    return b"\x00" + token.encode() + SPEAKS + name.encode() + MARK_END


class Source(Protocol):
    """Where a tape's output comes from."""

    def __call__(self, satisfied: Callable[[], bool], limit_s: float | None) -> bool:
        """Feed the tape until `satisfied()`; return whether it was, before the limit."""


class LogTape:
    """A guest's standard error: what was printed, cut at the guest's own marks.

    `token` is random for each guest, so that user code cannot print a mark by accident. Who waits
    for a mark draws the output from `source` himself. Where several calls follow at once, output
    goes to the one that the guest names as its speaker, else to the one that began last: only the
    guest can know who prints. A tape without a source is fed by a thread of its own.

    `in_order`: whoever has an answer has fed before all that was printed before it, so that no
    mark is needed.
    """

    def __init__(
        self, token: str = "", source: Source | None = None, *, in_order: bool = False
    ) -> None:
        self.token = token or os.urandom(16).hex()
        self._in_order = in_order
        self._opening = b"\x00" + self.token.encode()
        self._source = source
        self._pending = b""
        self._since_mark = bytearray()
        self._marked: dict[str, bytes] = {}
        self._ended = threading.Event()
        self._sinks: dict[str, Sink] = {}
        self._speaker = ""
        self._lock = threading.Lock()

    def feed(self, text: bytes) -> None:
        """Record what the guest printed. One at a time may feed."""
        self._pending = self._pending + text if self._pending else text
        while self._take_mark():
            pass
        if self._pending:
            self._record(self._without_half_mark())

    def end(self) -> None:
        """Say that the guest will not print any more."""
        self._record(self._pending)
        self._pending = b""
        self._ended.set()

    def follow(self, name: str, sink: Sink) -> None:
        """Pass on what is printed for `name` from now on, as it comes."""
        with self._lock:
            self._sinks[name] = sink

    def leave(self, name: str) -> None:
        """Pass on no more of what is printed for `name`."""
        with self._lock:
            self._sinks.pop(name, None)

    def take(self, name: str, limit_s: float) -> bytes:
        """Return what was printed up to the mark `name`; at the limit or the end, all there is."""
        if self._in_order:
            return self._cut()
        self._draw(lambda: name in self._marked or self._ended.is_set(), limit_s)
        return self._marked.pop(name) if name in self._marked else self._cut()

    def take_rest(self) -> bytes:
        """Return what was printed since the last mark, as far as it has been fed."""
        return self._cut() if self._since_mark else b""

    @property
    def wanted_token(self) -> str:
        """Return the token that the guest is to put into its marks; "" where it needs none."""
        return "" if self._in_order else self.token

    @property
    def rest(self) -> bytes:
        """Return what was printed since the last mark, and leave it there."""
        return bytes(self._since_mark)

    def await_end(self, limit_s: float) -> None:
        """Wait until the guest's output has ended, at most this long."""
        self._draw(self._ended.is_set, limit_s)

    def _draw(self, satisfied: Callable[[], bool], limit_s: float) -> None:
        if satisfied():
            return
        if self._source is not None:
            self._source(satisfied, limit_s)
        else:
            self._ended.wait(limit_s)

    def _take_mark(self) -> bool:
        start = self._pending.find(self._opening)
        if start < 0:
            return False
        kind = start + len(self._opening)
        end = self._pending.find(MARK_END, kind)
        if end < 0:
            return False
        name = self._pending[kind + 1 : end].decode(errors="replace")
        self._record(self._pending[:start])
        if self._pending[kind : kind + 1] == SPEAKS:
            self._speaker = name
        else:
            self._marked[name] = self._cut()
        self._pending = self._pending[end + 1 :]
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
        if len(self._since_mark) > 2 * KEPT_BYTES:
            del self._since_mark[:-KEPT_BYTES]
        with self._lock:
            sink = self._sinks.get(self._speaker) or next(reversed(self._sinks.values()), None)
        if sink is not None:
            sink(text)

    def _cut(self) -> bytes:
        if not self._since_mark:
            return b""
        text = bytes(self._since_mark)
        self._since_mark.clear()
        return text
