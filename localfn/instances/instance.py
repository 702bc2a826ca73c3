"""The life of one instance, whatever backend carries it."""

import os
import threading
from collections.abc import Callable, Mapping

from localfn.instances.guest import Backend, Exit, Guest
from localfn.model import Failure, FailureKind, InstancePlan, InstanceState, Invocation, Reply
from localfn.wires.bootstrap import GONE, TOO_LATE, BootstrapWire, Said

Sink = Callable[[bytes], None]
# How long a worker whose time is up may take to say where it was.
LAST_WORDS_S = 0.3
EXIT_LIMIT_S = 5.0
STOP_LIMIT_S = 2.0


class Unusable(Exception):
    """The instance has failed or was stopped before this call began: nothing has been sent."""


class Instance:
    """A worker that has loaded one function, or is about to.

    States go NEW → STARTING → READY ↔ BUSY → STOPPED, FAILED from anywhere; all steps are taken
    here, under one lock. BUSY means one call or several. A failed instance is never used again.
    `fresh` is true until the user's code has been loaded.
    """

    def __init__(self, plan: InstancePlan, backend: Backend, say: Callable[[str], None]) -> None:
        self.id = os.urandom(6).hex()
        self.plan = plan
        self.fresh = True
        self._backend = backend
        self._say = say
        self._state = InstanceState.NEW
        self._talks = 0
        self._lock = threading.Lock()
        self._guest: Guest | None = None
        self._wire: BootstrapWire | None = None

    @property
    def state(self) -> InstanceState:
        """Return where in its life the instance stands."""
        return self._state

    @property
    def usable(self) -> bool:
        """Return whether the instance can take another call, now or after those that it serves."""
        return self._state in (InstanceState.READY, InstanceState.BUSY)

    def lives(self) -> bool:
        """Return whether the guest is still there: it may end while nobody calls it."""
        return self._guest is not None and self._guest.await_exit(0) is None

    def start(self) -> None:
        """Start the guest; raise `MachineError` when the machine cannot, `Unusable` if stopped."""
        self._move(InstanceState.NEW, InstanceState.STARTING)
        try:
            guest = self._backend.start(self.plan, self._say)
        except BaseException:
            self._fail()
            raise
        self._wire = BootstrapWire(guest.channel, guest.tape)
        with self._lock:
            self._guest = guest
            stopped = self._state is InstanceState.STOPPED
        if stopped:
            self._backend.take_back(self.plan, guest)

    def load(self, context: Mapping[str, object], limit_s: float | None, sink: Sink) -> Reply:
        """Have the guest load the user's code; `Reply.failure` tells how it went.

        Raises `Unusable` when somebody has stopped the instance, as do `call` and `hook`.
        """
        guest, wire = self._opened()
        init = {**self.plan.init, "mark": guest.tape.token, "context": context}
        self._enter(InstanceState.STARTING)
        reply = self._converse("init", lambda: wire.open(init, limit_s), sink)
        self._leave()
        if reply.failure is None:
            self.fresh = False
            self._move(InstanceState.STARTING, InstanceState.READY, unless=InstanceState.FAILED)
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
        """Run the handler once; as many at a time as the function's concurrency says."""
        _, wire = self._opened()
        self._enter(InstanceState.READY, InstanceState.BUSY)
        reply = self._converse(invocation.id, lambda: wire.call(invocation, context, limit_s), sink)
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

    def stop(self) -> None:
        """End the guest and give everything back; calls that still run fail. Twice is once."""
        with self._lock:
            was, self._state = self._state, InstanceState.STOPPED
            guest, talks = self._guest, self._talks
        if guest is None or was is InstanceState.STOPPED:
            return
        if talks:
            guest.close()
            return
        if was is InstanceState.READY and self._wire is not None:
            self._wire.stop()
            guest.await_exit(STOP_LIMIT_S)
        self._backend.take_back(self.plan, guest)

    def _opened(self) -> tuple[Guest, BootstrapWire]:
        assert self._guest is not None
        assert self._wire is not None
        return self._guest, self._wire

    def _converse(self, name: str, ask: Callable[[], Said], sink: Sink) -> Reply:
        guest, _ = self._opened()
        guest.tape.follow(name, sink)
        try:
            reply = ask().reply
            if reply.failure is TOO_LATE:
                # Before its end, so that no other call comes meanwhile.
                self._fail()
                reply = self._ended(guest, reply, guest.kill(LAST_WORDS_S))
            elif reply.failure is GONE:
                self._fail()
                reply = self._ended(guest, reply, guest.await_exit(EXIT_LIMIT_S) or guest.kill(0))
        finally:
            guest.tape.leave(name)
        peak_mb = max(reply.peak_memory_mb, guest.peak_memory_mb())
        return reply._replace(peak_memory_mb=peak_mb)

    def _ended(self, guest: Guest, reply: Reply, ended: Exit) -> Reply:
        """Word a call that the worker did not survive."""
        guest.tape.await_end(LAST_WORDS_S)
        failure = reply.failure
        if failure is GONE:
            failure = _exit_failure(ended)
        return reply._replace(failure=failure, peak_memory_mb=ended.peak_memory_mb)

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
            if not self._talks and self._state is InstanceState.BUSY:
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


def _exit_failure(ended: Exit) -> Failure:
    if ended.out_of_memory:
        return Failure(
            FailureKind.OUT_OF_MEMORY,
            advice="The function used more memory than its template gives it.",
        )
    how = f"was killed by signal {ended.signal}" if ended.signal else f"left with {ended.code}"
    return Failure(FailureKind.EXITED, advice=f"The process {how} before it answered.")
