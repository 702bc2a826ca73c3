"""Asking a server how it is, again and again, as long as it serves."""

import threading
from collections.abc import Callable

from localfn.model import Health


class Checkup:
    """Asks in the rhythm of a template's health check, on a thread of its own, until `stop`.

    `ask()` returns what is wrong, "" for nothing. `fail(why)` is told once, when something was
    wrong as often in a row as the template allows; then nobody is asked any more.
    """

    def __init__(self, health: Health, ask: Callable[[], str], fail: Callable[[str], None]) -> None:
        self._health = health
        self._ask = ask
        self._fail = fail
        self._over = threading.Event()
        threading.Thread(target=self._run, name="checkup", daemon=True).start()

    def stop(self) -> None:
        """Ask no more. May be called twice."""
        self._over.set()

    def _run(self) -> None:
        in_a_row = 0
        while not self._over.wait(self._health.period_s):
            flaw = self._ask()
            in_a_row = in_a_row + 1 if flaw else 0
            if in_a_row >= self._health.failures and not self._over.is_set():
                self._fail(flaw)
                return
