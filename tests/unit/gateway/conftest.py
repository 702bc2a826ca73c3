"""A server that answers what a test says, and a client that speaks bytes."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from localfn.gateway.connection import Answer
from localfn.gateway.server import Server

LIMIT_S = 10.0
Serve = Callable[[Answer], "Client"]


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


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers = []

    def start(answer: Answer) -> Client:
        server = Server("127.0.0.1", 0, answer)
        server.start()
        servers.append(server)
        return Client(server)

    yield start
    for each in servers:
        each.stop()
