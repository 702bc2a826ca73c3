"""The conversation with our own bootstraps: load, call, hook, stop.

Frames to the guest: `init`, `invoke`, `hook`, `stop`; from the guest: `ready`, `result`,
`failure`, `exited`. Success is known from the kind of the frame that came back.
"""

import itertools
import time
from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import Failure, FailureKind, Invocation, Reply
from localfn.wires.channel import Channel
from localfn.wires.frames import PROTOCOL, ChannelClosed, Frame
from localfn.wires.tape import LogTape

# How long output may lag behind the answer that came after it.
MARK_LIMIT_S = 1.0
STOP_LIMIT_S = 1.0
TOO_LATE = Failure(FailureKind.TIMED_OUT)
GONE = Failure(FailureKind.EXITED)


class Said(NamedTuple):
    """What a guest answered, and all it printed until then."""

    reply: Reply
    output: bytes


class BootstrapWire:
    """Talks to one bootstrap; as many calls at once as the guest was told to expect."""

    def __init__(self, channel: Channel, tape: LogTape) -> None:
        self._channel = channel
        self._tape = tape
        self._numbers = itertools.count(1)

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
        header = {
            "kind": "invoke",
            "id": invocation.id,
            "deadline_ms": deadline_ms,
            "context": context,
        }
        return self._ask(header, invocation.event.payload, limit_s)

    def hook(self, name: str, context: Mapping[str, object], limit_s: float | None) -> Said:
        """Run a lifecycle hook."""
        asked = {
            "kind": "hook",
            "id": f"{name}-{next(self._numbers)}",
            "hook": name,
            "context": context,
        }
        return self._ask(asked, b"", limit_s)

    def stop(self) -> None:
        """Ask the guest to end by itself."""
        try:
            self._channel.send({"kind": "stop"}, limit_s=STOP_LIMIT_S)
        except (ChannelClosed, TimeoutError):
            return

    def _ask(self, header: Mapping[str, object], payload: bytes, limit_s: float | None) -> Said:
        started = time.perf_counter()
        try:
            reply = _reply(self._channel.ask(header, payload, limit_s))
        except TimeoutError:
            reply = Reply(failure=TOO_LATE)
        except ChannelClosed:
            reply = Reply(failure=GONE)
        spent_ms = (time.perf_counter() - started) * 1000
        output = b""
        if reply.failure not in (GONE, TOO_LATE):
            output = self._tape.take(str(header["id"]), MARK_LIMIT_S)
        return Said(Reply(reply.payload, reply.failure, spent_ms, reply.peak_memory_mb), output)


def _reply(frame: Frame) -> Reply:
    peak = frame.header.get("peak_kb", 0)
    peak_mb = peak / 1024 if isinstance(peak, int) else 0.0
    if frame.kind == "failure":
        return Reply(failure=_failure(frame.header), peak_memory_mb=peak_mb)
    return Reply(frame.payload, peak_memory_mb=peak_mb)


def _failure(header: Mapping[str, object]) -> Failure:
    return Failure(
        FailureKind(str(header.get("failure", FailureKind.HANDLER_RAISED.value))),
        str(header.get("message", "")),
        str(header.get("type", "")),
        header.get("stack"),
        advice=str(header.get("advice", "")),
    )
