"""A stream that acknowledges at once what it reads."""

import io
import socket

# Linux only; elsewhere what is read is the same, later.
QUICK_ACK: int = getattr(socket, "TCP_QUICKACK", 0)


class QuickReader(io.RawIOBase):
    """Reads from a socket whose other side sends the header and the body of a message apart.

    The body then waits for the acknowledgement of the header, which the kernel puts off for
    40 ms: as long as an editor's every question took. It forgets the wish with each answer.
    """

    def __init__(self, link: socket.socket) -> None:
        super().__init__()
        self._link = link

    def readable(self) -> bool:
        """Return that this can be read."""
        return True

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read what is there, at least a byte; 0 at the end."""
        count = self._link.recv_into(into)
        if QUICK_ACK and count:
            self._link.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        return count


def reading(link: socket.socket) -> io.BufferedReader:
    """Return a stream of what comes in; the socket stays the caller's."""
    return io.BufferedReader(QuickReader(link))
