"""Have a running gateway make a call: its instances are warm."""

import json
import socket
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import quote

from localfn.errors import ExitCode, LocalfnError
from localfn.gateway.running import Running
from localfn.model import Call, CallMode, Failure, FailureKind, Invocation, Result
from localfn.wires.frames import LENGTHS

CONNECT_LIMIT_S = 1.0
FRAMES = "application/x-localfn-frames"
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - told, not listened on

Sink = Callable[[bytes], None]


class Unanswered(Exception):
    """No gateway of this project answers there: the call has not been made."""


class GatewayError(LocalfnError):
    """What the gateway could not do; worded and numbered by it."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = ExitCode(code)


def gone() -> GatewayError:
    """Return the error of a gateway that ended while it was needed."""
    return GatewayError(
        "the gateway ended before the function answered.",
        "Start it again, or call without it: `--no-gateway`.",
        ExitCode.MACHINE_LACKS,
    )


def call_through(running: Running, call: Call, follow: Sink) -> Result:
    """Return the result of a call that a gateway makes; `follow` gets the log as it is written.

    Raises `Unanswered` where it does not take the call, `GatewayError` for what it cannot do.
    """
    address = (LOOPBACK.get(running.host, running.host), running.port)
    try:
        link = socket.create_connection(address, CONNECT_LIMIT_S)
    except OSError as error:
        raise Unanswered(str(error)) from error
    with link, link.makefile("rb") as answer:
        link.settimeout(None)
        try:
            link.sendall(_request(running, call))
            status = answer.readline().split()
            while answer.readline() not in (b"\r\n", b""):
                pass
        except OSError as error:
            raise Unanswered(str(error)) from error
        if status[1:2] != [b"200"]:
            raise Unanswered(" ".join(map(bytes.decode, status)))
        return _conversation(call, answer.read, follow)


def _request(running: Running, call: Call) -> bytes:
    lines = [
        # The older version: its answer is neither cut in pieces nor kept open.
        f"POST /_localfn/functions/{quote(call.function.key, safe='/')}/invoke HTTP/1.0",
        f"Host: 127.0.0.1:{running.port}",
        f"Authorization: Bearer {running.token}",
        f"Accept: {FRAMES}",
        f"X-Localfn-Mode: {'async' if call.mode is CallMode.ASYNC else 'sync'}",
        f"Content-Type: {call.event.content_type}",
        f"Content-Length: {len(call.event.payload)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + call.event.payload


def _conversation(call: Call, read: Callable[[int], bytes], follow: Sink) -> Result:
    while True:
        header, payload = _frame(read)
        kind = header["kind"]
        if kind == "log":
            follow(payload)
        elif kind == "result":
            return _result(call, header, payload)
        else:
            told = {name: header.get(name) for name in ("message", "hint")}
            code = header.get("code")
            raise GatewayError(
                str(told["message"]), str(told["hint"]), code if isinstance(code, int) else 70
            )


def _frame(read: Callable[[int], bytes]) -> tuple[Mapping[str, object], bytes]:
    lengths = read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        raise gone()
    total, size = LENGTHS.unpack(lengths)
    return json.loads(read(size)), read(total - size)


def _result(call: Call, told: Mapping[str, object], content: bytes) -> Result:
    size = cast("int", told["payload_bytes"])
    started = cast("float", told["started"])
    invocation = Invocation(str(told["id"]), call.function, call.event, started, None)
    return Result(
        invocation=invocation,
        payload=content[:size],
        failure=_failure(told["failure"]),
        logs=content[size:],
        duration_ms=cast("float", told["duration_ms"]),
        cold_start_ms=cast("float | None", told["cold_start_ms"]),
        peak_memory_mb=cast("float", told["peak_memory_mb"]),
    )


def _failure(told: object) -> Failure | None:
    if not isinstance(told, dict):
        return None
    return Failure(**{**told, "kind": FailureKind(told["kind"])})
