"""Listens on a port. No client can hold up another: what has to wait gets a thread of its own."""

import errno
import logging
import socket
import threading
import time
from contextlib import suppress

from localfn.errors import UsageError
from localfn.gateway.connection import Answer, Connection
from localfn.gateway.hub import Hub

BACKLOG = 512
MOST_CLIENTS = 1000
# How long nobody is let in when the machine has no descriptors left.
BREATH_S = 0.1
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

log = logging.getLogger(__name__)


class Server:
    """A port that is open from the moment this is made until `stop`."""

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        self._answer = answer
        self._listener = _listen(host, port)
        self._connections: set[Connection] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._hub = Hub(self._forget) if Hub.is_possible else None

    @property
    def port(self) -> int:
        """Return the port; of use where 0 was asked for."""
        port = self._listener.getsockname()[1]
        assert isinstance(port, int)
        return port

    def start(self) -> None:
        """Answer from now on. Clients that came before have waited."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and hang up on everybody. May be called twice."""
        with self._lock:
            self._stopped = True
            connections = tuple(self._connections)
        if self._hub is not None:
            self._hub.stop()
        with suppress(OSError):
            # Wakes the thread that accepts; closing alone does not.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in connections:
            each.close()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                link, address = self._listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    time.sleep(BREATH_S)
                continue
            self._welcome(link, str(address[0]))

    def _welcome(self, link: socket.socket, client_ip: str) -> None:
        connection = Connection(link, client_ip, self._answer)
        with self._lock:
            admitted = not self._stopped and len(self._connections) < MOST_CLIENTS
            if admitted:
                self._connections.add(connection)
        if not admitted:
            _turn_away(link)
            return
        if self._hub is not None:
            self._hub.add(connection)
            return
        try:
            thread = threading.Thread(
                target=self._serve, args=(connection,), name=f"client {client_ip}", daemon=True
            )
            thread.start()
        except RuntimeError:  # no more threads
            self._forget(connection)
            _turn_away(link)

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        except Exception:  # the border: the top of a thread
            log.exception("a connection broke")
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._connections.discard(connection)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise _refused(host, port, error) from error


def _refused(host: str, port: int, error: OSError) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        from localfn.gateway.holder import holder_of

        held = holder_of(port)
        return UsageError(
            f"the port {port} is in use{f' by {held}' if held else ''}.",
            hint="End it, or name another port: `--port 8001` (`--port 0` takes any).",
        )
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return UsageError(
            f"`{host}` is no address of this machine.", hint="The default is `--host 127.0.0.1`."
        )
    return UsageError(f"the port {port} of `{host}` cannot be opened: {error.strerror}.")


def _turn_away(link: socket.socket) -> None:
    try:
        link.settimeout(BREATH_S)
        link.sendall(BUSY)
    except OSError:
        pass
    finally:
        link.close()
