"""From a `Call` to a `Result`, worded as the function's cloud words it."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from localfn.flow import Pause, aside, finish
from localfn.instances.instance import Instance, Unusable
from localfn.invoke.fleet import Berth, Sink, nowhere
from localfn.invoke.pool import End, NoPlace, Open, Pool
from localfn.model import (
    Call,
    CallMode,
    Event,
    Failure,
    FailureKind,
    Function,
    Hook,
    HttpReply,
    HttpRequest,
    InstancePlan,
    InstanceState,
    Invocation,
    Provider,
    Reply,
    Result,
)

Begun = Callable[[float | None], None]


def unheard(_: float | None) -> None:
    """Tell nobody how long a start took."""


class Log:
    """Everything the cloud would have logged for one invocation, also passed on as it comes."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._text = bytearray()

    def write(self, text: bytes) -> None:
        """Add to the log."""
        if text:
            self._text += text
            self._sink(text)

    def close_line(self) -> None:
        """Make sure that what comes next starts on a line of its own."""
        if self._text and not self._text.endswith(b"\n"):
            self.write(b"\n")

    @property
    def text(self) -> bytes:
        """Return all of it."""
        return bytes(self._text)


class Invoker:
    """Runs calls.

    `plan` says how an instance of a call's function is started, `has_plan` whether that is known
    already and no disk need be read for it; `keep` makes the pool that has
    instances opened and ended here. `untimed` names functions that may take as long as they
    like, unless `timeout_s` says otherwise.
    """

    def __init__(
        self,
        provider: Provider,
        plan: Callable[[Call], InstancePlan],
        keep: Callable[[Open, End], Pool],
        environ: Mapping[str, str],
        *,
        has_plan: Callable[[Call], bool] = lambda call: False,
        timeout_s: float | None = None,
        untimed: Callable[[Function], bool] = lambda function: False,
        follow_stop: Sink = nowhere,
    ) -> None:
        self._provider = provider
        self._plan = plan
        self._has_plan = has_plan
        self._environ = environ
        self._timeout_s = timeout_s
        self._untimed = untimed
        self._follow_stop = follow_stop
        self._last: dict[str, Invocation] = {}
        self.pool = keep(self._open, self._stop)

    def __call__(self, call: Call, follow: Sink = nowhere) -> Result:
        """Run one call; `follow` gets the log as it is written."""
        return finish(self.running(call, follow))

    async def running(self, call: Call, follow: Sink = nowhere) -> Result:
        """Run one call as a flow."""
        invocation = self._invocation(call)
        refusal = self._refusal(call)
        if refusal is not None:
            return self._result(invocation, Reply(failure=refusal), b"", None)
        try:
            while True:
                berth = await self._borrowed(call)
                self._last[berth.instance.id] = invocation
                try:
                    return await self._run(berth, invocation, Log(follow))
                except Unusable:  # it failed in another call before it took this one
                    await aside()
                finally:
                    self.pool.give_back(berth)
        except NoPlace as full:
            return self._throttled(invocation, full)

    async def _borrowed(self, call: Call) -> Berth:
        """Lend an instance, wherever it has to be waited for, planned or opened."""
        if not self._has_plan(call):
            await aside()
        got = self.pool.ask(self._plan(call))
        if isinstance(got, Berth):
            return got
        try:
            await Pause(got)
        except BaseException:
            self.pool.leave(got)
            raise
        return self.pool.await_turn(got)

    def forward(
        self,
        call: Call,
        request: HttpRequest,
        follow: Sink = nowhere,
        begun: Begun = unheard,
    ) -> HttpReply:
        """Pass a client's request on to a function that is a server itself.

        The body of the reply comes in pieces, as the server sends them; whoever takes them closes
        it, and its instance is lent until then (so it is with a tunnel). `follow` gets the log;
        `begun` is told how long an instance had to be started for it, None for a warm one.
        """
        contract = self._provider.http
        assert contract is not None
        invocation = self._invocation(call)
        try:
            while True:
                try:
                    answer = self._forward(call, invocation, request, Log(follow), begun)
                except Unusable:  # it failed in another call before it took this one
                    continue
                return contract.refusal(answer) if isinstance(answer, Result) else answer
        except NoPlace as full:
            return contract.refusal(self._throttled(invocation, full))

    def use(self, environ: Mapping[str, str], timeout_s: float | None) -> None:
        """Run calls by these settings from now on."""
        self._environ, self._timeout_s = environ, timeout_s

    def close(self, limit_s: float | None = None) -> None:
        """Stop all instances, their pre-stop hooks first; wait so long. May be called twice."""
        self.pool.close(limit_s)

    def _forward(
        self,
        call: Call,
        invocation: Invocation,
        request: HttpRequest,
        log: Log,
        begun: Begun,
    ) -> HttpReply | Result:
        """Return the server's answer, or the result where there was none."""
        results: list[Result] = []
        lent = ExitStack()
        try:
            berth = lent.enter_context(self.pool.borrow(self._plan(call)))
            instance = berth.instance
            self._last[instance.id] = invocation
            context = self._provider.context(invocation, self._environ)
            cold_start_ms, opened = self._ready(berth, invocation, context, log)
            begun(cold_start_ms)

            def over(reply: Reply) -> None:
                results.append(self._finish(invocation, reply, log, cold_start_ms))
                self._freeze(instance, invocation, context, log)
                lent.close()

            if opened is not None and opened.failure is not None:
                over(opened)
                return results[0]
            if opened is None:
                log.write(self._provider.opening_lines(invocation))
            limit_s = invocation.timeout_s
            answer = instance.forward(request, context, limit_s, log.write, over)
        except BaseException:
            lent.close()
            raise
        return results[0] if answer is None else answer

    def _invocation(self, call: Call) -> Invocation:
        now = time.time()
        return Invocation(
            id=call.id or self._provider.request_id(call.function, now, os.urandom(16)),
            function=call.function,
            event=call.event,
            started=now,
            timeout_s=self._limit_s(call.function),
            client_context=call.client_context,
            attempt=call.attempt,
            qualifier=call.qualifier,
            parts=call.parts,
        )

    def _limit_s(self, function: Function) -> float | None:
        if self._timeout_s is None and self._untimed(function):
            return None
        return self._timeout_s or function.timeout_s

    def _refusal(self, call: Call) -> Failure | None:
        limits = self._provider.limits
        is_sync = call.mode is CallMode.SYNC
        most = limits.sync_payload_bytes if is_sync else limits.async_payload_bytes
        if call.event.size <= most:
            return None
        return Failure(
            FailureKind.TOO_LARGE,
            str(most),
            advice=f"The event has {call.event.size} bytes, {most} are allowed.",
        )

    def _throttled(self, invocation: Invocation, full: NoPlace) -> Result:
        refusal = Failure(FailureKind.THROTTLED, invocation.function.key, advice=str(full))
        return self._result(invocation, Reply(failure=refusal), b"", None)

    async def _run(self, berth: Berth, invocation: Invocation, log: Log) -> Result:
        context = self._provider.context(invocation, self._environ)
        cold_start_ms, opened = None, None
        if berth.opening:
            await aside()
            cold_start_ms, opened = self._ready(berth, invocation, context, log)
        reply = opened
        if opened is None or opened.failure is None:
            reply = await self._call(berth.instance, invocation, context, log, opened)
        assert reply is not None
        result = self._finish(invocation, reply, log, cold_start_ms)
        if invocation.function.hooks.pre_freeze is not None:
            await aside()
            self._freeze(berth.instance, invocation, context, log)
        # Spelled out: `_replace` costs several times as much.
        _, payload, failure, _, duration_ms, _, peak_mb, http = result
        return Result(
            invocation, payload, failure, log.text, duration_ms, cold_start_ms, peak_mb, http
        )

    def _ready(
        self, berth: Berth, invocation: Invocation, context: Mapping[str, object], log: Log
    ) -> tuple[float | None, Reply | None]:
        """Return how long a start took and how it went; twice None for a warm instance."""
        if not berth.opening:
            return None, None
        started = time.perf_counter()
        opened = self._start(berth.instance, invocation, context, log)
        cold_start_ms = (time.perf_counter() - started) * 1000
        if opened.failure is None:
            self.pool.opened(berth)
        return cold_start_ms, opened

    def _open(self, instance: Instance, sink: Sink) -> Result:
        """Start an instance before anybody calls it; `sink` gets what is printed."""
        invocation = self._invocation(Call(instance.plan.function, Event(b"")))
        context = self._provider.context(invocation, self._environ)
        log = Log(sink)
        started = time.perf_counter()
        self._last[instance.id] = invocation
        reply = self._start(instance, invocation, context, log, called=False)
        log.close_line()
        opened_ms = (time.perf_counter() - started) * 1000
        return self._result(invocation, reply, log.text, opened_ms)

    def _finish(
        self, invocation: Invocation, reply: Reply, log: Log, cold_start_ms: float | None
    ) -> Result:
        """Return the result, and write the platform's last lines."""
        log.close_line()
        result = self._result(invocation, reply, log.text, cold_start_ms)
        log.write(self._provider.closing_lines(result))
        return result

    def _start(
        self,
        instance: Instance,
        invocation: Invocation,
        context: Mapping[str, object],
        log: Log,
        *,
        called: bool = True,
    ) -> Reply:
        """Start an instance and load its code.

        Without an initializer, and where loading is no phase of its own, the code is loaded within
        the first invocation, as in the cloud; no invocation begins when nobody has `called`.
        """
        function, provider = invocation.function, self._provider
        instance.start()
        log.write(provider.start_output(invocation))
        hook = function.hooks.initializer
        opening = provider.opening_lines(invocation) if called else b""
        if provider.init_limit_s is not None:
            opened = instance.load(context, self._phase_s(invocation), log.write)
            log.close_line()
            log.write(opening)
            return opened
        if hook is None:
            log.write(opening)
            return instance.load(context, invocation.timeout_s, log.write)
        before, after = provider.hook_lines("initializer", invocation)
        log.write(before)
        limit_s = None if invocation.timeout_s is None else hook.timeout_s
        opened = instance.load(context, limit_s, log.write)
        log.close_line()
        log.write(after)
        if opened.failure is None:
            log.write(opening)
        return opened

    async def _call(
        self,
        instance: Instance,
        invocation: Invocation,
        context: Mapping[str, object],
        log: Log,
        opened: Reply | None,
    ) -> Reply:
        """Run the handler; loading counts as running where there is no initializer."""
        if opened is None:
            log.write(self._provider.opening_lines(invocation))
        spent_ms = 0.0 if opened is None else self._counted_ms(invocation.function, opened)
        limit_s = invocation.timeout_s
        if limit_s is not None:
            limit_s = max(0.0, limit_s - spent_ms / 1000)
        reply = await instance.calling(invocation, context, limit_s, log.write)
        if invocation.parts is None:  # of an answer in parts most has been sent already
            reply = _within(self._provider.limits.response_bytes, reply)
        return reply._replace(duration_ms=reply.duration_ms + spent_ms) if spent_ms else reply

    def _phase_s(self, invocation: Invocation) -> float | None:
        """Return how long a phase of loading may take.

        A cloud that finds it too long starts again, within the first invocation. That ends as if
        the first try had gone on: in time for the invocation's own limit, or not.
        """
        if invocation.timeout_s is None or self._provider.init_limit_s is None:
            return None
        return max(self._provider.init_limit_s, invocation.timeout_s)

    def _counted_ms(self, function: Function, opened: Reply) -> float:
        """Return how much of the time that loading took the first invocation pays for."""
        phase_s = self._provider.init_limit_s
        if phase_s is not None:
            return opened.duration_ms if opened.duration_ms > phase_s * 1000 else 0.0
        return opened.duration_ms if function.hooks.initializer is None else 0.0

    def _freeze(
        self, instance: Instance, invocation: Invocation, context: Mapping[str, object], log: Log
    ) -> None:
        """Run the hook that the platform calls before it puts an idle instance to sleep."""
        hook = invocation.function.hooks.pre_freeze
        if hook is not None and _is_idle(instance):
            self._hook(instance, invocation, ("pre_freeze", hook), context, log)

    def _stop(self, instance: Instance) -> None:
        """End an instance; a good one runs its pre-stop hook first."""
        invocation = self._last.pop(instance.id, None)
        hook = instance.plan.function.hooks.pre_stop
        try:
            if hook is not None and invocation is not None and _is_idle(instance):
                context = self._provider.context(invocation, self._environ)
                log = Log(self._follow_stop)
                self._hook(instance, invocation, ("pre_stop", hook), context, log)
        finally:
            instance.stop()

    def _hook(
        self,
        instance: Instance,
        invocation: Invocation,
        named: tuple[str, Hook],
        context: Mapping[str, object],
        log: Log,
    ) -> None:
        name, hook = named
        before, after = self._provider.hook_lines(name, invocation)
        log.write(before)
        limit_s = None if invocation.timeout_s is None else hook.timeout_s
        reply = instance.hook(name, context, limit_s, log.write)
        log.close_line()
        if reply.failure is not None:
            told = self._result(invocation, reply, b"", None)
            log.write(told.payload + b"\n")
        log.write(after)

    def _result(
        self, invocation: Invocation, reply: Reply, logs: bytes, cold_start_ms: float | None
    ) -> Result:
        result = Result(
            invocation=invocation,
            payload=reply.payload,
            failure=reply.failure,
            logs=logs,
            duration_ms=reply.duration_ms,
            cold_start_ms=cold_start_ms,
            peak_memory_mb=reply.peak_memory_mb,
            http=reply.http,
        )
        failure = result.failure
        if failure is None:
            return result
        result = result._replace(failure=_advised(failure, invocation.event))
        return result._replace(payload=self._provider.error_body(result))


def _advised(failure: Failure, event: Event) -> Failure:
    """Return a failure with advice on an event that could not be read, where it has no other."""
    if failure.advice:
        return failure
    # A call that succeeds has no use for it.
    from localfn.invoke.unread import about_event

    return failure._replace(advice=about_event(event, failure))


def _within(most_bytes: int, reply: Reply) -> Reply:
    """Return a reply, a failed one where the answer is longer than its cloud lets it be."""
    if reply.failure is not None or len(reply.payload) <= most_bytes:
        return reply
    advice = f"The answer has {len(reply.payload)} bytes, {most_bytes} are allowed."
    failure = Failure(FailureKind.ANSWER_TOO_LARGE, str(most_bytes), advice=advice)
    return reply._replace(payload=b"", failure=failure)


def _is_idle(instance: Instance) -> bool:
    """Return whether an instance is good, initialized and serves nobody: such a one has hooks."""
    return instance.state is InstanceState.READY and not instance.fresh
