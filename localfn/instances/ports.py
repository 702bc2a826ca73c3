"""Ports of this machine for servers that must be told one before they start."""

import socket
import sys
import threading

# A name of the kernel's: nobody has to remove it, and it reaches as far as ports do.
CLAIM = "\0localfn-port-{port}"


class Ports:
    """Hands out ports that are free, each to one server at a time: of all sessions, on Linux.

    Between being handed out and being listened on a port looks free to everybody. Two servers
    that were told the same one would get each other's requests.
    """

    def __init__(self) -> None:
        self._lent: dict[int, socket.socket | None] = {}
        self._lock = threading.Lock()

    def take(self, wanted: int) -> int:
        """Return the port that is wanted if it is free, else another one."""
        with self._lock:
            port = wanted
            while not self._claim(port):
                port = _any()
            return port

    def give_back(self, port: int) -> None:
        """Say that the server of a port has ended."""
        with self._lock:
            claim = self._lent.pop(port, None)
        if claim is not None:
            claim.close()

    def _claim(self, port: int) -> bool:
        if port in self._lent:
            return False
        try:
            claim = _claimed(port)
        except OSError:
            return False
        if is_free(port):
            self._lent[port] = claim
            return True
        if claim is not None:
            claim.close()
        return False


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


def _claimed(port: int) -> socket.socket | None:
    """Return what keeps other sessions off a port; raise `OSError` where one has it."""
    if sys.platform != "linux":
        return None
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(CLAIM.format(port=port))
    except OSError:
        claim.close()
        raise
    return claim


def _any() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
