"""The life of one instance, whatever backend carries it."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from signal import SIGABRT
from typing import Protocol, cast

from localfn.instances.guest import Backend, CannotStart, Exit, Guest
from localfn.instances.wire import PassingWire, Wire, open_wire
from localfn.model import (
    Failure,
    FailureKind,
    HttpReply,
    HttpRequest,
    InstancePlan,
    InstanceState,
    Invocation,
    Reply,
)
from localfn.wires.said import GONE, TOO_LATE, Said

Sink = Callable[[bytes], None]
Address = Callable[[int], tuple[str, int]]
# How long a worker whose time is up may take to say where it was.
LAST_WORDS_S = 0.3
EXIT_LIMIT_S = 5.0
STOP_LIMIT_S = 2.0


class Debugger(Protocol):
    """What an instance asks of its function's debugger."""

    @property
    def clock(self) -> Callable[[], float]:
        """Return the seconds in which code was running."""

    def begin(self, address: Address) -> Mapping[str, object]:
        """Return what a worker that is about to load code must know.

        `address` tells where a port of the worker's is reached from here.
        """


class Instance:
    """A worker that has loaded one function, or is about to.

    States go NEW → STARTING → READY ↔ BUSY → STOPPED, FAILED from anywhere; all steps are taken
    here, under one lock. A failed instance is never used again.
    """

    def __init__(
        self,
        plan: InstancePlan,
        backend: Backend,
        say: Callable[[str], None],
        debugger: Debugger | None = None,
    ) -> None:
        self.id = os.urandom(6).hex()
        self.plan = plan._replace(init={**plan.init, "mark": os.urandom(16).hex()})
        self.fresh = True
        self._backend = backend
        self._say = say
        self._debugger = debugger
        self._state = InstanceState.NEW
        self._lock = threading.Lock()
        self._guest: Guest | None = None
        self._wire: Wire | None = None
        self._unstarted: Failure | None = None

    @property
    def state(self) -> InstanceState:
        """Return where in its life the instance stands."""
        return self._state

    @property
    def usable(self) -> bool:
        """Return whether the instance can take another call."""
        return self._state is InstanceState.READY

    def still_runs(self) -> bool:
        """Return whether the guest is there: it may have ended by itself after an answer."""
        if self._guest is not None and self._guest.await_exit(0) is None:
            return True
        self._fail()
        return False

    def start(self) -> None:
        """Start the guest; raise `MachineError` when the machine cannot.

        One that runs and could not be loaded is left as it is, to be loaded again.
        """
        if self._guest is not None and self.usable:
            self._move(InstanceState.READY, InstanceState.STARTING)
            return
        self._move(InstanceState.NEW, InstanceState.STARTING)
        try:
            self._guest = self._backend.start(self.plan, self._say)
        except CannotStart as error:
            assert self.plan.contract is not None
            self._unstarted = self.plan.contract.fault(error.fault)
            return
        except BaseException:
            self._fail()
            raise
        clock = time.monotonic if self._debugger is None else self._debugger.clock
        self._wire = open_wire(self.plan, self._guest, self._say, clock)

    def load(self, context: Mapping[str, object], limit_s: float | None, sink: Sink) -> Reply:
        """Have the guest load the user's code; `Reply.failure` tells how it went."""
        if self._unstarted is not None:
            self._fail()
            return Reply(failure=self._unstarted)
        wire = self._opened()
        init = {**self.plan.init, "context": context, "debug": self._debugged()}
        reply = self._converse(lambda: wire.open(init, limit_s), sink)
        if reply.failure is None:
            self._move(InstanceState.STARTING, InstanceState.READY)
            return reply
        if reply.again:
            self._move(InstanceState.STARTING, InstanceState.READY, unless=InstanceState.FAILED)
        else:
            self._fail()
        if self.plan.function.hooks.initializer is None:
            return reply
        return reply._replace(failure=_during_init(reply.failure))

    def call(
        self,
        invocation: Invocation,
        context: Mapping[str, object],
        limit_s: float | None,
        sink: Sink,
    ) -> Reply:
        """Run the handler once. One call at a time."""
        self._move(InstanceState.READY, InstanceState.BUSY)
        self.fresh = False
        wire = self._opened()
        reply = self._converse(lambda: wire.call(invocation, context, limit_s), sink)
        self._move(InstanceState.BUSY, InstanceState.READY, unless=InstanceState.FAILED)
        return reply

    def hook(
        self, name: str, context: Mapping[str, object], limit_s: float | None, sink: Sink
    ) -> Reply:
        """Run a lifecycle hook."""
        self._move(InstanceState.READY, InstanceState.BUSY)
        wire = self._opened()
        reply = self._converse(lambda: wire.hook(name, context, limit_s), sink)
        self._move(InstanceState.BUSY, InstanceState.READY, unless=InstanceState.FAILED)
        return reply

    def forward(
        self,
        request: HttpRequest,
        context: Mapping[str, object],
        limit_s: float | None,
        sink: Sink,
        over: Callable[[Reply], None],
    ) -> HttpReply | None:
        """Pass a client's request on to a function that is a server.

        Returns None where no answer came. `over` is told once how the exchange went, when the
        last piece of the body was taken or the body was closed; until then the instance is busy.
        """
        # Only gateways come here; sockets cost every other cold start some milliseconds.
        from localfn.instances.passage import passing

        self._move(InstanceState.READY, InstanceState.BUSY)
        self.fresh = False
        wire, guest = cast("PassingWire", self._opened()), self._started()
        began = time.perf_counter()
        guest.tape.follow(sink)

        def end(failure: Failure | None) -> None:
            wire.settle()
            try:
                reply = self._settled(Reply(failure=failure))
            finally:
                guest.tape.follow(None)
            self._move(InstanceState.BUSY, InstanceState.READY, unless=InstanceState.FAILED)
            over(reply._replace(duration_ms=(time.perf_counter() - began) * 1000))

        answer = wire.forward(request, context, limit_s)
        if isinstance(answer, Failure):
            end(answer)
            return None
        return passing(answer, lambda error: end(wire.failure(error) if error else None))

    def stop(self) -> None:
        """End the guest and give everything back. May be called twice."""
        with self._lock:
            was, self._state = self._state, InstanceState.STOPPED
            guest, self._guest = self._guest, None
        if guest is None:
            return
        if was is InstanceState.READY and self._wire is not None:
            self._wire.stop()
            guest.await_exit(STOP_LIMIT_S)
        if self._wire is not None:
            self._wire.close()
        guest.close()

    def _debugged(self) -> Mapping[str, object] | None:
        """Return what the worker must know of its debugger, None without one."""
        if self._debugger is None:
            return None
        assert self._guest is not None
        return self._debugger.begin(self._guest.debug_address)

    def _opened(self) -> Wire:
        assert self._wire is not None
        return self._wire

    def _started(self) -> Guest:
        assert self._guest is not None
        return self._guest

    def _converse(self, ask: Callable[[], Said], sink: Sink) -> Reply:
        guest = self._started()
        guest.tape.follow(sink)
        try:
            return self._settled(ask().reply)
        finally:
            guest.tape.follow(None)

    def _settled(self, reply: Reply) -> Reply:
        """Return a reply with what it meant for the guest."""
        guest = self._started()
        if reply.failure is TOO_LATE:
            reply = self._ended(reply, guest.kill(LAST_WORDS_S))
        elif reply.failure is GONE:
            reply = self._ended(reply, guest.await_exit(EXIT_LIMIT_S) or guest.kill(0))
        elif reply.last:
            self._fail()
        peak_mb = max(reply.peak_memory_mb, guest.peak_memory_mb())
        return reply._replace(peak_memory_mb=peak_mb)

    def _ended(self, reply: Reply, ended: Exit) -> Reply:
        """Word a call that the worker did not survive."""
        guest = self._started()
        guest.tape.await_end(LAST_WORDS_S)
        self._fail()
        failure = reply.failure
        if failure is TOO_LATE:
            failure = failure._replace(advice=self._opened().advice)
        elif failure is GONE:
            failure = _exit_failure(ended, heap_full=self._says_heap_is_full(ended))
        return reply._replace(failure=failure, peak_memory_mb=ended.peak_memory_mb)

    def _says_heap_is_full(self, ended: Exit) -> bool:
        """Return whether the guest's program gave up by itself for want of memory."""
        told = self.plan.heap_exhausted
        return bool(told) and ended.signal == SIGABRT and told in self._started().tape.rest

    def _move(
        self,
        expected: InstanceState,
        new: InstanceState,
        unless: InstanceState | None = None,
    ) -> None:
        with self._lock:
            if self._state in (unless, InstanceState.STOPPED) and unless is not None:
                return
            if self._state is not expected:
                raise RuntimeError(f"{self.id} is {self._state.name}, not {expected.name}")
            self._state = new

    def _fail(self) -> None:
        with self._lock:
            if self._state is not InstanceState.STOPPED:
                self._state = InstanceState.FAILED


def _during_init(failure: Failure) -> Failure:
    raised = failure.kind is FailureKind.HANDLER_RAISED
    kind = FailureKind.INIT_FAILED if raised else failure.kind
    return failure._replace(kind=kind, during_init=True)


def _exit_failure(ended: Exit, *, heap_full: bool) -> Failure:
    if ended.out_of_memory or heap_full:
        return Failure(
            FailureKind.OUT_OF_MEMORY,
            advice="The function used more memory than its template gives it.",
        )
    how = f"was killed by signal {ended.signal}" if ended.signal else f"left with {ended.code}"
    return Failure(FailureKind.EXITED, advice=f"The process {how} before it answered.")
