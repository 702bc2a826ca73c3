"""A channel over the attached stream of a container: frames out, frames and output in.

The engine sends standard output (our frames) and standard error (what user code prints) in
pieces, each behind eight bytes that say which it is and how long. One worker of the container
follows the other; `inbox`, `tape` and `exit` are those of the worker that is there now.
"""

import select
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from localfn.instances.framed import FramedChannel
from localfn.instances.guest import Exit
from localfn.wires.frames import Assembly, BrokenFrame, ChannelClosed, Frame
from localfn.wires.inbox import Inbox
from localfn.wires.tape import LogTape, mark

PIECE = struct.Struct(">BxxxI")
STANDARD_ERROR = 2
BUFFER_BYTES = 1 << 18
CLOSE_LIMIT_S = 1.0
# What an idle guest has printed fits into this many; one that goes on is not waited for.
MOST_READS = 64
KILLED = Exit(signal=9)
RENEWED = "renewed"


class AttachedChannel(FramedChannel):
    """Frames over one socket, to and from one worker after the other."""

    large_bytes = BUFFER_BYTES

    def __init__(self, link: socket.socket) -> None:
        super().__init__()
        self._link = link
        self._pieces = _Pieces()
        self._assembly = Assembly()
        self._poll = select.poll()
        self._poll.register(link, select.POLLIN)
        self._taken_bytes = 0
        self._torn = False
        self._ended = False
        self.exit: Exit | None = None

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the worker ended, None when it still runs after this long."""
        self._catch_up()
        self.turns.until(lambda: self.exit is not None, limit_s)
        return self.exit

    def renew(self, limit_s: float) -> bool:
        """Have the worker replaced, dead or alive; False when that did not happen in time."""
        deadline = time.monotonic() + limit_s
        inbox, tape = self.inbox, self.tape
        if self._torn or self._ended:
            return False
        try:
            self.send({"kind": "renew", "mark": mark(tape.token, RENEWED).decode()}, b"", limit_s)
        except (ChannelClosed, TimeoutError):
            return False
        if not self.turns.until(lambda: self.inbox is not inbox or self._ended, limit_s):
            return False
        # What the old worker has printed may still be on its way.
        tape.take(RENEWED, max(0.0, deadline - time.monotonic()))
        self.tape = LogTape(source=self.turns.until)
        return not self._ended

    def close(self) -> None:
        """Hang up. May be called twice."""
        self.inbox.close("the container is gone")
        # Wakes whoever waits; the descriptor stays until he has gone.
        with suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        if self.turns.close(CLOSE_LIMIT_S):
            self._end()
            self._link.close()

    def _catch_up(self) -> None:
        """Take in what came while nobody waited: the news of an end may be behind it."""
        for _ in range(MOST_READS):
            before = self._taken_bytes
            if self.exit is None:
                self.turns.once(0)
            if self._taken_bytes == before:
                return

    def _write(self, left: memoryview, deadline: float | None) -> None:
        while left:
            try:
                # Never blocks: a guest that does not read must not hold us beyond a deadline.
                left = left[self._link.send(left, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                self._await_room(deadline)
            except OSError as error:
                raise ChannelClosed(str(error)) from error

    def _await_room(self, deadline: float | None) -> None:
        try:
            self.await_room(self._link.fileno(), deadline)
        except TimeoutError:
            self._torn = True
            raise
        except ValueError as error:  # closed meanwhile
            raise ChannelClosed("the container is gone") from error

    def _read(self, limit_s: float | None) -> None:
        """Take in what has come; wait for it at most this long."""
        if self._poll.poll(None if limit_s is None else limit_s * 1000):
            self._take()

    def _take(self) -> None:
        try:
            came = self._link.recv(BUFFER_BYTES)
            self._taken_bytes += len(came)
            for stream, piece in self._pieces.cut(came):
                if stream == STANDARD_ERROR:
                    self.tape.feed(piece)
                else:
                    self._take_frames(piece)
        except (BrokenFrame, OSError):
            # Half a frame, or a socket closed by us: the guest is gone either way.
            came = b""
        if not came:
            self._end()

    def _take_frames(self, piece: bytes) -> None:
        for frame in self._assembly.feed(piece):
            if frame.kind == "exited":
                self.exit = _exit_of(frame)
                self.inbox.close("the worker has ended")
            elif frame.kind == "renewed":
                self.exit, self.inbox = None, Inbox()
            else:
                self.inbox.put(frame)

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._poll.unregister(self._link)
        self.exit = self.exit or KILLED
        self.inbox.close("the container is gone")
        self.tape.end()


class _Pieces:
    """Cuts the engine's stream where its pieces start."""

    def __init__(self) -> None:
        self._kept = b""
        self._stream = 0
        self._left = 0

    def cut(self, came: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (stream, bytes) of what came."""
        came = self._kept + came if self._kept else came
        self._kept, at = b"", 0
        while at < len(came):
            if not self._left:
                if len(came) - at < PIECE.size:
                    self._kept = came[at:]
                    return
                self._stream, self._left = PIECE.unpack_from(came, at)
                at += PIECE.size
                continue
            part = came[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            yield self._stream, part


def _exit_of(frame: Frame) -> Exit:
    told: Mapping[str, int] = {
        name: value for name, value in frame.header.items() if isinstance(value, int)
    }
    return Exit(
        code=told.get("code", 0),
        signal=told.get("signal", 0),
        out_of_memory=bool(told.get("oom")),
        peak_memory_mb=told.get("peak_kb", 0) / 1024,
    )
