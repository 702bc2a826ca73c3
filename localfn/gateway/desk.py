"""Takes requests for functions, makes the calls, words the answers, writes all of it down."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import randbytes  # ids are no secrets, and asking the system costs a call each
from typing import Protocol

from localfn.errors import LocalfnError
from localfn.flow import Flow, aside, finish
from localfn.gateway.connection import Body, BodyTooLong
from localfn.gateway.guard import Guard
from localfn.gateway.ledger import Asked, Ledger, Record
from localfn.gateway.parts import in_parts
from localfn.gateway.sites import Found, Sites
from localfn.gateway.sockets import Sockets
from localfn.model import (
    BrokenBody,
    Call,
    CallMode,
    Calls,
    Event,
    FailureKind,
    Function,
    HttpReply,
    HttpRequest,
    Part,
    Patience,
    Result,
    Tunnel,
    Visit,
    WebRules,
)
from localfn.project import Project

START = "X-Localfn-Start"
Sink = Callable[[bytes], None]
HTTP = "http"
# What logs say of a client that did not wait; it is never sent.
CLIENT_GONE = 499
# Failures that are not the function's own; those are successes of the request.
STATUS: Mapping[FailureKind | None, int] = {
    FailureKind.THROTTLED: 429,
    FailureKind.CANCELED: CLIENT_GONE,
}


class Engine(Protocol):
    """What makes calls: a session of a project. Any number of threads may call it at once."""

    @property
    def project(self) -> Project:
        """Return the project as it is now."""

    def invoking(self, call: Call, follow: Sink, /) -> Flow[Result]:
        """Make a call, as a flow; `follow` gets the log as it is written."""

    def forward(
        self,
        call: Call,
        request: HttpRequest,
        follow: Sink,
        begun: Callable[[float | None], None],
        /,
    ) -> HttpReply:
        """Hand a request to a function that is a web server.

        Its instance is busy until the body of the reply, or its tunnel, is closed.
        """


class Desk:
    """Where every request for a function ends up, whichever door it came through.

    Also what the endpoints of a cloud's API are given to work with (`localfn.model.Calls`).
    """

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        rules: WebRules,
        enqueue: Callable[[Call], None],
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._rules = rules
        self._enqueue = enqueue
        self._web = engine.project.provider.web()
        self._known: tuple[Project, Sites] | None = None
        self._sockets = None if self._web.sockets is None else Sockets(self._web.sockets, self)

    # --- what an endpoint may do (Calls) -----------------------------------------------------

    @property
    def functions(self) -> Sequence[Function]:
        """Return the functions as they are now."""
        return self._engine.project.functions

    @property
    def rules(self) -> WebRules:
        """Return what the person at the terminal has decided."""
        return self._rules

    @property
    def sockets(self) -> Sockets:
        """Return the WebSockets that are open now; only clouds that have some ask."""
        assert self._sockets is not None
        return self._sockets

    def new_id(self, function: Function) -> str:
        """Return an id for a call that is about to be made."""
        return self._engine.project.provider.request_id(
            function,
            time.time(),
            randbytes(16),  # noqa: S311
        )

    def invoke(self, call: Call, door: str = "api") -> Result:
        """Make a call of the cloud's API and wait for its result."""
        record = self._ledger.open(call, Asked(door))
        result = self._make(call, record)
        failure = result.failure
        self._ledger.close(
            record, result, 200 if failure is None else STATUS.get(failure.kind, 200)
        )
        return result

    def stream(self, call: Call) -> Iterator[Part | Result]:
        """Make a call of the cloud's API; yield what comes of its answer, and last its result."""
        return in_parts(call, self.invoke)

    def enqueue(self, call: Call) -> None:
        """Make a call later; nobody waits for its result."""
        self._enqueue(call)

    def visit(self, function: Function, request: HttpRequest, uri: str) -> HttpReply:
        """Hand a request to a function's HTTP trigger."""
        trigger = self.sites.trigger_of(function)
        if trigger is None:
            return self._web.no_route(request, self.new_id(function))
        return finish(self.serve(request, Found(function, trigger, request.path, uri)))

    def too_long(self, request: HttpRequest) -> HttpReply | None:
        """Return the answer to a body that is known to be too long; else see that it is not."""
        return self._too_long(request, self._web.most_body_bytes(request), self.any_id())

    def found_too_long(self, request: HttpRequest) -> HttpReply:
        """Return the answer to a body that turned out to be too long."""
        return self._web.too_large(self._web.most_body_bytes(request), self.any_id())

    def broken(self, error: LocalfnError) -> HttpReply:
        """Return the answer where a function cannot be started on this machine."""
        return self._web.broken(_told(error), self.any_id())

    def any_id(self) -> str:
        """Return an id for a request that is about no function."""
        function = next(iter(self.functions), None)
        return "" if function is None else self.new_id(function)

    # --- what the gateway does ---------------------------------------------------------------

    @property
    def sites(self) -> Sites:
        """Return where the project's functions answer, as it is now."""
        project, known = self._engine.project, self._known
        if known is None or known[0] is not project:
            known = self._known = (project, Sites(project, self._web.sources))
        return known[1]

    async def about_sockets(self, request: HttpRequest, guard: Guard) -> HttpReply | None:
        """Return the answer to a request that is about WebSockets, None for any other; a flow."""
        sockets = self._sockets
        if sockets is None:
            return None
        is_opening = sockets.serves(request)
        if not is_opening and not sockets.manages(request):
            return None
        await aside()
        try:
            if is_opening:
                return sockets.opened(request)
            refused = guard.refuse_origin(request) or self.too_long(request)
            return refused or sockets.managed(request)
        except LocalfnError as error:
            return self.broken(error)

    def later(self, call: Call) -> Result:
        """Make a call of the backlog."""
        record = self._ledger.open(call, Asked("async"))
        result = self._make(call, record)
        self._ledger.close(record, result, 200 if result.failure is None else 500)
        return result

    def directly(self, call: Call, follow: Sink) -> Result:
        """Make a call of localfn's own API; `follow` gets the log as it is written."""
        record = self._ledger.open(call, Asked("invoke"))
        result = self._make(call, record, follow)
        self._ledger.close(record, result, 200 if result.failure is None else 500)
        return result

    async def serve(self, request: HttpRequest, found: Found) -> HttpReply:
        """Answer a request that has found its function, as a flow."""
        function = found.function
        inner = request if found.path == request.path else request._replace(path=found.path)
        if found.query is not None and found.query != request.query:
            inner = inner._replace(query=found.query)
        id_, moment = self.new_id(function), time.time()
        visit = Visit(
            inner, function, found.trigger, id_, moment, found.uri, found.own_domain, found.values
        )
        most = self._web.most_body_bytes(request)
        refused = self._too_long(inner, most, id_) or self._web.refuse(visit, self._rules)
        if refused is not None:
            return self._turn_away(visit, refused)
        if self._web.admit is not None and self._web.is_guarded(visit):
            await aside()
            admitted = self._admit(self._web.admit, visit)
            if isinstance(admitted, HttpReply):
                return self._turn_away(visit, admitted)
            visit, inner = admitted, admitted.request
        if self._passes_through(function):
            await aside()
            return self._pass_through(visit, found)
        if not isinstance(inner.body, bytes):
            await aside()
            try:
                inner = inner._replace(body=inner.whole_body())
            except BodyTooLong:
                return self._turn_away(visit, self._web.too_large(most, id_))
            visit = visit._replace(request=inner)
        patience = self._patience(visit)
        if patience is None:
            return await self._answer(visit, found)
        await aside()
        return self._answer_in_time(visit, found, patience)

    def _admit(
        self, admit: Callable[[Visit, Calls], Visit | HttpReply], visit: Visit
    ) -> Visit | HttpReply:
        """Ask those who stand before a function."""
        try:
            return admit(visit, self)
        except LocalfnError as error:
            return self._web.broken(_told(error), visit.id)
        except BodyTooLong:
            return self._web.too_large(self._web.most_body_bytes(visit.request), visit.id)

    def _patience(self, visit: Visit) -> Patience | None:
        """Return how long the cloud keeps a client waiting, where that may be too short."""
        patience = None if self._web.patience is None else self._web.patience(visit)
        if patience is None or self._rules.is_patient:
            return None
        return patience if visit.function.timeout_s > patience.limit_s else None

    def _answer_in_time(self, visit: Visit, found: Found, patience: Patience) -> HttpReply:
        """Answer a client whom the cloud keeps waiting only so long; the call goes on."""
        answered: queue.SimpleQueue[HttpReply] = queue.SimpleQueue()
        gone: list[HttpReply] = []
        threading.Thread(
            target=lambda: answered.put(finish(self._answer(visit, found, gone))),
            name="patient call",
            daemon=True,
        ).start()
        try:
            return answered.get(timeout=patience.limit_s)
        except queue.Empty:
            gone.append(patience.reply)
            return patience.reply

    async def _answer(
        self, visit: Visit, found: Found, gone: Sequence[HttpReply] = ()
    ) -> HttpReply:
        """Make an event of the request, a call of the event, a reply of the result.

        `gone` is what a client has got that did not wait for it.
        """
        event = self._web.event_from_http(visit, self._rules)
        call = Call(visit.function, event, id=visit.id, qualifier=found.qualifier)
        if self._web.is_asynchronous(visit.request):
            self._enqueue(call._replace(mode=CallMode.ASYNC))
            return self._web.accepted(visit)
        record = self._ledger.open(call, _asked(visit))
        try:
            if self._web.streams is not None and self._web.streams(visit):
                await aside()
                return self._answer_in_parts(visit, call, record)
            result = await self._making(call, record)
        except LocalfnError as error:
            return self._web.broken(_told(error), visit.id)
        reply = self._web.http_from_result(result, visit, self._rules)
        got = gone[0] if gone else reply
        self._ledger.close(record, result, got.status, got.why)
        return with_start(reply, result.cold_start_ms)

    def _answer_in_parts(self, visit: Visit, call: Call, record: Record) -> HttpReply:
        """Answer with what the function writes, as it writes it."""
        replied: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()

        def make(wanted: Call) -> Result:
            result = self._make(wanted, record)
            threading.Thread(target=close, args=(result,), name="record", daemon=True).start()
            return result

        def close(result: Result) -> None:
            # What the client got is known when the answer has begun.
            self._ledger.close(record, result, *replied.get())

        make_reply = self._web.http_from_parts
        assert make_reply is not None
        got = (CLIENT_GONE, "")
        try:
            reply = make_reply(in_parts(call, make), visit, self._rules)
            got = (reply.status, reply.why)
        finally:
            replied.put(got)
        return reply

    def _pass_through(self, visit: Visit, found: Found) -> HttpReply:
        """Hand the request itself to a function that is a web server."""
        call = Call(visit.function, Event(b"", "http"), id=visit.id, qualifier=found.qualifier)
        record = self._ledger.open(call, _asked(visit))
        try:
            reply = self._engine.forward(
                call,
                visit.request,
                lambda text: self._ledger.hear(record, text),
                record.note_start,
            )
        except LocalfnError as error:
            self._ledger.drop(record, 500, _told(error))
            return self._web.broken(_told(error), visit.id)
        except BodyTooLong:
            refused = self._web.too_large(self._web.most_body_bytes(visit.request), visit.id)
            self._ledger.drop(record, refused.status, "the body is too long")
            return refused
        except BrokenBody:
            self._ledger.drop(record, CLIENT_GONE, "the client has left")
            raise
        reply = self._web.forwarded(reply, visit, self._rules)
        if record.has_start:
            reply = with_start(reply, record.cold_start_ms)
        return _followed(reply, lambda: self._ledger.pass_by(record, reply.status))

    def _make(self, call: Call, record: Record, follow: Sink | None = None) -> Result:
        return finish(self._making(call, record, follow))

    async def _making(self, call: Call, record: Record, follow: Sink | None = None) -> Result:
        def hear(text: bytes) -> None:
            self._ledger.hear(record, text)
            if follow is not None:
                follow(text)

        try:
            return await self._engine.invoking(call, hear)
        except LocalfnError as error:
            self._ledger.drop(record, 500, _told(error))
            raise

    def _too_long(self, request: HttpRequest, most: int, id_: str) -> HttpReply | None:
        """Return the answer to a body that is known to be too long; else see that it is not."""
        body = request.body
        size = len(body) if isinstance(body, bytes) else _declared(request)
        if size > most:
            return self._web.too_large(most, id_)
        if isinstance(body, Body):
            body.most_bytes = most
        return None

    def _turn_away(self, visit: Visit, refused: HttpReply) -> HttpReply:
        call = Call(visit.function, Event(b"", "http"), id=visit.id)
        record = self._ledger.open(call, _asked(visit))
        said = refused.body if isinstance(refused.body, bytes) else b""
        self._ledger.drop(record, refused.status, refused.why or said.decode(errors="replace"))
        return refused

    def _passes_through(self, function: Function) -> bool:
        runtime = self._engine.project.provider.runtimes.get(function.runtime)
        return runtime is not None and runtime.wire == HTTP


class _FollowedBody:
    """A body that tells when it has been sent, or given up."""

    def __init__(self, body: Iterable[bytes], over: Callable[[], None]) -> None:
        self._body = body
        self._over = over

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self._over()


class _FollowedTunnel:
    """A tunnel that tells when it is closed, once."""

    def __init__(self, tunnel: Tunnel, over: Callable[[], None]) -> None:
        self.read, self.write, self._close = tunnel.read, tunnel.write, tunnel.close
        self._over = [over]

    def close(self) -> None:
        try:
            self._close()
        finally:
            if self._over:
                self._over.pop()()


def _followed(reply: HttpReply, over: Callable[[], None]) -> HttpReply:
    """Return a reply that calls `over` when the last of it has been sent."""
    if reply.tunnel is not None:
        return reply._replace(tunnel=_FollowedTunnel(reply.tunnel, over))
    if isinstance(reply.body, bytes):
        over()
        return reply
    return reply._replace(body=_FollowedBody(reply.body, over))


def with_start(reply: HttpReply, cold_start_ms: float | None) -> HttpReply:
    """Return the reply with what no cloud tells: whether an instance had to be started for it."""
    start = "warm" if cold_start_ms is None else "cold"
    status, headers, body, tunnel, why = reply
    return HttpReply(status, (*headers, (START, start)), body, tunnel, why)


def _asked(visit: Visit) -> Asked:
    return Asked("http", f"{visit.request.method} {visit.uri}")


def _declared(request: HttpRequest) -> int:
    declared = request.header("content-length")
    return int(declared) if declared.isdigit() else 0


def _told(error: LocalfnError) -> str:
    return f"{error.message} {error.hint}".strip()
