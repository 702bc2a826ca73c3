"""The relay of debuggers that speak the Debug Adapter Protocol: a port that outlives workers."""

import socket
import threading
import time

from localfn.debug.clock import Clock
from localfn.debug.conversation import Conversation
from localfn.debug.target import Target

# How long a worker waits for an editor that was told to come back.
COMES_BACK_S = 10.0


class DapRelay:
    """Leads editors to the debuggers of one function's workers, one after the other.

    One editor at a time. `clock` stands while its code is held. `clears`: see `Conversation`.
    """

    def __init__(self, function: str, clock: Clock, *, clears: bool = False) -> None:
        self._clears = clears
        self.function = function
        self.clock = clock
        self._target: Target | None = None
        self._over = False
        self._editor: Conversation | None = None
        self._expected_until = 0.0
        self._lock = threading.Lock()

    @property
    def has_editor(self) -> bool:
        """Return whether an editor is here: attached, or held until there is a worker."""
        editor = self._editor
        return editor is not None and not editor.has_ended

    @property
    def is_attached(self) -> bool:
        """Return whether an editor has set its breakpoints in the present worker."""
        editor = self._editor
        return editor is not None and editor.configured.is_set()

    def expected_s(self) -> float:
        """Return how long to wait for an editor that is here or on its way back; 0 for none."""
        if self._editor is not None:
            return COMES_BACK_S
        return max(0.0, self._expected_until - time.monotonic())

    def expect(self) -> None:
        """Expect an editor: one has knocked, and may take its time to say something."""
        self._expected_until = time.monotonic() + COMES_BACK_S

    def point(self, target: Target) -> None:
        """Lead editors to the debugger of another worker from now on."""
        self._target = target

    def finish(self) -> None:
        """Tell no editor any more to come back: the workers of this session are being stopped."""
        self._over = True

    def close(self) -> None:
        """Send the editor away. May be called twice."""
        self.finish()
        editor = self._editor
        if editor is not None:
            editor.finish()
            editor.end()

    def greet(self, link: socket.socket) -> None:
        """Serve one connection until it ends."""
        talk = Conversation(
            link,
            self.clock,
            lambda: self._target,
            self._freed,
            lambda: self._over,
            clears=self._clears,
        )
        try:
            if talk.open() is None:
                return
            if self._takes(talk):
                talk.run()
            else:
                talk.refuse(f"another editor debugs `{self.function}`; it must leave first")
        finally:
            talk.close()

    def _takes(self, talk: Conversation) -> bool:
        with self._lock:
            # Some editors come back without a goodbye, and before we know that they have gone.
            if self.has_editor or self._over:
                return False
            self._editor = talk
            return True

    def _freed(self, talk: Conversation) -> None:
        with self._lock:
            if self._editor is talk:
                self._editor = None
                if talk.comes_back:
                    self._expected_until = time.monotonic() + COMES_BACK_S
