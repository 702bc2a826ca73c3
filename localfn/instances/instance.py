"""The life of one instance, whatever backend carries it."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from signal import SIGABRT
from typing import Protocol, cast

from localfn.flow import aside, finish
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

    @property
    def holds(self) -> bool:
        """Return whether an editor shows code that it holds."""

    def begin(self, address: Address) -> Mapping[str, object]:
        """Return what a worker that is about to load code must know.

        `address` tells where a port of the worker's is reached from here.
        """

    def loaded(self) -> None:
        """Take note that the worker has loaded it."""


class Unusable(Exception):
    """The instance has failed or was stopped before this call began: nothing has been sent."""


class Instance:
    """A worker that has loaded one function, or is about to.

    States go NEW → STARTING → READY ↔ BUSY → STOPPED, FAILED from anywhere; all steps are taken
    here, under one lock. BUSY means one call or several. A failed instance is never used again.
    `fresh` is true until the user's code has been loaded.
    """

    def __init__(
        self,
        plan: InstancePlan,
        backend: Backend,
        say: Callable[[str], None],
        debugger: Debugger | None = None,
    ) -> None:
        self.id = os.urandom(6).hex()
        self.plan = plan
        self.fresh = True
        self._backend = backend
        self._say = say
        self._debugger = debugger
        self._state = InstanceState.NEW
        self._talks = 0
        self._lock = threading.Lock()
        self._guest: Guest | None = None
        self._wire: Wire | None = None
        self._unstarted: Failure | None = None
        self._interrupted = ""

    @property
    def state(self) -> InstanceState:
        """Return where in its life the instance stands."""
        return self._state

    @property
    def usable(self) -> bool:
        """Return whether the instance can take another call, now or after those that it serves."""
        return self._state in (InstanceState.READY, InstanceState.BUSY)

    def lives(self) -> bool:
        """Return whether the guest is there and well: it may end while nobody calls it."""
        guest, wire = self._guest, self._wire
        return bool(guest and wire and wire.is_well and guest.await_exit(0) is None)

    @property
    def is_held(self) -> bool:
        """Return whether a debugger holds the code."""
        return self._debugger is not None and self._debugger.holds

    def start(self) -> None:
        """Start the guest; raise `MachineError` when the machine cannot, `Unusable` if stopped.

        One that runs and could not be loaded is left as it is, to be loaded again.
        """
        if self._guest is not None and self._state is not InstanceState.NEW:
            self._move(InstanceState.READY, InstanceState.STARTING)
            return
        self._move(InstanceState.NEW, InstanceState.STARTING)
        try:
            guest = self._backend.start(self.plan, self._say)
        except CannotStart as error:
            assert self.plan.contract is not None
            self._unstarted = self.plan.contract.fault(error.fault)
            return
        except BaseException:
            self._fail()
            raise
        clock = time.monotonic if self._debugger is None else self._debugger.clock
        self._wire = open_wire(self.plan, guest, self._say, clock)
        with self._lock:
            self._guest = guest
            stopped = self._state is InstanceState.STOPPED
        if stopped:
            self._backend.take_back(self.plan, guest)

    def load(self, context: Mapping[str, object], limit_s: float | None, sink: Sink) -> Reply:
        """Have the guest load the user's code; `Reply.failure` tells how it went.

        Raises `Unusable` when somebody has stopped the instance, as do `call` and `hook`.
        """
        if self._unstarted is not None:
            self._fail()
            return Reply(failure=self._unstarted)
        guest, wire = self._opened()
        self._enter(InstanceState.STARTING)
        init = {
            **self.plan.init,
            "mark": guest.tape.wanted_token,
            "context": context,
            "debug": self._debugged(guest),
        }
        reply = self._converse("init", lambda: wire.open(init, limit_s), sink)
        self._leave()
        if self._interrupted:
            raise Unusable(self.id)
        if reply.failure is None:
            self.fresh = False
            if self._debugger is not None:
                self._debugger.loaded()
        if reply.failure is None or reply.again:
            self._move(InstanceState.STARTING, InstanceState.READY, unless=InstanceState.FAILED)
        else:
            self._fail()
        if reply.failure is None or self.plan.function.hooks.initializer is None:
            return reply
        return reply._replace(failure=_during_init(reply.failure))

    def call(
        self,
        invocation: Invocation,
        context: Mapping[str, object],
        limit_s: float | None,
        sink: Sink,
    ) -> Reply:
        """Run the handler once; as many at a time as the function's concurrency says."""
        return finish(self.calling(invocation, context, limit_s, sink))

    async def calling(
        self,
        invocation: Invocation,
        context: Mapping[str, object],
        limit_s: float | None,
        sink: Sink,
    ) -> Reply:
        """Run the handler once, as a flow."""
        guest, wire = self._opened()
        self._enter(InstanceState.READY, InstanceState.BUSY)
        guest.tape.follow(invocation.id, sink)
        try:
            reply = (await wire.calling(invocation, context, limit_s)).reply
            if reply.last or reply.failure is TOO_LATE or reply.failure is GONE:
                # Its end is awaited.
                await aside()
            reply = self._settled(reply)
        finally:
            guest.tape.leave(invocation.id)
        self._leave()
        return reply

    def hook(
        self, name: str, context: Mapping[str, object], limit_s: float | None, sink: Sink
    ) -> Reply:
        """Run a lifecycle hook."""
        _, wire = self._opened()
        self._enter(InstanceState.READY, InstanceState.BUSY)
        reply = self._converse(name, lambda: wire.hook(name, context, limit_s), sink)
        self._leave()
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

        guest, opened = self._opened()
        wire, name = cast("PassingWire", opened), os.urandom(6).hex()
        self._enter(InstanceState.READY, InstanceState.BUSY)
        began = time.perf_counter()
        guest.tape.follow(name, sink)

        def end(failure: Failure | None) -> None:
            wire.settle()
            try:
                reply = self._settled(Reply(failure=failure))
            finally:
                guest.tape.leave(name)
                self._leave()
            over(reply._replace(duration_ms=(time.perf_counter() - began) * 1000))

        answer = wire.forward(request, context, limit_s)
        if isinstance(answer, Failure):
            end(answer)
            return None
        return passing(answer, lambda error: end(wire.failure(error) if error else None))

    def interrupt(self, reason: str) -> None:
        """End the worker under the calls that it serves; `reason` is the advice that they get."""
        with self._lock:
            guest, talks = self._guest, self._talks
            if guest is None or not talks:
                return
            self._interrupted = reason
        guest.kill(0)

    def stop(self) -> None:
        """End the guest and give everything back; calls that still run fail. Twice is once."""
        with self._lock:
            was, self._state = self._state, InstanceState.STOPPED
            guest, wire, talks = self._guest, self._wire, self._talks
        if guest is None or wire is None or was is InstanceState.STOPPED:
            return
        if was is InstanceState.READY:
            wire.stop()
            guest.await_exit(STOP_LIMIT_S)
        wire.close()
        if talks:
            guest.close()
        else:
            self._backend.take_back(self.plan, guest)

    def _debugged(self, guest: Guest) -> Mapping[str, object] | None:
        """Return what the worker must know of its debugger, None without one."""
        return None if self._debugger is None else self._debugger.begin(guest.debug_address)

    def _opened(self) -> tuple[Guest, Wire]:
        assert self._guest is not None
        assert self._wire is not None
        return self._guest, self._wire

    def _converse(self, name: str, ask: Callable[[], Said], sink: Sink) -> Reply:
        guest, _ = self._opened()
        tape = guest.tape
        tape.follow(name, sink)
        try:
            return self._settled(ask().reply)
        finally:
            tape.leave(name)

    def _settled(self, reply: Reply) -> Reply:
        """Return a reply with what it meant for the guest."""
        guest, _ = self._opened()
        failure = reply.failure
        canceled = failure is not None and failure.kind is FailureKind.CANCELED
        if canceled and self._talks == 1:
            self._fail()
            return self._ended(reply, guest.kill(0))
        if reply.last or failure is TOO_LATE or failure is GONE:
            # Before its end, so that no other call comes meanwhile.
            self._fail()
        if failure is TOO_LATE:
            reply = self._ended(reply, guest.kill(LAST_WORDS_S))
        elif failure is GONE:
            reply = self._ended(reply, guest.await_exit(EXIT_LIMIT_S) or guest.kill(0))
        peak_mb = guest.peak_memory_mb()
        return reply if peak_mb <= reply.peak_memory_mb else reply._replace(peak_memory_mb=peak_mb)

    def _ended(self, reply: Reply, ended: Exit) -> Reply:
        """Word a call that the worker did not survive."""
        guest, wire = self._opened()
        guest.tape.await_end(LAST_WORDS_S)
        failure = reply.failure
        if failure is TOO_LATE:
            failure = failure._replace(advice=wire.advice)
        elif failure is GONE:
            failure = _exit_failure(ended, heap_full=self._says_heap_is_full(guest, ended))
            failure = failure._replace(advice=self._interrupted or failure.advice)
        return reply._replace(failure=failure, peak_memory_mb=ended.peak_memory_mb)

    def _says_heap_is_full(self, guest: Guest, ended: Exit) -> bool:
        """Return whether the guest's program gave up by itself for want of memory."""
        told = self.plan.heap_exhausted
        return bool(told) and ended.signal == SIGABRT and told in guest.tape.rest

    def _enter(self, *expected: InstanceState) -> None:
        """Begin a conversation with the worker."""
        with self._lock:
            if self._state in (InstanceState.FAILED, InstanceState.STOPPED):
                raise Unusable(self.id)
            if self._state not in expected:
                raise RuntimeError(f"{self.id} is {self._state.name}")
            self._talks += 1
            if self._state is InstanceState.READY:
                self._state = InstanceState.BUSY

    def _leave(self) -> None:
        with self._lock:
            self._talks -= 1
            if self._state is InstanceState.BUSY and self._wire and not self._wire.is_well:
                self._state = InstanceState.FAILED
            elif not self._talks and self._state is InstanceState.BUSY:
                self._state = InstanceState.READY

    def _move(
        self,
        expected: InstanceState,
        new: InstanceState,
        unless: InstanceState | None = None,
    ) -> None:
        with self._lock:
            if self._state in (unless, InstanceState.STOPPED) and unless is not None:
                return
            if self._state is InstanceState.STOPPED:
                raise Unusable(self.id)
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
            code=ended.code,
            signal=ended.signal,
        )
    how = f"was killed by signal {ended.signal}" if ended.signal else f"left with {ended.code}"
    return Failure(
        FailureKind.EXITED,
        advice=f"The process {how} before it answered.",
        code=ended.code,
        signal=ended.signal,
    )
