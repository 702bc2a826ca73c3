"""The relay of debuggers that localfn does not know: it listens to how an editor begins."""

import socket

from localfn.debug.clock import Clock
from localfn.debug.plain_relay import PlainRelay
from localfn.debug.relay import DapRelay
from localfn.debug.target import Target

# How a message of the Debug Adapter Protocol begins.
DAP = b"Content-Length:"


class AnyRelay:
    """Leads editors of the Debug Adapter Protocol by its rules, and passes all others through."""

    def __init__(self, function: str, clock: Clock) -> None:
        self.clock = clock
        self._dap = DapRelay(function, clock, clears=True)
        self._plain = PlainRelay(function, clock)

    @property
    def has_editor(self) -> bool:
        """Return whether an editor is here."""
        return self._dap.has_editor or self._plain.has_editor

    @property
    def is_attached(self) -> bool:
        """Return whether an editor talks with the present worker's debugger."""
        return self._dap.is_attached or self._plain.is_attached

    def expected_s(self) -> float:
        """Return how long to wait for an editor: not at all, its debugger knows best."""
        return 0.0

    def expect(self) -> None:
        """Expect nobody, as nobody is waited for."""

    def greet(self, link: socket.socket) -> None:
        """Serve one connection until it ends."""
        try:
            first = link.recv(len(DAP), socket.MSG_PEEK)
        except OSError:
            first = b""
        speaks_dap = bool(first) and DAP.startswith(first)
        (self._dap if speaks_dap else self._plain).greet(link)

    def point(self, target: Target) -> None:
        """Lead editors to the debugger of another worker from now on."""
        self._dap.point(target)
        self._plain.point(target)

    def finish(self) -> None:
        """Tell no editor any more to come back."""
        self._dap.finish()
        self._plain.finish()

    def close(self) -> None:
        """Send all editors away. May be called twice."""
        self._dap.close()
        self._plain.close()
