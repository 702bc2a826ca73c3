"""A channel over pipes: frames out of one, into another, and what is printed on a third."""

import fcntl
import os
import select
import time
from collections.abc import Callable
from contextlib import suppress

from localfn.instances.framed import FramedChannel
from localfn.wires.frames import Assembly, BrokenFrame, ChannelClosed

PIPE_BYTES = 1 << 20
F_SETPIPE_SZ = 1031
READ_BYTES = 1 << 16
# How often somebody who waits looks whether the guest is still there: a child of a guest that has
# ended may hold the guest's end of a pipe open.
LOOK_EVERY_S = 0.05
CLOSE_LIMIT_S = 1.0


def never() -> bool:
    """Say that nothing is known of an end."""
    return False


class StreamChannel(FramedChannel):
    """Frames over a pair of pipes, and a third pipe for what the guest prints.

    Owns the descriptors and closes them in `close`. `is_over` tells that the guest has
    ended, whether or not its pipes have. `in_order` is as in `LogTape`: it can be promised here
    where one call at a time is made.
    """

    def __init__(
        self,
        to_guest: int,
        from_guest: int,
        printed: int = -1,
        is_over: Callable[[], bool] = never,
        *,
        in_order: bool = False,
    ) -> None:
        super().__init__(in_order=in_order)
        if in_order:
            self.descriptor = from_guest
        self._to_guest = to_guest
        self._from_guest = from_guest
        self._printed = printed
        self._is_over = is_over
        self._assembly = Assembly()
        self._looked = time.monotonic()
        self._poll = select.poll()
        # In this order: what is printed is looked for after the answers, so that all that was
        # printed before an answer is found with it.
        for each in (from_guest, printed) if printed >= 0 else (from_guest,):
            self._poll.register(each, select.POLLIN)
        # So that a guest that has stopped reading or writing cannot hold us beyond a deadline.
        for each in (to_guest, from_guest):
            os.set_blocking(each, False)
            widen(each)
        self._closed = False

    def close(self) -> None:
        """Close all ends. May be called twice."""
        self.inbox.close()
        # Descriptors that somebody reads from or writes to are never closed under him.
        unread = self.turns.close(CLOSE_LIMIT_S)
        if not self._sending.acquire(timeout=CLOSE_LIMIT_S):
            return
        if unread and not self._closed:
            self._closed = True
            for each in (self._to_guest, self._from_guest, self._printed):
                if each >= 0:
                    os.close(each)
        self._sending.release()

    def _write(self, left: memoryview, deadline: float | None) -> None:
        # A closed descriptor's number may belong to another guest by now.
        if self._closed:
            raise ChannelClosed(self.inbox.reason)
        while left:
            try:
                left = left[os.write(self._to_guest, left) :]
            except BlockingIOError:
                self.await_room(self._to_guest, deadline)
            except OSError as error:
                raise ChannelClosed(str(error)) from error

    def _read(self, limit_s: float | None) -> None:
        """Take in what has come; wait for it at most this long."""
        wait_s = LOOK_EVERY_S if limit_s is None else min(limit_s, LOOK_EVERY_S)
        ready = [descriptor for descriptor, _ in self._poll.poll(wait_s * 1000)]
        if self._printed in ready:
            self._take_output()
        if self._from_guest in ready:
            self._take_frames()
        now = time.monotonic()
        if now - self._looked > LOOK_EVERY_S:
            self._looked = now
            self._look(ready)

    def _look(self, ready: list[int]) -> None:
        """Notice a guest that has ended, though a child of its own may hold its pipes open."""
        if not self._is_over():
            return
        if self._from_guest not in ready:
            self.inbox.close()
        if self._printed not in ready:
            self.tape.end()

    def _take_frames(self) -> None:
        try:
            # A large payload is taken as long as there is more of it, without asking anew.
            self._take_piece()
            while self._assembly.missing:
                self._take_piece()
        except BlockingIOError:
            return
        except (BrokenFrame, EOFError) as error:
            self._poll.unregister(self._from_guest)
            self.inbox.close(str(error))

    def _take_piece(self) -> None:
        """Read once; raise `EOFError` at the end of the stream."""
        wanted = min(max(self._assembly.missing, READ_BYTES), PIPE_BYTES)
        piece = os.read(self._from_guest, wanted)
        if not piece:
            self._assembly.end()
            raise EOFError
        for frame in self._assembly.feed(piece):
            self.inbox.put(frame)

    def _take_output(self) -> None:
        text = os.read(self._printed, READ_BYTES)
        if text:
            self.tape.feed(text)
            return
        self._poll.unregister(self._printed)
        self.tape.end()


def widen(pipe: int) -> None:
    """Give a pipe as much room as an ordinary user may, so that large frames move in few steps."""
    with suppress(OSError):
        fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)
