"""The relay of all other debuggers: bytes pass unread, but the port outlives workers.

The editor's first bytes are held until a debugger answers them, as in `relay`. Editors of these
debuggers come back by themselves when a connection ends.
"""

import socket
import threading
import time

from localfn.debug.clock import Clock
from localfn.debug.door import hang_up
from localfn.debug.inspector import Watcher
from localfn.debug.relay import COMES_BACK_S
from localfn.debug.target import Target

RETRY_S = 0.03
CHUNK = 1 << 16


class PlainRelay:
    """Leads editors to the debuggers of one function's workers, as many as the debugger takes.

    `clock` stands while a debugger of Node.js holds the code; of others it is not known.
    """

    def __init__(self, function: str, clock: Clock) -> None:
        self.function = function
        self.clock = clock
        self._target: Target | None = None
        self._closed = threading.Event()
        self._passages: set[Passage] = set()
        self._changed = threading.Condition()
        self._expected_until = 0.0

    @property
    def has_editor(self) -> bool:
        """Return whether somebody is connected."""
        return bool(self._passages)

    @property
    def is_attached(self) -> bool:
        """Return whether somebody talks with the present worker's debugger."""
        return any(each.talks for each in tuple(self._passages))

    def expected_s(self) -> float:
        """Return how long to wait for an editor that is here or comes back by itself; 0: none."""
        if self.has_editor:
            return COMES_BACK_S
        return max(0.0, self._expected_until - time.monotonic())

    def expect(self) -> None:
        """Expect an editor: one has knocked."""
        self._expected_until = time.monotonic() + COMES_BACK_S

    def await_editor(self, limit_s: float) -> bool:
        """Return whether somebody is connected, at the latest after this long."""
        with self._changed:
            return self._changed.wait_for(lambda: self.has_editor, limit_s)

    def point(self, target: Target) -> None:
        """Lead editors to the debugger of another worker from now on."""
        self._target = target

    def finish(self) -> None:
        """Expect no further worker; what is connected ends with the present one."""

    def close(self) -> None:
        """End all connections. May be called twice."""
        self._closed.set()
        for each in tuple(self._passages):
            each.end()

    def greet(self, link: socket.socket) -> None:
        """Serve one connection until it ends."""
        passage = Passage(link, self.clock)
        with self._changed:
            self._passages.add(passage)
            self._changed.notify_all()
        try:
            first = passage.first()
            while first and not self._closed.is_set() and not passage.run(first, self._target):
                self._closed.wait(RETRY_S)
        finally:
            passage.end()
            with self._changed:
                self._passages.discard(passage)
                if passage.comes_back:
                    self._expected_until = time.monotonic() + COMES_BACK_S


class Passage:
    """One connection of an editor, and the one of ours that carries it on."""

    def __init__(self, link: socket.socket, clock: Clock) -> None:
        self._editor = link
        self._debugger: socket.socket | None = None
        self._watcher = Watcher(clock)
        self._left = False
        self.talks = False

    @property
    def comes_back(self) -> bool:
        """Return whether this was an editor whose debugger ended, not one that has left."""
        return self._watcher.is_editor and not self._left

    def first(self) -> bytes:
        """Return what the editor says first; empty when it leaves without a word."""
        try:
            return self._editor.recv(CHUNK)
        except OSError:
            return b""

    def run(self, first: bytes, target: Target | None) -> bool:
        """Carry bytes both ways until one side leaves; return False when nobody answered."""
        link = target.dial() if target is not None else None
        if link is None:
            return self._has_left()
        self._debugger = link
        try:
            link.sendall(first)
            answer = self._answer(link)
        except OSError:
            answer = b""
        if not answer:
            link.close()
            return self._has_left()
        self.talks = True
        threading.Thread(target=self._forth, args=(link,), name="debugger", daemon=True).start()
        self._back(link, answer)
        return True

    def end(self) -> None:
        """Hang up on both sides. May be called twice."""
        self.talks = False
        self._watcher.end()
        hang_up(self._debugger)
        hang_up(self._editor)

    def _answer(self, link: socket.socket) -> bytes:
        """Return the debugger's first bytes; empty when it or the editor leaves."""
        link.settimeout(RETRY_S)
        while True:
            try:
                return link.recv(CHUNK)
            except TimeoutError:
                if self._has_left():
                    return b""
            finally:
                link.settimeout(RETRY_S)

    def _has_left(self) -> bool:
        """Return whether the editor has hung up."""
        try:
            return not self._editor.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _forth(self, link: socket.socket) -> None:
        try:
            while piece := self._editor.recv(CHUNK):
                link.sendall(piece)
            self._left = True
        except OSError:  # one side has gone
            pass
        hang_up(link)

    def _back(self, link: socket.socket, piece: bytes) -> None:
        link.settimeout(None)
        try:
            while piece:
                self._watcher.feed(piece)
                self._editor.sendall(piece)
                piece = link.recv(CHUNK)
        except OSError:  # one side has gone
            pass
