"""What the channels share: questions in frames, answers read by whoever waits for one."""

import select
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping

from localfn.instances.turns import Turns
from localfn.wires.channel import Clock
from localfn.wires.frames import ChannelClosed, Frame, encode
from localfn.wires.inbox import Inbox
from localfn.wires.tape import LogTape

# How long somebody who writes waits for room before he reads what may keep the guest from reading.
READ_EVERY_S = 0.005


class FramedChannel(ABC):
    """Frames to and from one guest, and what it prints.

    Whoever waits for something reads all that comes; nobody reads while nobody waits.
    """

    # Payloads from this size on are not copied to be sent in one piece with their header.
    large_bytes = 1 << 20

    def __init__(self, *, in_order: bool = False) -> None:
        self._sending = threading.Lock()
        self.turns = Turns(self._read)
        self.inbox = Inbox()
        self.tape = LogTape(source=self.turns.until, in_order=in_order)

    def send(
        self, header: Mapping[str, object], payload: bytes = b"", limit_s: float | None = None
    ) -> None:
        """Send one frame; raise `TimeoutError` when the guest does not take it in time."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        head, body = encode(header, payload)
        pieces = (head + body,) if len(body) < self.large_bytes else (head, body)
        if not self._sending.acquire(timeout=-1 if limit_s is None else limit_s):
            raise TimeoutError("the guest does not read")
        try:
            for piece in pieces:
                self._write(memoryview(piece), deadline)
        finally:
            self._sending.release()

    @property
    def advice(self) -> str:
        """Return why an answer may never come, as far as the guest has told."""
        return self.inbox.advice

    def ask(
        self,
        header: Mapping[str, object],
        payload: bytes = b"",
        limit_s: float | None = None,
        clock: Clock = time.monotonic,
    ) -> Frame:
        """Send one frame and return the one that answers its `id`; raises as `send` does."""
        started = clock()
        id_, inbox = str(header["id"]), self.inbox
        inbox.expect(id_)
        try:
            self.send(header, payload, limit_s)
            left_s = limit_s
            while not inbox.has(id_):
                if limit_s is not None:
                    left_s = max(0.0, limit_s - (clock() - started))
                in_time = self.turns.until(lambda: inbox.has(id_), left_s) or inbox.closed
                # Time may have stood still meanwhile.
                if not in_time and limit_s is not None and clock() - started >= limit_s:
                    raise TimeoutError("no answer came")
        finally:
            answer = inbox.take(id_)
        if answer is None:
            raise ChannelClosed(inbox.reason)
        return answer

    def receive(self, limit_s: float | None) -> Frame | None:
        """Return the next frame that answers no open question, None when none came in time."""
        came = self.turns.until(self.inbox.has_more, limit_s)
        return self.inbox.take_more() if came else None

    def await_room(self, descriptor: int, deadline: float | None) -> None:
        """Wait until a descriptor takes more, or its other end is gone; raise `TimeoutError`.

        Reads meanwhile: a guest whose output nobody takes may not read either.
        """
        # Not `select`, which knows no descriptors above 1023.
        watch = select.poll()
        watch.register(descriptor, select.POLLOUT)
        while not watch.poll(READ_EVERY_S * 1000):
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError("the guest does not read")
            self.turns.once(0)

    @abstractmethod
    def _write(self, left: memoryview, deadline: float | None) -> None:
        """Write all of it; raise `ChannelClosed` or `TimeoutError` as `send` does."""

    @abstractmethod
    def _read(self, limit_s: float | None) -> None:
        """Take in what has come; wait for it at most this long."""
