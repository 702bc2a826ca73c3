"""A clock of running time: it stands still while a debugger holds the code."""

import threading
import time
from collections.abc import Callable


class Clock:
    """Seconds that passed while code was running. Starts running; threads may share it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._lost = 0.0
        self._stood_since: float | None = None

    def __call__(self) -> float:
        """Return the running time so far, counted from an arbitrary moment."""
        with self._lock:
            seen = self._now() if self._stood_since is None else self._stood_since
            return seen - self._lost

    @property
    def stands(self) -> bool:
        """Return whether time stands still."""
        return self._stood_since is not None

    def stand(self) -> None:
        """Stop counting. May be called twice."""
        with self._lock:
            if self._stood_since is None:
                self._stood_since = self._now()

    def run(self) -> None:
        """Go on counting. May be called twice."""
        with self._lock:
            if self._stood_since is not None:
                self._lost += self._now() - self._stood_since
                self._stood_since = None
