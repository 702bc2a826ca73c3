"""Takes connections on one port, each in a thread of its own."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from localfn.debug.listener import HOST, listen


class Door:
    """Hands every connection to `greet`, which closes it. Open until `close`."""

    def __init__(self, port: int, function: str, greet: Callable[[socket.socket], None]) -> None:
        self.port = port
        self._greet = greet
        self._closed = threading.Event()
        self._link = listen(port, function)
        self._thread = threading.Thread(target=self._accept, name=f"door {port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections. May be called twice."""
        if self._closed.is_set():
            return
        self._closed.set()
        with suppress(OSError):
            # What wakes a waiting accept everywhere is a connection.
            socket.create_connection((HOST, self.port), 1.0).close()
        self._thread.join(1.0)
        self._link.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._link.accept()
            except OSError:
                return
            if self._closed.is_set():
                link.close()
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._greet, args=(link,), name="editor", daemon=True).start()


def hang_up(link: socket.socket | None) -> None:
    """End a connection, whoever is reading from it. May be called twice."""
    if link is None:
        return
    with suppress(OSError):  # the other side was faster
        link.shutdown(socket.SHUT_RDWR)
    link.close()
