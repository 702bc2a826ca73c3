"""Warm instances: lent to one call at a time, kept for the next."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from localfn.instances.instance import Instance
from localfn.model import InstancePlan


class Pool:
    """Instances of a session.

    `make` starts a life, `end` is told of every instance that leaves the pool and stops it.
    """

    def __init__(
        self, make: Callable[[InstancePlan], Instance], end: Callable[[Instance], None]
    ) -> None:
        self._make = make
        self._end = end
        self._idle: list[Instance] = []
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, plan: InstancePlan) -> Iterator[Instance]:
        """Lend a warm instance of this plan, else a new one; take it back if it is still good.

        Calls of a debugged function wait for each other: its instances share the debugger's port.
        """
        with self._turn(plan):
            instance = self._take(plan.fingerprint) or self._make(plan)
            try:
                yield instance
            finally:
                if instance.usable:
                    with self._lock:
                        self._idle.append(instance)
                else:
                    self._end(instance)

    def close(self) -> None:
        """Stop every idle instance. May be called twice."""
        while True:
            with self._lock:
                if not self._idle:
                    return
                instance = self._idle.pop()
            self._end(instance)

    def _turn(self, plan: InstancePlan) -> AbstractContextManager[object]:
        if not plan.debug_ports:
            return nullcontext()
        with self._lock:
            return self._turns.setdefault(plan.function.key, threading.Lock())

    def _take(self, fingerprint: str) -> Instance | None:
        """Return a warm instance; those that ended by themselves meanwhile are let go."""
        while (instance := self._pop(fingerprint)) is not None and not instance.still_runs():
            self._end(instance)
        return instance

    def _pop(self, fingerprint: str) -> Instance | None:
        with self._lock:
            for place, instance in enumerate(self._idle):
                if instance.plan.fingerprint == fingerprint:
                    return self._idle.pop(place)
        return None
