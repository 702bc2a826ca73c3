"""The HTTP server, spoken to with bytes."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from localfn.errors import UsageError
from localfn.gateway import connection
from localfn.gateway.connection import Body, BodyTooLong
from localfn.gateway.replies import plain
from localfn.gateway.server import Server
from localfn.model import HttpReply, HttpRequest
from tests.unit.gateway.conftest import LIMIT_S, Serve, read_all, read_until

CLOSE = b"Connection: close\r\n\r\n"


def echo(request: HttpRequest) -> HttpReply:
    told = f"{request.method} {request.path} {request.query} ".encode()
    return HttpReply(200, (("X-Kind", type(request.body).__name__),), told + request.whole_body())


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_a_connection_serves_one_request_after_the_other(serve: Serve) -> None:
    with serve(echo).open() as link:
        for number in range(3):
            link.sendall(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
            answer = read_until(link, b"GET /%d  " % number)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"Connection" not in answer


def test_requests_sent_at_once_are_answered_in_order(serve: Serve) -> None:
    requests = b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(20))

    answer = serve(echo).ask(requests + b"GET /last HTTP/1.1\r\n" + CLOSE)

    assert [int(each.split(b" ")[0]) for each in answer.split(b"GET /")[1:-1]] == list(range(20))
    assert answer.endswith(b"GET /last  ")


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (b"POST /a HTTP/1.1\r\nContent-Length: 4\r\n" + CLOSE + b"body", b"POST /a  body"),
        (
            b"POST /a?b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
            + CLOSE
            + b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
            b"POST /a b body",
        ),
        (b"GET /old HTTP/1.0\r\n\r\n", b"GET /old  "),
        (b"HEAD / HTTP/1.1\r\n" + CLOSE, b""),
    ],
)
def test_a_request_of_every_form_is_answered(serve: Serve, request_: bytes, body: bytes) -> None:
    assert body_of(serve(echo).ask(request_)) == body


def test_an_old_client_that_wants_to_stay_is_told_that_it_may(serve: Serve) -> None:
    with serve(echo).open() as link:
        for _ in range(2):
            link.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"Connection: keep-alive" in read_until(link, b"GET /  ")


def test_a_body_that_comes_later_is_read_when_it_is_wanted(serve: Serve) -> None:
    with serve(echo).open() as link:
        link.sendall(b"POST / HTTP/1.1\r\nContent-Length: 6\r\n" + CLOSE + b"abc")
        time.sleep(0.05)
        link.sendall(b"def")

        answer = read_all(link)

    assert b"X-Kind: Body" in answer
    assert body_of(answer) == b"POST /  abcdef"


def test_a_client_that_asks_first_is_told_to_go_on_only_if_its_body_is_wanted(serve: Serve) -> None:
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n" + CLOSE
    with serve(echo).open() as link:
        link.sendall(head)
        assert read_until(link, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(b"body")
        assert body_of(read_all(link)) == b"POST /  body"

    assert b"100 Continue" not in serve(lambda _: plain(403, "No.")).ask(head)


def test_a_body_nobody_reads_is_not_taken_for_the_next_request(serve: Serve) -> None:
    with serve(lambda _: plain(400, "No.")).open() as link:
        link.sendall(b"POST / HTTP/1.1\r\nContent-Length: 60\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
        answer = read_until(link, b"No.")
        link.shutdown(socket.SHUT_WR)
        assert read_all(link) == b""

    assert b"Connection: close" in answer


def test_a_client_that_sends_too_much_still_gets_to_read_why(serve: Serve) -> None:
    def refuse(request: HttpRequest) -> HttpReply:
        assert isinstance(request.body, Body)
        request.body.most_bytes = 1000
        try:
            return echo(request)
        except BodyTooLong:
            return plain(413, "Too long.")

    with serve(refuse).open() as link:
        link.sendall(b"POST / HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n")
        link.sendall(bytes(20_000_000))
        answer = read_all(link)

    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.endswith(b"Too long.\n")


def test_pieces_arrive_as_they_are_made(serve: Serve) -> None:
    gate = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"data: first\n\n"
        assert gate.wait(LIMIT_S)
        yield b"data: second\n\n"

    with serve(lambda _: HttpReply(200, (), pieces())).open() as link:
        link.sendall(b"GET / HTTP/1.1\r\n" + CLOSE)
        early = read_until(link, b"first\n\n\r\n")
        gate.set()
        late = read_all(link)

    assert b"second" not in early
    assert b"Transfer-Encoding: chunked" in early
    assert late == b"e\r\ndata: second\n\n\r\n0\r\n\r\n"


def test_whoever_makes_pieces_is_told_when_the_client_has_left(serve: Serve) -> None:
    told = threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            told.set()

    with serve(lambda _: HttpReply(200, (), pieces())).open() as link:
        link.sendall(b"GET / HTTP/1.1\r\n\r\n")
        link.recv(1000)

    assert told.wait(LIMIT_S)


def test_pieces_that_break_off_end_the_connection_and_not_the_body(serve: Serve) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("broken")

    answer = serve(lambda _: HttpReply(200, (), pieces())).ask(b"GET / HTTP/1.1\r\n\r\n")

    assert answer.endswith(b"4\r\nhalf\r\n")


def test_a_bug_of_ours_is_one_requests_trouble(serve: Serve, caplog) -> None:
    def answer(request: HttpRequest) -> HttpReply:
        if request.path == "/bug":
            raise KeyError("bug")
        return echo(request)

    with serve(answer).open() as link:
        link.sendall(b"GET /bug HTTP/1.1\r\n\r\nGET /fine HTTP/1.1\r\n" + CLOSE)
        answers = read_all(link)

    assert answers.startswith(b"HTTP/1.1 500 ")
    assert answers.endswith(b"GET /fine  ")
    assert "KeyError" in caplog.text


def test_a_header_that_cannot_be_sent_becomes_an_error_of_ours(serve: Serve, caplog) -> None:
    reply = HttpReply(200, (("X", "a\r\nSet-Cookie: evil"),), b"")

    answer = serve(lambda _: reply).ask(b"GET / HTTP/1.1\r\n" + CLOSE)

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"evil" not in answer
    assert "line break" in caplog.text


@pytest.mark.parametrize(
    ("nonsense", "status"),
    [(b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, b"431")],
)
def test_what_is_no_http_is_refused_and_hung_up_on(
    serve: Serve, nonsense: bytes, status: bytes
) -> None:
    answer = serve(echo).ask(nonsense)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer


def test_clients_that_say_nothing_or_only_half_do_not_hold_up_others(serve: Serve) -> None:
    client = serve(echo)
    idle = [client.open() for _ in range(50)]
    for number, link in enumerate(idle):
        link.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"[: number % 3 * 20])

    started = time.monotonic()
    answer = client.ask(b"GET / HTTP/1.1\r\n" + CLOSE)

    assert body_of(answer) == b"GET /  "
    assert time.monotonic() - started < 2
    for link in idle:
        link.close()


def test_a_client_that_dawdles_over_its_head_is_hung_up_on(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    with serve(echo).open() as link:
        answer = b""
        try:
            for letter in b"GET / HTTP/1.1\r\nX: " + b"y" * 100:
                link.sendall(bytes([letter]))
                time.sleep(0.02)
            answer = read_all(link)
        except OSError:
            pass

    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def test_a_client_that_takes_nothing_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALL_S", 0.3)
    told = threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 1_000_000
        finally:
            told.set()

    with serve(lambda _: HttpReply(200, (), pieces())).open() as link:
        link.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert told.wait(LIMIT_S)


class Loop:
    """A tunnel that says everything twice."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.closed = threading.Event()

    def read(self) -> bytes:
        piece = self.theirs.recv(1000)
        return piece + piece

    def write(self, piece: bytes) -> None:
        self.ours.sendall(piece)

    def close(self) -> None:
        self.closed.set()
        for each in (self.ours, self.theirs):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def test_an_upgraded_connection_passes_bytes_both_ways(serve: Serve) -> None:
    tunnel = Loop()
    headers = (("Upgrade", "x"), ("Connection", "Upgrade"))

    with serve(lambda _: HttpReply(101, headers, tunnel=tunnel)).open() as link:
        link.sendall(b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nearly")
        answer = read_until(link, b"earlyearly")
        link.sendall(b"\x00\xff")
        more = read_until(link, b"\x00\xff\x00\xff")

    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n")
    assert more == b"\x00\xff\x00\xff"
    assert tunnel.closed.wait(LIMIT_S)


def test_an_upgrade_that_is_not_taken_ends_the_connection(serve: Serve) -> None:
    answer = serve(echo).ask(b"GET /a HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nxx")

    assert b"Connection: close" in answer
    assert body_of(answer) == b"GET /a  "


def test_stopping_hangs_up_on_everybody_and_frees_the_port(serve: Serve) -> None:
    client = serve(echo)
    with client.open() as link:
        link.sendall(b"GET / HTTP/1.1\r\n\r\n")
        read_until(link, b"GET /  ")
        port = client.server.port

        client.server.stop()
        client.server.stop()

        assert link.recv(10) == b""
    again = Server("127.0.0.1", port, echo)
    again.stop()


def test_a_port_in_use_is_an_error_that_names_who_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(UsageError) as caught:
            Server("127.0.0.1", port, echo)

    assert f"the port {port} is in use by" in caught.value.message
    assert "--port" in caught.value.hint


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(UsageError, match="no address of this machine"):
        Server("203.0.113.7", 0, echo)
