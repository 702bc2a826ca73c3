"""A channel over the attached stream of a container: frames out, frames and output in.

The engine sends standard output (our frames) and standard error (what user code prints) in
pieces, each behind eight bytes that say which it is and how long.
"""

import io
import queue
import select
import socket
import struct
import threading
import time
from collections.abc import Mapping

from localfn.instances.guest import Exit
from localfn.wires.frames import BrokenFrame, ChannelClosed, Frame, encode, read_frames
from localfn.wires.tape import LogTape

PIECE = struct.Struct(">BxxxI")
STANDARD_ERROR = 2
BUFFER_BYTES = 1 << 18


class AttachedChannel:
    """Frames over one socket. One thread reads; `send` and `receive` belong to the caller."""

    def __init__(self, link: socket.socket, tape: LogTape) -> None:
        self._link = link
        self._tape = tape
        self._reader = io.BufferedReader(socket.SocketIO(link, "r"), BUFFER_BYTES)
        self._left = 0
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._exited = threading.Event()
        self.exit: Exit | None = None
        self._thread = threading.Thread(target=self._read, name="attached", daemon=True)
        self._thread.start()

    def send(
        self, header: Mapping[str, object], payload: bytes = b"", limit_s: float | None = None
    ) -> None:
        """Send one frame; raise `TimeoutError` when the guest does not take it in time."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        head, body = encode(header, payload)
        for piece in (head + body,) if len(body) < BUFFER_BYTES else (head, body):
            self._write(memoryview(piece), deadline)

    def receive(self, limit_s: float | None) -> Frame | None:
        """Return the next frame, or None when none came in time."""
        try:
            frame = self._frames.get(timeout=limit_s)
        except queue.Empty:
            return None
        if frame is None:
            self._frames.put(None)
            raise ChannelClosed("the worker has ended")
        return frame

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the worker ended, None when it still runs after this long."""
        self._exited.wait(limit_s)
        return self.exit

    def close(self) -> None:
        """Hang up. May be called twice."""
        try:
            self._link.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
        finally:
            self._thread.join(1.0)
            self._link.close()

    def _write(self, left: memoryview, deadline: float | None) -> None:
        while left:
            try:
                # Never blocks: a guest that does not read must not hold us beyond a deadline.
                left = left[self._link.send(left, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                limit_s = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not select.select((), (self._link,), (), limit_s)[1]:
                    raise TimeoutError("the guest does not read") from None
            except OSError as error:
                raise ChannelClosed(str(error)) from error

    def _read(self) -> None:
        try:
            for frame in read_frames(self._read_exactly):
                if frame.kind == "exited":
                    self._note_exit(frame.header)
                    break
                self._frames.put(frame)
            self._read_out()
        except (BrokenFrame, OSError, ValueError):
            # Half a frame, or a socket closed by us: the guest is gone either way.
            pass
        finally:
            self.exit = self.exit or Exit(signal=9)
            self._exited.set()
            self._frames.put(None)
            self._tape.end()

    def _note_exit(self, header: Mapping[str, object]) -> None:
        told = {name: value for name, value in header.items() if isinstance(value, int)}
        self.exit = Exit(
            code=told.get("code", 0),
            signal=told.get("signal", 0),
            out_of_memory=bool(told.get("oom")),
            peak_memory_mb=told.get("peak_kb", 0) / 1024,
        )
        self._exited.set()
        self._frames.put(None)

    def _read_out(self) -> None:
        """Record what is still printed until the stream ends."""
        while self._next_piece():
            self._reader.read(self._left)
            self._left = 0

    def _read_exactly(self, size: int) -> bytes:
        whole = bytearray(size)
        view, filled = memoryview(whole), 0
        while filled < size:
            if not self._left and not self._next_piece():
                return bytes(view[:filled])
            most = min(self._left, size - filled)
            count = self._reader.readinto(view[filled : filled + most])
            if not count:
                return bytes(view[:filled])
            filled += count
            self._left -= count
        return bytes(whole)

    def _next_piece(self) -> bool:
        """Go to the next piece of standard output, recording what was printed on the way."""
        while True:
            head = self._reader.read(PIECE.size)
            if len(head) < PIECE.size:
                return False
            stream, size = PIECE.unpack(head)
            if stream != STANDARD_ERROR:
                self._left = size
                return True
            self._tape.feed(self._reader.read(size))
