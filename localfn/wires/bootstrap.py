"""The conversation with our own bootstraps: load, call, hook, stop.

Frames to the guest: `init`, `invoke`, `hook`, `stop`; from the guest: `ready`, `result`,
`failure`, `exited`, `part` for a part of an answer that is still being written, and `advice` on
why an answer may never come. Success is known from the kind of the frame that came back.
"""

import itertools
import time
from collections.abc import Callable, Mapping

from localfn.flow import finish
from localfn.model import Failure, FailureKind, HttpReply, Invocation, Part, Reply
from localfn.wires.channel import Channel, Clock
from localfn.wires.frames import PROTOCOL, ChannelClosed, Frame
from localfn.wires.said import GONE, TOO_LATE, Said
from localfn.wires.tape import LogTape

# How long output may lag behind the answer that came after it.
MARK_LIMIT_S = 1.0
STOP_LIMIT_S = 1.0
BAD_HTTP = Failure(FailureKind.BAD_REPLY, "The handler's status and headers cannot be read.")


class BootstrapWire:
    """Talks to one bootstrap; as many calls at once as the guest was told to expect.

    `clock` counts the seconds of limits; it stands still while a debugger holds the code.
    """

    is_well = True

    def __init__(self, channel: Channel, tape: LogTape, clock: Clock = time.monotonic) -> None:
        self._channel = channel
        self._tape = tape
        self._clock = clock
        self._numbers = itertools.count(1)
        self._told: Mapping[str, object] = {}

    @property
    def advice(self) -> str:
        """Return why an answer may never have come, as far as the guest has told."""
        return self._channel.advice

    def open(self, init: Mapping[str, object], limit_s: float | None) -> Said:
        """Have the user's code loaded and its initializer run.

        The reply's failure is None when the guest is ready.
        """
        asked = {"kind": "init", "id": "init", "protocol": PROTOCOL, **init}
        context = init.get("context")
        self._told = context if isinstance(context, dict) else {}
        return self._ask(asked, b"", limit_s)

    def call(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Run the handler once."""
        return finish(self.calling(invocation, context, limit_s))

    async def calling(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Run the handler once, as a flow."""
        deadline_ms = None if limit_s is None else int((time.time() + limit_s) * 1000)
        header: dict[str, object] = {
            "kind": "invoke",
            "id": invocation.id,
            "deadline_ms": deadline_ms,
            "context": self._news(context),
        }
        if invocation.event.http is not None:
            header["http"] = invocation.event.http
        if invocation.parts is None:
            return await self._asking(header, invocation.event.payload, limit_s)
        parts = _Parts(invocation.parts)
        header["streams"] = True
        said = await self._asking(header, invocation.event.payload, limit_s, parts.take)
        return said._replace(reply=parts.whole(said.reply))

    def hook(self, name: str, context: Mapping[str, object], limit_s: float | None) -> Said:
        """Run a lifecycle hook."""
        asked = {
            "kind": "hook",
            "id": f"{name}-{next(self._numbers)}",
            "hook": name,
            "context": self._news(context),
        }
        return self._ask(asked, b"", limit_s)

    def _news(self, context: Mapping[str, object]) -> Mapping[str, object]:
        """Return what is not as `init` has told it: most of a context is always the same."""
        told = self._told
        return {
            name: value
            for name, value in context.items()
            if name not in told or told[name] != value
        }

    def stop(self) -> None:
        """Ask the guest to end by itself."""
        try:
            self._channel.send({"kind": "stop"}, limit_s=STOP_LIMIT_S)
        except (ChannelClosed, TimeoutError):
            return

    def close(self) -> None:
        """Do nothing: the channel is the guest's."""

    def _ask(self, header: Mapping[str, object], payload: bytes, limit_s: float | None) -> Said:
        return finish(self._asking(header, payload, limit_s))

    async def _asking(
        self,
        header: Mapping[str, object],
        payload: bytes,
        limit_s: float | None,
        take: Callable[[Frame], None] | None = None,
    ) -> Said:
        started = time.perf_counter()
        try:
            answer = await self._channel.asking(header, payload, limit_s, self._clock, take)
            reply = _reply(answer)
        except TimeoutError:
            reply = Reply(failure=TOO_LATE)
        except ChannelClosed:
            reply = Reply(failure=GONE)
        spent_ms = (time.perf_counter() - started) * 1000
        output = b""
        if reply.failure is not GONE and reply.failure is not TOO_LATE:
            output = self._tape.take(str(header["id"]), MARK_LIMIT_S)
        # Spelled out: `_replace` costs several times as much.
        payload, failure, _, peak_mb, last, http, again = reply
        return Said(Reply(payload, failure, spent_ms, peak_mb, last, http, again), output)


class _Parts:
    """Passes on the parts of an answer, and keeps them."""

    def __init__(self, pass_on: Callable[[Part], None]) -> None:
        self._pass_on = pass_on
        self._payloads: list[bytes] = []
        self._http: HttpReply | None = None

    def take(self, frame: Frame) -> None:
        """Take a frame with a part."""
        http = None
        if not self._payloads:
            try:
                self._http = http = _http(frame.header.get("http"))
            except (KeyError, TypeError, ValueError):
                return
        self._payloads.append(frame.payload)
        self._pass_on(Part(frame.payload, http))

    def whole(self, last: Reply) -> Reply:
        """Return the reply with all that came before it; a failed one stands for itself."""
        if last.failure is not None or not self._payloads:
            return last
        payload = b"".join((*self._payloads, last.payload))
        return last._replace(payload=payload, http=last.http or self._http)


def _reply(frame: Frame) -> Reply:
    peak = frame.header.get("peak_kb", 0)
    peak_mb = peak / 1024 if isinstance(peak, int) else 0.0
    if frame.kind == "failure":
        last = bool(frame.header.get("last"))
        # A payload is the error as the function itself has worded it.
        failed = _failure(frame.header)
        return Reply(frame.payload, failed, peak_memory_mb=peak_mb, last=last)
    try:
        http = _http(frame.header.get("http"))
    except (KeyError, TypeError, ValueError):
        return Reply(failure=BAD_HTTP, peak_memory_mb=peak_mb)
    return Reply(frame.payload, peak_memory_mb=peak_mb, http=http)


def _http(told: object) -> HttpReply | None:
    """Return the status and the headers that a handler answered a request with."""
    if told is None:
        return None
    if not isinstance(told, dict):
        raise TypeError("not a mapping")
    headers = tuple((str(name), str(value)) for name, value in told["headers"])
    return HttpReply(int(told["status"]), headers)


def _failure(header: Mapping[str, object]) -> Failure:
    return Failure(
        FailureKind(str(header.get("failure", FailureKind.HANDLER_RAISED.value))),
        str(header.get("message", "")),
        str(header.get("type", "")),
        header.get("stack"),
        handled=bool(header.get("handled")),
        advice=str(header.get("advice", "")),
    )
