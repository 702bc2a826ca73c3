"""A server that answers what a test says, and a client that speaks bytes."""

import inspect
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from localfn.flow import aside
from localfn.gateway.connection import Answer
from localfn.gateway.hub import Hub
from localfn.gateway.server import Server
from localfn.model import HttpReply, HttpRequest

LIMIT_S = 10.0
Plain = Callable[[HttpRequest], HttpReply]
Serve = Callable[[Answer | Plain], "Client"]


class Client:
    """Opens connections to a server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def open(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.server.port), LIMIT_S)
        link.settimeout(LIMIT_S)
        return link

    def ask(self, request: bytes) -> bytes:
        """All that is answered to these bytes until the server hangs up."""
        with closing(self.open()) as link:
            link.sendall(request)
            return read_all(link)


def read_all(link: socket.socket) -> bytes:
    pieces = []
    while piece := link.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def read_until(link: socket.socket, wanted: bytes) -> bytes:
    text = b""
    while wanted not in text:
        piece = link.recv(1 << 16)
        assert piece, text
        text += piece
    return text


def flowing(answer: Answer | Plain) -> Answer:
    """An answer that may block, as a flow."""
    if inspect.iscoroutinefunction(answer):
        return answer

    async def answering(request: HttpRequest) -> HttpReply:
        await aside()
        return answer(request)  # type: ignore[return-value]

    return answering


@pytest.fixture(params=["one thread for all", "a thread for each"])
def serve(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    servers = []
    monkeypatch.setattr(Hub, "is_possible", Hub.is_possible and request.param.startswith("one"))

    def start(answer: Answer | Plain) -> Client:
        server = Server("127.0.0.1", 0, flowing(answer))
        server.start()
        servers.append(server)
        return Client(server)

    yield start
    for each in servers:
        each.stop()
