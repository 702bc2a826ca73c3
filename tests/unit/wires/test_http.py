"""The wire to servers: what is said once, what twice, and what a broken answer means."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from localfn.model import (
    Event,
    Failure,
    FailureKind,
    Fault,
    Function,
    Health,
    HttpContract,
    HttpReply,
    HttpRequest,
    InstancePlan,
    Invocation,
    Reply,
    Site,
)
from localfn.wires.http import HttpWire
from localfn.wires.said import GONE, TOO_LATE
from localfn.wires.tape import LogTape

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FUNCTION = Function("site", "any", "", Path("/code"))
INVOCATION = Invocation("1", FUNCTION, Event(b"event"), 0.0, 5.0)


def ask(kind: str, _: Function, __: Mapping[str, object], payload: bytes) -> HttpRequest | None:
    return None if kind == "load" else HttpRequest("POST", f"/{kind}", body=payload)


def mean(_: str, answer: HttpReply) -> Reply:
    assert isinstance(answer.body, bytes)
    return Reply(answer.body)


def contract(health: Health) -> HttpContract:
    return HttpContract(
        port=9000,
        port_variables=("PORT",),
        command=lambda function, code: ("server",),
        health=lambda function: health,
        request=ask,
        reply=mean,
        passed_on=lambda request, function, context: request,
        passed_back=lambda answer: answer,
        refusal=lambda result: HttpReply(502),
        fault=lambda fault: Failure(FailureKind.INIT_FAILED, told(fault), during_init=True),
    )


def told(fault: Fault) -> str:
    return f"{fault.kind.value} {fault.command} {fault.code}"


class Served:
    """A server in this process: each connection gets the next of the talks."""

    port = 9000
    is_relayed = False
    suspicion = ""

    def __init__(self, *talks: Callable[[socket.socket], None]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = self._socket.getsockname()[:2]
        self.tape = LogTape("")
        self.ended: object = None
        self.connections = 0
        self._talks = talks
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            talk = self._talks[min(self.connections, len(self._talks) - 1)]
            self.connections += 1
            self._open.append(link)
            threading.Thread(target=self._talk, args=(talk, link), daemon=True).start()

    def _talk(self, talk: Callable[[socket.socket], None], link: socket.socket) -> None:
        with link:
            try:
                talk(link)
            except OSError:
                return

    def close(self) -> None:
        # A thread that waits for a connection would keep the port open.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for each in self._open:
            each.close()

    def begin(self) -> None:
        return

    def listens(self) -> bool | None:
        return None

    def peak_memory_mb(self) -> float:
        return 0.0

    def settle(self) -> None:
        return

    def await_exit(self, limit_s: float) -> object:
        return self.ended

    def end(self) -> None:
        return

    def whereabouts(self) -> str:
        return ""

    def is_hidden(self) -> bool:
        return False


def read(link: socket.socket) -> bytes:
    came = b""
    while b"\r\n\r\n" not in came:
        piece = link.recv(1 << 16)
        if not piece:
            raise OSError("it hung up")
        came += piece
    return came


def polite(link: socket.socket) -> None:
    while True:
        read(link)
        link.sendall(OK)


def rude(link: socket.socket) -> None:
    read(link)


def hang_up(_: socket.socket) -> None:
    return


Open = Callable[..., tuple[HttpWire, Served]]


@pytest.fixture
def opened() -> Iterator[Open]:
    made: list[tuple[HttpWire, Served]] = []

    def make(
        *talks: Callable[[socket.socket], None], health: Health | None = None
    ) -> tuple[HttpWire, Served]:
        server = Served(*talks)
        plan = InstancePlan(
            FUNCTION, Site.PROCESS, "http", ("server",), Path("/code"), {},
            {"code": "/code", "shown_code": "/code"}, 128,
            contract=contract(health or Health()), load_timeout_s=1.0,
        )  # fmt: skip
        wire = HttpWire(plan, server, lambda line: None)  # type: ignore[arg-type]
        made.append((wire, server))
        return wire, server

    yield make
    for wire, server in made:
        wire.close()
        server.close()


def test_calls_share_one_connection(opened: Open) -> None:
    wire, server = opened(polite)
    assert wire.open({"context": {}}, 5).reply.failure is None

    replies = [wire.call(INVOCATION, {}, 5).reply for _ in range(3)]

    assert [each.payload for each in replies] == [b"ok"] * 3
    assert server.connections == 1


def test_calls_at_once_have_connections_of_their_own(opened: Open) -> None:
    together = threading.Barrier(2, timeout=5)

    def wait(link: socket.socket) -> None:
        read(link)
        together.wait()
        link.sendall(OK)

    wire, server = opened(wait)
    payloads: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: payloads.append(wire.call(INVOCATION, {}, 5).reply.payload))
        for _ in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert payloads == [b"ok", b"ok"]
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(opened: Open) -> None:
    def once(link: socket.socket) -> None:
        read(link)
        link.sendall(OK)

    wire, server = opened(once)
    first = wire.call(INVOCATION, {}, 5).reply
    while wire._idle[0].is_quiet():  # until it has hung up
        continue

    second = wire.call(INVOCATION, {}, 5).reply

    assert (first.payload, second.payload) == (b"ok", b"ok")
    assert server.connections == 2


def test_an_event_is_never_sent_twice(opened: Open) -> None:
    wire, server = opened(rude, polite)

    reply = wire.call(INVOCATION, {}, 5).reply

    assert reply.failure is not None
    assert reply.failure.kind is FailureKind.BAD_REPLY
    assert server.connections == 1


def test_a_harmless_request_is_sent_again_when_its_connection_breaks(opened: Open) -> None:
    wire, server = opened(rude, polite)

    reply = wire.forward(HttpRequest("GET", "/"), {}, 5)

    assert isinstance(reply, HttpReply)
    assert b"".join(reply.body) == b"ok"
    assert server.connections == 2


def test_a_post_that_is_passed_on_is_never_sent_twice(opened: Open) -> None:
    wire, server = opened(rude, polite)

    reply = wire.forward(HttpRequest("POST", "/", body=b"order"), {}, 5)

    assert isinstance(reply, Failure)
    assert reply.kind is FailureKind.BAD_REPLY
    assert server.connections == 1


class Ended:
    code = 3
    signal = 0
    out_of_memory = False


def test_a_connection_that_breaks_with_its_server_is_an_exit(opened: Open) -> None:
    wire, server = opened(rude)
    server.ended = Ended()

    assert wire.call(INVOCATION, {}, 5).reply.failure is GONE


def test_a_call_that_is_not_answered_in_time_is_too_late(opened: Open) -> None:
    wire, _ = opened(lambda link: threading.Event().wait(2) and None)

    assert wire.call(INVOCATION, {}, 0.1).reply.failure is TOO_LATE


def test_a_server_that_ends_before_it_listens_is_told_with_its_exit(opened: Open) -> None:
    wire, server = opened(polite)
    server.close()
    server.ended = Ended()

    failure = wire.open({"context": {}}, 5).reply.failure

    assert failure is not None
    assert failure.message == "exited server 3"


def test_a_server_that_never_listens_is_given_up(opened: Open) -> None:
    wire, server = opened(polite)
    server.close()

    failure = wire.open({"context": {}}, 5).reply.failure

    assert failure is not None
    assert failure.message == "unhealthy server 0"


def test_a_relay_that_accepts_and_hangs_up_is_no_server(opened: Open) -> None:
    wire, server = opened(hang_up, hang_up, polite)
    server.is_relayed = True

    assert wire.open({"context": {}}, 5).reply.failure is None
    assert server.connections == 3


def test_a_health_check_is_asked_until_it_is_met_so_often_in_a_row(opened: Open) -> None:
    statuses = iter([503, 200, 503, 200, 204])

    def ill_at_first(link: socket.socket) -> None:
        while True:
            assert read(link).startswith(b"GET /health?deep=1 ")
            link.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % next(statuses))

    wire, _ = opened(
        ill_at_first, health=Health("/health?deep=1", period_s=0.05, failures=100, successes=2)
    )

    assert wire.open({"context": {}}, 5).reply.failure is None
    assert next(statuses, None) is None


def test_a_body_that_is_not_taken_to_its_end_closes_its_connection(opened: Open) -> None:
    wire, server = opened(polite)
    reply = wire.forward(HttpRequest("GET", "/"), {}, 5)
    assert isinstance(reply, HttpReply)

    reply.body.close()  # type: ignore[union-attr]
    again = wire.forward(HttpRequest("GET", "/"), {}, 5)

    assert isinstance(again, HttpReply)
    assert b"".join(again.body) == b"ok"
    assert server.connections == 2


def test_a_connection_that_is_switched_becomes_a_tunnel(opened: Open) -> None:
    def switch(link: socket.socket) -> None:
        read(link)
        link.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nhello ")
        while piece := link.recv(1 << 16):
            link.sendall(piece)

    wire, _ = opened(switch)
    reply = wire.forward(HttpRequest("GET", "/", headers=(("Upgrade", "echo"),)), {}, 5)

    assert isinstance(reply, HttpReply)
    assert reply.tunnel is not None
    came = reply.tunnel.read()
    while came != b"hello ":
        came += reply.tunnel.read()
    reply.tunnel.write(b"world")
    assert reply.tunnel.read() == b"world"
    reply.tunnel.close()
