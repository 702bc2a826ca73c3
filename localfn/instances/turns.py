"""Reading by whoever waits: no thread stands between a guest and the caller it answers."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

Satisfied = Callable[[], bool]


class Waiter(NamedTuple):
    """Somebody who waits while another reads. Releasing `asleep` wakes him."""

    satisfied: Satisfied
    asleep: threading.Lock


class Turns:
    """Lets one of those who wait read for all of them.

    `read(limit_s)` waits at most so long, takes in what has come and returns. A thread of its own
    for reading would cost every call two changes of threads, several times the call itself.
    """

    def __init__(self, read: Callable[[float | None], None]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._taken = False
        self._closed = False
        self._waiters: list[Waiter] = []

    @property
    def taken(self) -> bool:
        """Return whether somebody waits right now."""
        return self._taken

    def until(self, satisfied: Satisfied, limit_s: float | None) -> bool:
        """Read, or let another read, until `satisfied()`; return whether it was in time."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        with self._lock:
            try:
                while not satisfied():
                    left_s = None if deadline is None else deadline - time.monotonic()
                    if self._closed or (left_s is not None and left_s < 0):
                        return False
                    self._wait(satisfied, left_s)
                return True
            finally:
                self._hand_on()

    def once(self, limit_s: float) -> None:
        """Take in what is there; wait at most this long for anything to come."""
        with self._lock:
            if not self._closed:
                self._wait(_never, limit_s)
                self._hand_on()
                return
        time.sleep(limit_s)

    def close(self, limit_s: float) -> bool:
        """Let nobody read from now on; return whether nobody does any more."""
        with self._lock:
            self._closed = True
            for each in tuple(self._waiters):
                self._wake(each)
            if self._taken:
                self._follow(lambda: not self._taken, limit_s)
            return not self._taken

    def _wait(self, satisfied: Satisfied, limit_s: float | None) -> None:
        if self._taken:
            self._follow(satisfied, limit_s)
        else:
            self._lead(limit_s)

    def _lead(self, limit_s: float | None) -> None:
        self._taken = True
        self._lock.release()
        try:
            self._read(limit_s)
        finally:
            self._lock.acquire()
            self._taken = False
            for each in tuple(self._waiters):
                if each.satisfied():
                    self._wake(each)

    def _follow(self, satisfied: Satisfied, limit_s: float | None) -> None:
        waiter = Waiter(satisfied, threading.Lock())
        waiter.asleep.acquire()
        self._waiters.append(waiter)
        self._lock.release()
        try:
            waiter.asleep.acquire(timeout=-1 if limit_s is None else max(0.0, limit_s))
        finally:
            self._lock.acquire()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _hand_on(self) -> None:
        """Have another one read when this one goes."""
        if not self._taken and self._waiters:
            self._wake(self._waiters[0])

    def _wake(self, waiter: Waiter) -> None:
        self._waiters.remove(waiter)
        waiter.asleep.release()


def _never() -> bool:
    return False
