"""The conversation with our own bootstraps: load, call, hook, stop.

Frames to the guest: `init`, `invoke`, `hook`, `stop`; from the guest: `ready`, `result`,
`failure`, `exited`, and `advice` on why an answer may never come. Success is known from the kind
of the frame that came back.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import Failure, FailureKind, HttpReply, Invocation, Reply
from localfn.wires.frames import PROTOCOL, Channel, ChannelClosed, Frame
from localfn.wires.tape import LogTape

# How long output may lag behind the answer that came after it.
MARK_LIMIT_S = 1.0
STOP_LIMIT_S = 1.0
TOO_LATE = Failure(FailureKind.TIMED_OUT)
GONE = Failure(FailureKind.EXITED)
BAD_HTTP = Failure(FailureKind.BAD_REPLY, "The handler's status and headers cannot be read.")


class Said(NamedTuple):
    """What a guest answered, and all it printed until then."""

    reply: Reply
    output: bytes


class BootstrapWire:
    """Talks to one bootstrap. One conversation at a time."""

    def __init__(self, channel: Channel, tape: LogTape) -> None:
        self._channel = channel
        self._tape = tape
        self.language_version = ""
        self.advice = ""

    def open(self, init: Mapping[str, object], limit_s: float | None) -> Said:
        """Have the user's code loaded and its initializer run.

        The reply's failure is None when the guest is ready.
        """
        asked = {"kind": "init", "id": "init", "protocol": PROTOCOL, **init}
        return self._ask(asked, b"", limit_s)

    def call(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Run the handler once."""
        deadline_ms = None if limit_s is None else int((time.time() + limit_s) * 1000)
        header: dict[str, object] = {
            "kind": "invoke",
            "id": invocation.id,
            "deadline_ms": deadline_ms,
            "context": context,
        }
        if invocation.event.http is not None:
            header["http"] = invocation.event.http
        return self._ask(header, invocation.event.payload, limit_s)

    def hook(self, name: str, context: Mapping[str, object], limit_s: float | None) -> Said:
        """Run a lifecycle hook."""
        asked = {"kind": "hook", "id": name, "hook": name, "context": context}
        return self._ask(asked, b"", limit_s)

    def stop(self) -> None:
        """Ask the guest to end by itself."""
        try:
            self._channel.send({"kind": "stop"}, limit_s=STOP_LIMIT_S)
        except (ChannelClosed, TimeoutError):
            return

    def _ask(self, header: Mapping[str, object], payload: bytes, limit_s: float | None) -> Said:
        started = time.perf_counter()
        self.advice = ""
        try:
            self._channel.send(header, payload, limit_s)
            frame = self._await_answer(str(header["id"]), limit_s)
        except TimeoutError:
            reply = Reply(failure=TOO_LATE)
        except ChannelClosed:
            reply = Reply(failure=GONE)
        else:
            reply = Reply(failure=TOO_LATE) if frame is None else _reply(frame)
        spent_ms = (time.perf_counter() - started) * 1000
        output = b""
        if reply.failure not in (GONE, TOO_LATE):
            output = self._tape.take(str(header["id"]), MARK_LIMIT_S)
        return Said(reply._replace(duration_ms=spent_ms), output)

    def _await_answer(self, wanted: str, limit_s: float | None) -> Frame | None:
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            frame = self._channel.receive(left)
            if frame is not None and frame.kind == "advice":
                self.advice = str(frame.header.get("advice", ""))
                continue
            # An answer to an earlier question, given up on long ago, is not this one's.
            if frame is None or frame.header.get("id") == wanted:
                return frame


def _reply(frame: Frame) -> Reply:
    peak = frame.header.get("peak_kb", 0)
    peak_mb = peak / 1024 if isinstance(peak, int) else 0.0
    if frame.kind == "failure":
        last = bool(frame.header.get("last"))
        return Reply(failure=_failure(frame.header), peak_memory_mb=peak_mb, last=last)
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
