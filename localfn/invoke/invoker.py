"""From a `Call` to a `Result`, worded as the function's cloud words it."""

import os
import time
from collections.abc import Callable, Mapping

from localfn.instances.instance import Instance
from localfn.invoke.pool import Pool
from localfn.model import (
    Call,
    CallMode,
    Failure,
    FailureKind,
    Hook,
    InstancePlan,
    Invocation,
    Provider,
    Reply,
    Result,
)

Sink = Callable[[bytes], None]


def nowhere(_: bytes) -> None:
    """Swallow output that nobody follows."""


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
    """Runs calls. `plan` says how an instance of a call's function is started."""

    def __init__(
        self,
        provider: Provider,
        plan: Callable[[Call], InstancePlan],
        make: Callable[[InstancePlan], Instance],
        environ: Mapping[str, str],
        *,
        timeout_s: float | None = None,
        follow_stop: Sink = nowhere,
    ) -> None:
        self._provider = provider
        self._plan = plan
        self._environ = environ
        self._timeout_s = timeout_s
        self._follow_stop = follow_stop
        self._last: dict[str, Invocation] = {}
        self._pool = Pool(make, self._stop)

    def __call__(self, call: Call, follow: Sink = nowhere) -> Result:
        """Run one call; `follow` gets the log as it is written."""
        invocation = self._invocation(call)
        refusal = self._refusal(call)
        if refusal is not None:
            return self._result(invocation, Reply(failure=refusal), b"", None)
        with self._pool.borrow(self._plan(call)) as instance:
            self._last[instance.id] = invocation
            return self._run(instance, invocation, Log(follow))

    def close(self) -> None:
        """Stop all instances, their pre-stop hooks first. May be called twice."""
        self._pool.close()

    def _invocation(self, call: Call) -> Invocation:
        now = time.time()
        return Invocation(
            id=call.id or self._provider.request_id(call.function, now, os.urandom(16)),
            function=call.function,
            event=call.event,
            started=now,
            timeout_s=self._timeout_s or call.function.timeout_s,
            client_context=call.client_context,
            attempt=call.attempt,
            qualifier=call.qualifier,
        )

    def _refusal(self, call: Call) -> Failure | None:
        limits = self._provider.limits
        most = {
            CallMode.SYNC: limits.sync_payload_bytes,
            CallMode.ASYNC: limits.async_payload_bytes,
        }[call.mode]
        if call.event.size <= most:
            return None
        return Failure(
            FailureKind.TOO_LARGE,
            str(most),
            advice=f"The event has {call.event.size} bytes, {most} are allowed.",
        )

    def _run(self, instance: Instance, invocation: Invocation, log: Log) -> Result:
        context = self._provider.context(invocation, self._environ)
        started = time.perf_counter()
        opened = self._start(instance, invocation, context, log) if instance.fresh else None
        cold_start_ms = None if opened is None else (time.perf_counter() - started) * 1000
        reply = opened
        if opened is None or opened.failure is None:
            reply = self._call(instance, invocation, context, log, opened)
        assert reply is not None
        log.close_line()
        result = self._result(invocation, reply, log.text, cold_start_ms)
        log.write(self._provider.closing_lines(result))
        if instance.usable:
            self._freeze(instance, invocation, context, log)
        return result._replace(logs=log.text)

    def _start(
        self, instance: Instance, invocation: Invocation, context: Mapping[str, object], log: Log
    ) -> Reply:
        """Start an instance.

        Without an initializer the code is loaded within the first invocation, as in the cloud.
        """
        function, provider = invocation.function, self._provider
        instance.start()
        log.write(provider.start_output(provider.runtimes[function.runtime]))
        hook = function.hooks.initializer
        if hook is None:
            log.write(provider.opening_lines(invocation))
            return instance.load(context, invocation.timeout_s, log.write)
        before, after = provider.hook_lines("initializer", invocation)
        log.write(before)
        limit_s = None if invocation.timeout_s is None else hook.timeout_s
        opened = instance.load(context, limit_s, log.write)
        log.close_line()
        log.write(after)
        if opened.failure is None:
            log.write(provider.opening_lines(invocation))
        return opened

    def _call(
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
        spent_ms = 0.0
        if opened is not None and invocation.function.hooks.initializer is None:
            spent_ms = opened.duration_ms
        limit_s = invocation.timeout_s
        if limit_s is not None:
            limit_s = max(0.0, limit_s - spent_ms / 1000)
        reply = instance.call(invocation, context, limit_s, log.write)
        return reply._replace(duration_ms=reply.duration_ms + spent_ms)

    def _freeze(
        self, instance: Instance, invocation: Invocation, context: Mapping[str, object], log: Log
    ) -> None:
        """Run the hook that the platform calls before it puts an idle instance to sleep."""
        hook = invocation.function.hooks.pre_freeze
        if hook is not None:
            self._hook(instance, invocation, ("pre_freeze", hook), context, log)

    def _stop(self, instance: Instance) -> None:
        """End an instance; a good one runs its pre-stop hook first."""
        invocation = self._last.pop(instance.id, None)
        hook = instance.plan.function.hooks.pre_stop
        try:
            if hook is not None and invocation is not None and instance.usable:
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
        reply = instance.hook(name, context, hook.timeout_s, log.write)
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
        if result.failure is None:
            return result
        return result._replace(payload=self._provider.error_body(result))
