"""Functions that are web servers themselves: requests and answers pass through as they come."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import pytest

from localfn import providers
from localfn.gateway.gateway import Gateway, Wishes
from localfn.gateway.ledger import Ledger
from localfn.invoke.backlog import Backlog
from localfn.model import Call, Function, HttpReply, HttpRequest, Repeats, Runtime, Trigger
from localfn.project import Project
from tests.unit.gateway.conftest import LIMIT_S, Serve, read_all, read_until

CLOUD = providers.load(providers.names()[0])
SERVED = CLOUD._replace(runtimes=MappingProxyType({"own": Runtime("own", "any", "1", wire="http")}))
FUNCTION = Function("web", "own", "", Path(), triggers=(Trigger("http", "web"),))
CLOSE = b"Host: localhost\r\nConnection: close\r\n\r\n"


class Echo:
    """A tunnel that says back what it hears."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()

    def read(self) -> bytes:
        return self._theirs.recv(1000)

    def write(self, piece: bytes) -> None:
        self._ours.sendall(piece)

    def close(self) -> None:
        for each in (self._ours, self._theirs):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Engine:
    """Answers what a test says, instead of a function."""

    def __init__(self, reply) -> None:
        self.project = Project(Path(), None, SERVED, (FUNCTION,))
        self.reply = reply
        self.asked: list[HttpRequest] = []

    async def invoking(self, call: Call, follow, /):
        raise AssertionError("nothing is invoked")

    def forward(self, call: Call, request: HttpRequest, follow, begun, /) -> HttpReply:
        self.asked.append(request)
        begun(None)
        follow(b"printed")
        return self.reply(request)


class Scene:
    def __init__(self, reply, serve: Serve) -> None:
        self.over = threading.Event()
        self.engine = Engine(reply)
        self.ledger = Ledger(lambda record, result: self.over.set())
        backlog = Backlog(lambda call: None, lambda _: Repeats(0, 1), print)  # type: ignore[arg-type,return-value]
        self.gateway = Gateway(self.engine, Wishes(), self.ledger, "token", backlog)
        self.client = serve(self.gateway.answer)


def test_pieces_pass_as_the_function_makes_them(serve: Serve) -> None:
    gate = threading.Event()

    def reply(_: HttpRequest) -> HttpReply:
        def pieces() -> Iterator[bytes]:
            yield b"data: 1\n\n"
            assert gate.wait(LIMIT_S)
            yield b"data: 2\n\n"

        return HttpReply(
            200, (("Content-Type", "text/event-stream"), ("X-A", "1"), ("X-A", "2")), pieces()
        )

    scene = Scene(reply, serve)
    with scene.client.open() as link:
        link.sendall(b"GET /events HTTP/1.1\r\n" + CLOSE)
        early = read_until(link, b"data: 1\n\n")
        assert not scene.over.is_set()
        gate.set()
        late = read_all(link)

    assert b"X-A: 1\r\nX-A: 2\r\n" in early
    assert b"data: 2" not in early
    assert b"data: 2" in late
    assert scene.over.wait(LIMIT_S)
    (record,) = scene.ledger.records
    assert (record.status, bytes(record.output)) == (200, b"printed")


def test_a_body_passes_as_the_client_sends_it(serve: Serve) -> None:
    seen: list[bytes] = []
    first = threading.Event()

    def reply(request: HttpRequest) -> HttpReply:
        for piece in request.body:
            seen.append(piece)
            first.set()
        return HttpReply(200, (), b"taken")

    scene = Scene(reply, serve)
    with scene.client.open() as link:
        link.sendall(
            b"POST /a%2Fb?q HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + CLOSE + b"3\r\none\r\n"
        )
        assert first.wait(LIMIT_S)
        link.sendall(b"3\r\ntwo\r\n0\r\n\r\n")
        answer = read_all(link)

    assert answer.endswith(b"taken")
    assert seen == [b"one", b"two"]
    assert (scene.engine.asked[0].path, scene.engine.asked[0].query) == ("/a%2Fb", "q")


def test_a_websocket_is_handed_over(serve: Serve) -> None:
    headers = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", "x"))
    scene = Scene(lambda _: HttpReply(101, headers, tunnel=Echo()), serve)

    with scene.client.open() as link:
        link.sendall(b"GET /ws HTTP/1.1\r\nHost: localhost\r\n")
        link.sendall(b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        head = read_until(link, b"\r\n\r\n")
        link.sendall(b"\x81\x05hello")
        assert read_until(link, b"hello") == b"\x81\x05hello"

    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"Connection: Upgrade\r\n" in head
    assert scene.over.wait(LIMIT_S)


def test_a_client_that_leaves_gives_the_instance_back(serve: Serve) -> None:
    closed = threading.Event()

    def reply(_: HttpRequest) -> HttpReply:
        def pieces() -> Iterator[bytes]:
            try:
                while True:
                    yield b"x" * 100_000
            finally:
                closed.set()

        return HttpReply(200, (), pieces())

    scene = Scene(reply, serve)
    with scene.client.open() as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        link.recv(1000)

    assert closed.wait(LIMIT_S)
    assert scene.over.wait(LIMIT_S)


@pytest.mark.parametrize("framing", [b"Content-Length: 99999999", b"Transfer-Encoding: chunked"])
def test_a_body_over_the_clouds_limit_is_refused_however_it_is_framed(
    serve: Serve, framing: bytes
) -> None:
    def reply(request: HttpRequest) -> HttpReply:
        for _ in request.body:
            pass
        return HttpReply(200)

    scene = Scene(reply, serve)
    piece = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    with scene.client.open() as link:
        link.sendall(b"POST / HTTP/1.1\r\n" + framing + b"\r\n" + CLOSE)
        with suppress(OSError):
            for _ in range(40):
                link.sendall(piece)
            link.shutdown(socket.SHUT_WR)
        answer = read_all(link)

    assert answer.startswith(b"HTTP/1.1 400 ")
