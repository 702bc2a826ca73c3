"""What the main process of a container prints, as the engine passes it on."""

import io
import socket
import struct
import threading
from collections.abc import Callable

from localfn.wires.tape import LogTape

# The engine puts before each piece which stream it is from, and how long it is.
PIECE = struct.Struct(">BxxxI")
BUFFER_BYTES = 1 << 18
# Output comes through two programs of the engine, an answer through none: it may be later, by a
# millisecond or two. Who printed during the last call is waited for in this one.
LATE_LIMIT_S = 0.05
QUIET_S = 0.003
MOST_S = 1.0


class AttachedOutput:
    """Reads the attached stream of a container for a tape; tells `ended` at its end."""

    def __init__(self, link: socket.socket, tape: LogTape, ended: Callable[[], None]) -> None:
        self._link = link
        self._tape = tape
        self._ended = ended
        self._reader = io.BufferedReader(socket.SocketIO(link, "r"), BUFFER_BYTES)
        self._came = threading.Condition()
        self._count = self._began_at = 0
        self._speaks = True
        self._over = False
        self._thread = threading.Thread(target=self._read, name="attached", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Say that what comes from now on belongs to an exchange."""
        with self._came:
            self._began_at = self._count

    def settle(self) -> None:
        """Have on the tape what was printed until now: soon, and as far as can be told."""
        with self._came:
            if self._speaks:
                self._came.wait_for(lambda: self._has_news() or self._over, LATE_LIMIT_S)
            self._speaks = self._has_news()
            if self._speaks:
                self._await_quiet()

    def close(self) -> None:
        """Hang up. May be called twice."""
        try:
            self._link.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
        finally:
            self._thread.join(1.0)
            self._link.close()

    def _has_news(self) -> bool:
        return self._count != self._began_at

    def _await_quiet(self) -> None:
        for _ in range(int(MOST_S / QUIET_S)):
            before = self._count
            if self._over or not self._came.wait_for(lambda: self._count != before, QUIET_S):  # noqa: B023
                return

    def _read(self) -> None:
        try:
            while True:
                head = self._reader.read(PIECE.size)
                if len(head) < PIECE.size:
                    break
                text = self._reader.read(PIECE.unpack(head)[1])
                with self._came:
                    self._tape.feed(text)
                    self._count += 1
                    self._came.notify_all()
        except (OSError, ValueError):  # closed by us
            pass
        finally:
            self._ended()
            self._tape.end()
            with self._came:
                self._over = True
                self._came.notify_all()
