"""Where calls wait while it is not known whether what is loaded is what was last saved."""

import threading
from collections import Counter
from collections.abc import Callable, Collection

HOLD_LIMIT_S = 10.0


class Gate:
    """Open, unless somebody follows changes and holds calls of some functions back.

    `limit_s` is how long a call waits before it goes on all the same.
    """

    def __init__(self, limit_s: float = HOLD_LIMIT_S) -> None:
        self._limit_s = limit_s
        self._catch_up: Callable[[], None] | None = None
        self._is_current: Callable[[], bool] = lambda: True
        self._held: frozenset[str] = frozenset()
        self._holds: Counter[str] = Counter()
        self._changed = threading.Condition()

    def follow(
        self, catch_up: Callable[[], None], is_current: Callable[[], bool] = lambda: False
    ) -> None:
        """Have `catch_up` called before each call: after it, all that must be held is held.

        `is_current` tells, without waiting, whether it would have nothing to do.
        """
        self._catch_up, self._is_current = catch_up, is_current

    def is_open(self, function: str) -> bool:
        """Return whether `enter` would not have to wait for anything."""
        if self._catch_up is not None and not self._is_current():
            return False
        return function not in self._held

    def hold(self, functions: Collection[str]) -> None:
        """Have calls of these functions wait, too."""
        with self._changed:
            self._held |= frozenset(functions)
            self._holds.update(functions)

    def release(self) -> None:
        """Let all calls go on."""
        with self._changed:
            self._held = frozenset()
            self._changed.notify_all()

    def enter(self, function: str) -> int:
        """Return when calls of this function may go on; how often it has been held until then."""
        held = self.holds(function)
        if function not in self._held:
            return held
        with self._changed:
            self._changed.wait_for(lambda: function not in self._held, self._limit_s)
            return self._holds[function]

    def count(self, function: str) -> int:
        """Return how often the function has been held, as far as is known."""
        return self._holds[function]

    def holds(self, function: str) -> int:
        """Return how often the function has been held, for what was saved just now too."""
        if self._catch_up is not None:
            self._catch_up()
        return self._holds.get(function, 0)
