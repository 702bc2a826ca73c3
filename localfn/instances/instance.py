"""The life of one instance, whatever backend carries it."""

import os
import threading
from collections.abc import Callable, Mapping
from signal import SIGABRT

from localfn.instances.guest import Backend, Exit, Guest
from localfn.model import Failure, FailureKind, InstancePlan, InstanceState, Invocation, Reply
from localfn.wires.bootstrap import GONE, TOO_LATE, BootstrapWire, Said

Sink = Callable[[bytes], None]
# How long a worker whose time is up may take to say where it was.
LAST_WORDS_S = 0.3
EXIT_LIMIT_S = 5.0
STOP_LIMIT_S = 2.0


class Instance:
    """A worker that has loaded one function, or is about to.

    States go NEW → STARTING → READY ↔ BUSY → STOPPED, FAILED from anywhere; all steps are taken
    here, under one lock. A failed instance is never used again.
    """

    def __init__(self, plan: InstancePlan, backend: Backend, say: Callable[[str], None]) -> None:
        self.id = os.urandom(6).hex()
        self.plan = plan._replace(init={**plan.init, "mark": os.urandom(16).hex()})
        self.fresh = True
        self._backend = backend
        self._say = say
        self._state = InstanceState.NEW
        self._lock = threading.Lock()
        self._guest: Guest | None = None
        self._wire: BootstrapWire | None = None

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
        """Start the guest; raise `MachineError` when the machine cannot."""
        self._move(InstanceState.NEW, InstanceState.STARTING)
        try:
            self._guest = self._backend.start(self.plan, self._say)
        except BaseException:
            self._fail()
            raise
        self._wire = BootstrapWire(self._guest.channel, self._guest.tape)

    def load(self, context: Mapping[str, object], limit_s: float | None, sink: Sink) -> Reply:
        """Have the guest load the user's code; `Reply.failure` tells how it went."""
        wire = self._opened()
        init = {**self.plan.init, "context": context}
        reply = self._converse(lambda: wire.open(init, limit_s), sink)
        if reply.failure is None:
            self._move(InstanceState.STARTING, InstanceState.READY)
            return reply
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
        guest.close()

    def _opened(self) -> BootstrapWire:
        assert self._wire is not None
        return self._wire

    def _converse(self, ask: Callable[[], Said], sink: Sink) -> Reply:
        guest = self._guest
        assert guest is not None
        guest.tape.follow(sink)
        try:
            reply = ask().reply
            if reply.failure is TOO_LATE:
                reply = self._ended(reply, guest.kill(LAST_WORDS_S))
            elif reply.failure is GONE:
                reply = self._ended(reply, guest.await_exit(EXIT_LIMIT_S) or guest.kill(0))
            elif reply.last:
                self._fail()
        finally:
            guest.tape.follow(None)
        peak_mb = max(reply.peak_memory_mb, guest.peak_memory_mb())
        return reply._replace(peak_memory_mb=peak_mb)

    def _ended(self, reply: Reply, ended: Exit) -> Reply:
        """Word a call that the worker did not survive."""
        guest = self._guest
        assert guest is not None
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
        assert self._guest is not None
        told = self.plan.heap_exhausted
        return bool(told) and ended.signal == SIGABRT and told in self._guest.tape.rest

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
