"""A channel over two descriptors: frames out of one, into the other."""

import os
import queue
import select
import threading
import time
from collections.abc import Mapping

from localfn.wires.frames import BrokenFrame, ChannelClosed, Frame, encode, read_frames

PIPE_BYTES = 1 << 20


class StreamChannel:
    """Frames over a pair of pipes. One thread reads; `send` and `receive` belong to the caller.

    Owns both descriptors and closes them in `close`.
    """

    def __init__(self, to_guest: int, from_guest: int) -> None:
        self._to_guest = to_guest
        self._from_guest = from_guest
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._closed = False
        # So that a guest that has stopped reading cannot hold us beyond a deadline.
        os.set_blocking(to_guest, False)
        self.nonsense = ""
        self._reader = threading.Thread(target=self._read, name="frames", daemon=True)
        self._reader.start()

    def send(
        self, header: Mapping[str, object], payload: bytes = b"", limit_s: float | None = None
    ) -> None:
        """Send one frame; raise `TimeoutError` when the guest does not take it in time."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        head, body = encode(header, payload)
        pieces = (head + body,) if len(body) < PIPE_BYTES else (head, body)
        for piece in pieces:
            self._write(piece, deadline)

    def receive(self, limit_s: float | None) -> Frame | None:
        """Return the next frame, or None when none came in time."""
        try:
            frame = self._frames.get(timeout=limit_s)
        except queue.Empty:
            return None
        if frame is None:
            self._frames.put(None)
            raise ChannelClosed(self.nonsense)
        return frame

    def hang_up(self) -> None:
        """Tell the receiver that nothing more will come, though the pipe may still be open."""
        self._frames.put(None)

    def close(self) -> None:
        """Close both ends; the reader ends with the guest's end of the pipe."""
        if self._closed:
            return
        self._closed = True
        os.close(self._to_guest)
        self._reader.join(1.0)
        if not self._reader.is_alive():
            os.close(self._from_guest)

    def _write(self, piece: bytes, deadline: float | None) -> None:
        left = memoryview(piece)
        while left:
            try:
                left = left[os.write(self._to_guest, left) :]
            except BlockingIOError:
                self._await_room(deadline)
            except OSError as error:
                raise ChannelClosed(str(error)) from error

    def _await_room(self, deadline: float | None) -> None:
        limit_s = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select((), (self._to_guest,), (), limit_s)[1]:
            raise TimeoutError("the guest does not read")

    def _read(self) -> None:
        try:
            for frame in read_frames(self._read_exactly):
                self._frames.put(frame)
        except (BrokenFrame, OSError) as error:
            self.nonsense = str(error)
        self._frames.put(None)

    def _read_exactly(self, size: int) -> bytes:
        first = os.read(self._from_guest, size) if size else b""
        if len(first) == size or not first:
            return first
        whole = bytearray(size)
        whole[: len(first)] = first
        filled = len(first)
        view = memoryview(whole)
        while filled < size:
            count = os.readv(self._from_guest, [view[filled:]])
            if not count:
                return bytes(view[:filled])
            filled += count
        return bytes(whole)
