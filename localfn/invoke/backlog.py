"""Calls that nobody waits for: made later, repeated when they fail, told where they would go."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from localfn.errors import LocalfnError
from localfn.model import Call, FailureKind, Function, Repeats, Result

MOST_WORKERS = 8
LONGEST_PAUSE_S = 60.0

Make = Callable[[Call], Result]
Destined = Callable[[Result, str], Call | None]
Say = Callable[[str], None]


class _Due(NamedTuple):
    """A call and when it is to be made; `number` keeps the order of equals."""

    moment: float
    number: int
    call: Call
    born: float


class Backlog:
    """Makes calls in threads of its own.

    `destined` makes a call of the result for a destination that can be reached here.

    A function that fails is called again as often as its `repeats` say, after `pause_s`, then
    twice that, and so on; a call that found no place is repeated until it is too old.
    """

    def __init__(
        self,
        make: Make,
        repeats: Callable[[Function], Repeats],
        say: Say,
        pause_s: float = 1.0,
        destined: Destined = lambda result, where: None,
    ) -> None:
        self._make = make
        self._destined = destined
        self._repeats = repeats
        self._say = say
        self._pause_s = pause_s
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._workers = 0
        self._resting = 0
        self._running: dict[int, Call] = {}
        self._closed = False

    def put(self, call: Call) -> None:
        """Have a call made as soon as can be."""
        self._schedule(call, time.monotonic(), 0.0)

    def close(self) -> Sequence[Call]:
        """Make no more calls; return those that were not made to their end."""
        with self._changed:
            self._closed = True
            left = [*self._running.values(), *(each.call for each in sorted(self._due))]
            self._due.clear()
            self._changed.notify_all()
        return left

    def _schedule(self, call: Call, born: float, pause_s: float) -> None:
        with self._changed:
            if self._closed:
                return
            due = _Due(time.monotonic() + pause_s, next(self._numbers), call, born)
            heapq.heappush(self._due, due)
            self._changed.notify()
            if len(self._due) <= self._resting or self._workers >= MOST_WORKERS:
                return
            self._workers += 1
        threading.Thread(target=self._work, name="backlog", daemon=True).start()

    def _work(self) -> None:
        while (due := self._next()) is not None:
            self._attempt(due)
            with self._changed:
                self._running.pop(due.number, None)

    def _next(self) -> _Due | None:
        """Wait for the next call that is due; None when there will be no more."""
        with self._changed:
            while not self._closed:
                wait_s = self._due[0].moment - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    due = heapq.heappop(self._due)
                    self._running[due.number] = due.call
                    return due
                self._resting += 1
                self._changed.wait(wait_s)
                self._resting -= 1
            self._workers -= 1
            return None

    def _attempt(self, due: _Due) -> None:
        call = due.call
        try:
            result = self._make(call)
        except LocalfnError as error:
            self._say(f"{call.function.key}: the asynchronous call {call.id} failed: {error}")
            return
        repeats = self._repeats(call.function)
        again = self._again(due, result, repeats)
        if again is not None:
            self._schedule(call._replace(attempt=call.attempt + 1), due.born, again)
            return
        self._tell_destination(call, result, repeats)

    def _again(self, due: _Due, result: Result, repeats: Repeats) -> float | None:
        """Return after which pause a call is repeated, None when it is not."""
        if result.failure is None:
            return None
        pause_s = min(self._pause_s * 2**due.call.attempt, LONGEST_PAUSE_S)
        if time.monotonic() + pause_s - due.born > repeats.max_age_s:
            return None
        found_no_place = result.failure.kind is FailureKind.THROTTLED
        if result.failure.kind is FailureKind.TOO_LARGE:
            return None
        return pause_s if found_no_place or due.call.attempt < repeats.attempts else None

    def _tell_destination(self, call: Call, result: Result, repeats: Repeats) -> None:
        if result.failure is not None:
            tries = call.attempt + 1
            self._say(f"{call.function.key}: gave up the asynchronous call {call.id} after {tries}")
        where = repeats.on_success if result.failure is None else repeats.on_failure
        if not where:
            return
        how = "success" if result.failure is None else "failure"
        told = self._destined(result, where)
        if told is None:
            self._say(f"{call.function.key}: its {how} would now go to `{where}`; nothing is sent")
            return
        self._say(f"{call.function.key}: its {how} goes to {told.function.key} ({told.id})")
        self.put(told)
