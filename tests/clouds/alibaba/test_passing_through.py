"""`localfn start-api` in front of a server of the user's own: everything passes as it comes."""

import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.gateways import LIMIT_S, Started, gateway

CODE = Path(__file__).parents[2] / "functions" / "alibaba" / "custom"
HOST = "web.localhost"
TEMPLATE = f"""\
edition: 3.0.0
name: site
resources:
  web:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: web
      runtime: custom.debian12
      code: {CODE}
      memorySize: 256
      timeout: 20
      customRuntimeConfig: {{command: [python3, web.py], port: 9000}}
      triggers:
        - triggerName: web
          triggerType: http
          triggerConfig: {{authType: anonymous, methods: [GET, POST]}}
"""


@pytest.fixture(
    scope="module", params=["process", pytest.param("docker", marks=pytest.mark.docker)]
)
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "s.yaml").write_text(TEMPLATE)
    bases = {name: value for name, value in os.environ.items() if name.startswith("LOCALFN_BASE_")}
    with gateway(folder, "--runner", request.param, environ=bases) as running:
        yield running


@pytest.fixture
def link(started: Started) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", started.port), LIMIT_S) as link:
        yield link


def send_head(link: socket.socket, start: str, *headers: str) -> None:
    link.sendall("\r\n".join((f"{start} HTTP/1.1", f"Host: {HOST}", *headers, "", "")).encode())


def test_a_request_reaches_the_server_as_it_is(started: Started) -> None:
    answer = started.ask("GET", "/a%20b?q=1", host=HOST)

    assert answer.status == 200, answer.body
    assert answer.body.endswith(b" /a%20b?q=1")


def test_events_arrive_while_the_answer_is_open(link: socket.socket) -> None:
    # The server never ends this answer: what comes before the function's time is over was passed on
    # as it came. Reading fails (or ends short) where anything on the way waits for the end.
    send_head(link, "GET /events")
    reply = http.client.HTTPResponse(link)
    reply.begin()

    assert reply.getheader("Content-Type") == "text/event-stream"
    assert reply.read(18) == b"data: 0\n\ndata: 1\n\n"
    link.settimeout(0.3)
    with pytest.raises(TimeoutError):
        link.recv(1)


def test_a_chunked_body_is_answered_while_it_is_sent(link: socket.socket) -> None:
    send_head(link, "POST /echo", "Transfer-Encoding: chunked")
    link.sendall(b"3\r\none\r\n")
    reply = http.client.HTTPResponse(link)
    reply.begin()

    assert reply.read(3) == b"one"
    link.sendall(b"3\r\ntwo\r\n0\r\n\r\n")
    assert reply.read() == b"two"


def test_a_websocket_is_a_tunnel_and_the_next_request_is_served(
    started: Started, link: socket.socket
) -> None:
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    switch = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key)
    send_head(link, "GET /switch", *switch)
    with link.makefile("rb") as came:
        assert came.readline().startswith(b"HTTP/1.1 101 ")
        head = b"".join(iter(came.readline, b"\r\n")).lower()
        assert b"upgrade: websocket\r\n" in head
        assert b"connection: upgrade\r\n" in head
        for piece in (b"\x81\x00", b"abc"):
            link.sendall(piece)
            assert came.read(2 * len(piece)) == piece.hex().upper().encode()

    assert started.ask("GET", "/after", host=HOST).body.endswith(b" /after")


def test_a_client_that_leaves_an_endless_answer_disturbs_no_other(started: Started) -> None:
    with socket.create_connection(("127.0.0.1", started.port), LIMIT_S) as gone:
        send_head(gone, "GET /endless")
        reply = http.client.HTTPResponse(gone)
        reply.begin()
        assert reply.read(5) == b"first"
        reply.close()

    assert started.ask("GET", "/after", host=HOST).body.endswith(b" /after")


def test_a_server_that_dies_is_answered_for_and_the_next_request_is_served(
    started: Started,
) -> None:
    died = started.ask("GET", "/die", host=HOST)

    assert died.status == 502
    assert b"Process exited unexpectedly" in died.body
    assert started.ask("GET", "/after", host=HOST).body.endswith(b" /after")
