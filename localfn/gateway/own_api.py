"""localfn's own API below `/_localfn/`: functions, invoke, invocations, log, health."""

import base64
import json
import queue
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from localfn import __version__
from localfn.errors import LocalfnError
from localfn.gateway.client import FRAMES
from localfn.gateway.desk import Desk
from localfn.gateway.ledger import Ledger, Record, facts_of
from localfn.model import Call, CallMode, Event, Function, HttpReply, HttpRequest, Result
from localfn.project import Project
from localfn.wires.frames import encode

PREFIX = "/_localfn"
JSON = ("Content-Type", "application/json")
# A follower hears something at least so often, so that a connection that is gone is noticed.
PING_EVERY_S = 15.0

Values = Mapping[str, str]
Handle = Callable[[HttpRequest, Values], HttpReply]


class Endpoint(NamedTuple):
    """One endpoint; `rule` as in `localfn.model.Route`."""

    method: str
    rule: str
    handle: Handle


class OwnApi:
    """What localfn tells of itself, and does for its own command line.

    Whoever wants a function invoked must say the token that only the user's own files hold.
    """

    def __init__(
        self, project: Callable[[], Project], desk: Desk, ledger: Ledger, token: str
    ) -> None:
        self._project = project
        self._desk = desk
        self._ledger = ledger
        self._token = token
        self.endpoints = (
            Endpoint("GET", f"{PREFIX}/health", self._health),
            Endpoint("GET", f"{PREFIX}/functions", self._functions),
            Endpoint("POST", f"{PREFIX}/functions/<path:key>/invoke", self._invoke),
            Endpoint("GET", f"{PREFIX}/invocations", self._invocations),
            Endpoint("GET", f"{PREFIX}/invocations/<id>", self._invocation),
            Endpoint("GET", f"{PREFIX}/logs", self._logs),
        )

    def _health(self, _: HttpRequest, __: Values) -> HttpReply:
        return _json({"status": "ok", "version": __version__})

    def _functions(self, _: HttpRequest, __: Values) -> HttpReply:
        return _json({"functions": [_told_of(each) for each in self._project().functions]})

    def _invocations(self, _: HttpRequest, __: Values) -> HttpReply:
        return _json({"invocations": [facts_of(each) for each in self._ledger.records]})

    def _invocation(self, _: HttpRequest, values: Values) -> HttpReply:
        record = self._ledger.find(values["id"])
        if record is None:
            return _json({"error": f"there is no invocation `{values['id']}` any more"}, 404)
        return _json({**facts_of(record), **_contents(record)})

    def _logs(self, _: HttpRequest, __: Values) -> HttpReply:
        headers = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"))
        return HttpReply(200, headers, self._events())

    def _events(self) -> Iterator[bytes]:
        yield b": localfn\n\n"
        for news in self._ledger.follow(PING_EVERY_S):
            if news is None:
                yield b": still here\n\n"
                continue
            kind, told = news
            yield f"event: {kind}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()

    def _invoke(self, request: HttpRequest, values: Values) -> HttpReply:
        said = request.header("authorization").removeprefix("Bearer ")
        if not secrets.compare_digest(said.encode(), self._token.encode()):
            return _json({"error": "the token of this gateway is missing"}, 403)
        try:
            function = self._project().find(values["key"])
        except LocalfnError as error:
            return _json({"error": error.message, "hint": error.hint}, 404)
        mode = CallMode.ASYNC if request.header("x-localfn-mode") == "async" else CallMode.SYNC
        event = Event(request.whole_body(), "", request.header("content-type"))
        call = Call(function, event, mode, id=self._desk.new_id(function))
        if request.header("accept") == FRAMES:
            return HttpReply(200, (("Content-Type", FRAMES),), _streamed(self._desk, call))
        return self._whole(call)

    def _whole(self, call: Call) -> HttpReply:
        try:
            self._desk.directly(call, _nowhere)
        except LocalfnError as error:
            return _json({"error": error.message, "hint": error.hint}, 500)
        record = self._ledger.find(call.id)
        assert record is not None
        return _json({**facts_of(record), **_contents(record)})


def _streamed(desk: Desk, call: Call) -> Iterator[bytes]:
    """Yield the frames of a call: its log as it comes, then its result or our error."""
    pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            result = desk.directly(
                call, lambda text: pieces.put(b"".join(encode({"kind": "log"}, text)))
            )
            pieces.put(b"".join(encode(result_header(result), result.payload + result.logs)))
        except LocalfnError as error:
            told = {"message": error.message, "hint": error.hint, "code": int(error.exit_code)}
            pieces.put(b"".join(encode({"kind": "error", **told})))
        finally:
            pieces.put(None)

    threading.Thread(target=run, name="direct call", daemon=True).start()
    while (piece := pieces.get()) is not None:
        yield piece


def result_header(result: Result) -> dict[str, object]:
    """Return the header of the frame that carries a result; payload and log stand behind it."""
    failure = result.failure
    return {
        "kind": "result",
        "id": result.invocation.id,
        "started": result.invocation.started,
        "payload_bytes": len(result.payload),
        "failure": failure and {**failure._asdict(), "kind": failure.kind.value},
        "duration_ms": result.duration_ms,
        "cold_start_ms": result.cold_start_ms,
        "peak_memory_mb": result.peak_memory_mb,
    }


def _told_of(function: Function) -> dict[str, object]:
    return {
        "key": function.key,
        "runtime": function.runtime,
        "handler": function.handler,
        "triggers": [{"source": each.source, "name": each.name} for each in function.triggers],
    }


def _contents(record: Record) -> dict[str, object]:
    return {
        **_text("event", record.event),
        **_text("payload", record.payload),
        **_text("logs", record.logs or bytes(record.output)),
    }


def _text(name: str, content: bytes) -> dict[str, str]:
    try:
        return {name: content.decode(), f"{name}_encoding": "utf-8"}
    except UnicodeDecodeError:
        return {name: base64.b64encode(content).decode(), f"{name}_encoding": "base64"}


def _json(told: Mapping[str, object], status: int = 200) -> HttpReply:
    return HttpReply(status, (JSON,), json.dumps(told, ensure_ascii=False).encode())


def _nowhere(_: bytes) -> None:
    return
