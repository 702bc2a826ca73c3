"""Ports of this machine for servers that must be told one before they start."""

import socket
import threading


class Ports:
    """Hands out ports that are free, each to one server at a time."""

    def __init__(self) -> None:
        self._lent: set[int] = set()
        self._lock = threading.Lock()

    def take(self, wanted: int) -> int:
        """Return the port that is wanted if it is free, else another one."""
        with self._lock:
            port = wanted if wanted not in self._lent and is_free(wanted) else self._any()
            self._lent.add(port)
            return port

    def give_back(self, port: int) -> None:
        """Say that the server of a port has ended."""
        with self._lock:
            self._lent.discard(port)

    def _any(self) -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in self._lent and is_free(port):
                return port


def is_free(port: int) -> bool:
    """Return whether a server could listen on all addresses of this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # Bound and let go, never listened on: nobody can reach it.
            probe.bind(("0.0.0.0", port))  # noqa: S104
        except (OSError, OverflowError):
            return False
    return True
