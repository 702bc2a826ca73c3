"""Instances that only remember what was done with them, and calls in threads of their own."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from localfn.errors import MachineError
from localfn.instances.instance import Unusable
from localfn.invoke.fleet import Berth
from localfn.invoke.keeping import Keeping
from localfn.invoke.pool import Lives, NoPlace, Pool
from localfn.model import (
    Event,
    Failure,
    FailureKind,
    Function,
    InstancePlan,
    InstanceState,
    Invocation,
    Result,
    Revision,
    Site,
)

LIMIT_S = 5.0


def plan(name: str = "resize", version: str = "", **changes: object) -> InstancePlan:
    function = Function(name, "python3.10", "index.handler", Path("/code"))
    function = function._replace(
        concurrency=changes.pop("concurrency", 1), most_instances=changes.pop("most", None)
    )
    made = InstancePlan(function, Site.PROCESS, "bootstrap", (), Path("/code"), {}, {}, 128)
    return made._replace(fingerprint=f"{name} {version}", **changes)


def until(satisfied: Callable[[], bool]) -> None:
    """Wait for a fact that another thread brings about."""
    deadline = time.monotonic() + LIMIT_S
    while not satisfied():
        assert time.monotonic() < deadline, "it never came about"
        threading.Event().wait(0.0005)


class FakeInstance:
    def __init__(self, number: int, made_of: InstancePlan) -> None:
        self.number = number
        self.plan = made_of
        self.state = InstanceState.NEW
        self.has_died = False
        self.fresh = True
        self.is_held = False
        self.interrupted: list[str] = []

    @property
    def usable(self) -> bool:
        return self.state in (InstanceState.READY, InstanceState.BUSY)

    def lives(self) -> bool:
        return not self.has_died

    def interrupt(self, reason: str) -> None:
        self.interrupted.append(reason)


class Stage:
    """What a pool needs, and all that it did with it."""

    def __init__(self, **kept: object) -> None:
        self.made: list[FakeInstance] = []
        self.opened: list[FakeInstance] = []
        self.ended: list[FakeInstance] = []
        self.forgotten: list[str] = []
        self.order: list[tuple[str, int]] = []
        self.news: list[Revision] = []
        self.now = 0.0
        self.ends_first = False
        self.import_fails = False
        self.machine_fails = False
        # Closed: whoever opens an instance stands before it until it is opened or stopped.
        self.gate = threading.Event()
        self.gate.set()
        lives = Lives(
            self._make, self._open, self._end, lambda old, new: self.ends_first, self._forget
        )
        self.pool = Pool(lives, Keeping(**kept), self.news.append, lambda: self.now)

    def _make(self, made_of: InstancePlan) -> FakeInstance:
        self.made.append(FakeInstance(len(self.made), made_of))
        return self.made[-1]

    def _open(self, instance: FakeInstance, sink: Callable[[bytes], None]) -> Result:
        if instance.state is not InstanceState.NEW:
            raise Unusable
        instance.state = InstanceState.STARTING
        while not self.gate.wait(0.0005):
            if instance.state is InstanceState.STOPPED:
                raise Unusable
        sink(b"loading")
        if self.machine_fails:
            instance.state = InstanceState.FAILED
            raise MachineError("no engine")
        return self.load(instance)

    def load(self, instance: FakeInstance) -> Result:
        if instance.state is InstanceState.STOPPED:
            raise Unusable
        self.opened.append(instance)
        self.order.append(("open", instance.number))
        failure = Failure(FailureKind.IMPORT_FAILED) if self.import_fails else None
        instance.state = InstanceState.FAILED if failure else InstanceState.READY
        instance.fresh = failure is not None
        asked = Invocation("id", instance.plan.function, Event(b""), 0, 3)
        return Result(asked, b"", failure, b"", 0, 0, 0)

    def _end(self, instance: FakeInstance) -> None:
        if instance.state is not InstanceState.STOPPED:
            self.ended.append(instance)
            self.order.append(("end", instance.number))
        instance.state = InstanceState.STOPPED

    def _forget(self, forgotten: InstancePlan) -> None:
        self.forgotten.append(forgotten.fingerprint)

    def call(self, made_of: InstancePlan | None = None) -> "Caller":
        """A call that keeps its instance until it is told to finish."""
        return Caller(self, made_of or plan())

    def waiting(self) -> int:
        return sum(each.waiting for each in self.pool.standing())

    def called(self, made_of: InstancePlan | None = None) -> FakeInstance:
        """The instance that served a call that is over already."""
        caller = self.call(made_of).served()
        caller.finish()
        return caller.instance


class Caller:
    def __init__(self, stage: Stage, made_of: InstancePlan) -> None:
        self._stage = stage
        self._plan = made_of
        self._served = threading.Event()
        self._may_finish = threading.Event()
        self.berth: Berth | None = None
        self.was_cold = False
        self.refused: NoPlace | None = None
        self.fails = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def instance(self) -> FakeInstance:
        assert self.berth is not None
        return self.berth.instance

    @property
    def is_served(self) -> bool:
        return self._served.is_set()

    def _run(self) -> None:
        try:
            with self._stage.pool.borrow(self._plan) as self.berth:
                self.was_cold = self.berth.opening
                if self.was_cold:
                    self._stage.load(self.berth.instance)
                    if self.berth.instance.usable:
                        self._stage.pool.opened(self.berth)
                self._served.set()
                self._may_finish.wait(LIMIT_S)
                if self.fails:
                    self.berth.instance.state = InstanceState.FAILED
        except NoPlace as refused:
            self.refused = refused

    def served(self) -> "Caller":
        """Wait until the call has its instance."""
        assert self._served.wait(LIMIT_S)
        return self

    def waits(self) -> "Caller":
        """Wait until the call waits; a moment later it still does."""
        until(lambda: self._stage.waiting() > 0)
        assert not self._served.wait(0.01)
        return self

    def finish(self, *, fails: bool = False) -> "Caller":
        """Let the call end."""
        self.fails = fails
        self._may_finish.set()
        return self.over()

    def over(self) -> "Caller":
        """Wait until the call has ended, however."""
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        return self
