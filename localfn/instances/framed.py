"""What the channels share: questions in frames, answers read by whoever waits for one."""

import select
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from localfn.flow import Pause, finish
from localfn.instances.turns import Turns
from localfn.wires.channel import Clock
from localfn.wires.frames import ChannelClosed, Frame, encode
from localfn.wires.inbox import Inbox
from localfn.wires.tape import LogTape

# How long somebody who writes waits for room before he reads what may keep the guest from reading.
READ_EVERY_S = 0.005


class AnswerTo:
    """The answer to a question: what somebody waits for, at most `limit_s`."""

    __slots__ = ("_channel", "_id", "_limit_s")

    def __init__(self, channel: "FramedChannel", id_: str, limit_s: float | None) -> None:
        self._channel = channel
        self._id = id_
        self._limit_s = limit_s

    @property
    def descriptor(self) -> int:
        """Return where it comes from, -1 where others may wait there too."""
        return self._channel.descriptor

    def tell(self, then: Callable[[], None]) -> bool:
        """Return False: only who reads learns of it."""
        return False

    def look(self) -> bool:
        """Take in what has come; return whether the answer is here, or will never be."""
        self._channel.turns.once(0)
        return self._channel.inbox.has(self._id)

    def cancel(self) -> None:
        """Answer in place of the guest that nobody wants to know any more."""
        self._channel.inbox.cancel(self._id)

    def block(self) -> None:
        """Wait for it, and take in what comes meanwhile."""
        inbox, id_ = self._channel.inbox, self._id
        self._channel.turns.until(lambda: inbox.has(id_), self._limit_s)


class FramedChannel(ABC):
    """Frames to and from one guest, and what it prints.

    Whoever waits for something reads all that comes; nobody reads while nobody waits.
    """

    # Payloads from this size on are not copied to be sent in one piece with their header.
    large_bytes = 1 << 20
    # What becomes readable when an answer comes, where only one call at a time waits for one.
    descriptor = -1

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
        return finish(self.asking(header, payload, limit_s, clock))

    async def asking(
        self,
        header: Mapping[str, object],
        payload: bytes = b"",
        limit_s: float | None = None,
        clock: Clock = time.monotonic,
        take: Callable[[Frame], None] | None = None,
    ) -> Frame:
        """Do the same as a flow; `take` gets parts that come before the answer."""
        started = clock()
        id_, inbox = str(header["id"]), self.inbox
        inbox.expect(id_, take)
        try:
            self.send(header, payload, limit_s)
            while not inbox.has(id_):
                left_s = None if limit_s is None else limit_s - (clock() - started)
                # Time may have stood still meanwhile.
                if left_s is not None and left_s <= 0:
                    raise TimeoutError("no answer came")
                await Pause(AnswerTo(self, id_, left_s))
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
