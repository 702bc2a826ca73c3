"""HTTP as servers really speak it: sized, chunked, to the end, broken, and not at all."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from localfn.model import BrokenBody, HttpRequest
from localfn.wires.link import Broken, Link, Nonsense

GET = HttpRequest("GET", "/a%20b", "q=1", (("X-One", "1"), ("X-One", "2")))
Talk = Callable[[socket.socket], None]


@pytest.fixture
def linked() -> Iterator[Callable[[Talk], Link]]:
    """Open a link to a server that does one thing with its connection."""
    links: list[Link] = []
    with socket.create_server(("127.0.0.1", 0)) as served:

        def serve(talk: Talk) -> Link:
            def accept() -> None:
                with served.accept()[0] as link:
                    talk(link)

            threading.Thread(target=accept, daemon=True).start()
            links.append(Link(served.getsockname()[:2]))
            return links[-1]

        yield serve
        for each in links:
            each.close()


def answering(*pieces: bytes) -> Talk:
    """Answer the first request with these pieces, and hang up."""

    def talk(link: socket.socket) -> None:
        link.recv(1 << 16)
        for piece in pieces:
            link.sendall(piece)
            time.sleep(0.01)

    return talk


def whole(link: Link, request: HttpRequest = GET) -> tuple[int, bytes]:
    head = link.ask(request, time.monotonic() + 5)
    return head.status, b"".join(link.pieces(head))


@pytest.mark.parametrize(
    ("pieces", "reusable"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"he", b"llo"), True),
        ((b"HTTP/1.1 200 OK\r\ncontent-length:5\r\nConnection: close\r\n\r\nhello",), False),
        (
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r",
                b"\nhe\r\n3\r\nllo\r\n",
                b"0\r\nTrailer: 1\r\n\r\n",
            ),
            True,
        ),
        ((b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo"), False),
        ((b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",), False),
        (
            (
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            ),
            True,
        ),
    ],
    ids=["sized", "closing", "chunked", "to-the-end", "old", "interim"],
)
def test_a_body_is_read_to_its_end_however_that_is_told(
    linked: Callable[[Talk], Link], pieces: tuple[bytes, ...], reusable: bool
) -> None:
    link = linked(answering(*pieces))

    assert whole(link) == (200, b"hello")
    assert link.is_reusable is reusable


def test_an_answer_to_head_has_no_body(linked: Callable[[Talk], Link]) -> None:
    link = linked(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))

    assert whole(link, GET._replace(method="HEAD")) == (200, b"")


def test_pieces_come_as_the_server_sends_them(linked: Callable[[Talk], Link]) -> None:
    more = threading.Event()

    def talk(link: socket.socket) -> None:
        link.recv(1 << 16)
        link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        more.wait(5)
        link.sendall(b"3\r\ntwo\r\n0\r\n\r\n")

    link = linked(talk)
    pieces = link.pieces(link.ask(GET, time.monotonic() + 5))

    assert next(pieces) == b"one"
    more.set()
    assert list(pieces) == [b"two"]


def test_a_request_goes_out_in_one_write_with_its_headers_in_order(
    linked: Callable[[Talk], Link],
) -> None:
    came: list[bytes] = []

    def talk(link: socket.socket) -> None:
        came.append(link.recv(1 << 16))
        link.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    link = linked(talk)
    status, _ = whole(link, GET._replace(method="POST", body=b"body"))

    head, _, body = came[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert status == 204
    assert lines[0] == b"POST /a%20b?q=1 HTTP/1.1"
    assert lines[1:3] == [b"X-One: 1", b"X-One: 2"]
    assert b"Content-Length: 4" in lines
    assert body == b"body"


def test_a_large_body_is_answered_while_it_is_sent(linked: Callable[[Talk], Link]) -> None:
    size = 8 << 20

    def echo(link: socket.socket) -> None:
        came = link.recv(1 << 16)
        left = size - len(came.partition(b"\r\n\r\n")[2])
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        link.sendall(came.partition(b"\r\n\r\n")[2])
        while left:
            piece = link.recv(1 << 16)
            left -= len(piece)
            link.sendall(piece)

    status, body = whole(linked(echo), HttpRequest("POST", "/", body=b"x" * size))

    assert status == 200
    assert len(body) == size


def test_a_body_of_pieces_is_sent_as_it_comes_while_the_answer_is_read(
    linked: Callable[[Talk], Link],
) -> None:
    first_back = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"one"
        assert first_back.wait(5)
        yield b"two"

    def echo(link: socket.socket) -> None:
        came = b""
        while b"one" not in came:
            came += link.recv(1 << 16)
        link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        while not came.endswith(b"0\r\n\r\n"):
            came += link.recv(1 << 16)
        link.sendall(b"3\r\ntwo\r\n0\r\n\r\n" if b"two" in came else b"0\r\n\r\n")

    link = linked(echo)
    pieces = link.pieces(link.ask(HttpRequest("POST", "/", body=body()), time.monotonic() + 5))

    assert next(pieces) == b"one"
    first_back.set()
    assert list(pieces) == [b"two"]


def test_a_body_whose_sender_gives_up_does_not_arrive_as_a_whole_one(
    linked: Callable[[Talk], Link],
) -> None:
    came: list[bytes] = []
    ended = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"half"
        raise BrokenBody("the client went away")

    def talk(link: socket.socket) -> None:
        while piece := link.recv(1 << 16):
            came.append(piece)
        ended.set()

    with pytest.raises(Broken):
        linked(talk).ask(HttpRequest("POST", "/", body=body()), time.monotonic() + 5)

    assert ended.wait(5)
    assert not b"".join(came).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "pieces",
    [
        (b"220 mail.example.com\r\n",),
        (b"HTTP/1.1 fine\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,),
    ],
    ids=["another protocol", "no status", "no colon", "no length", "no chunk", "endless head"],
)
def test_nonsense_is_told_from_a_broken_connection(
    linked: Callable[[Talk], Link], pieces: tuple[bytes, ...]
) -> None:
    with pytest.raises(Nonsense):
        whole(linked(answering(*pieces)))


@pytest.mark.parametrize(
    ("pieces", "silent"),
    [
        ((), True),
        ((b"HTTP/1.1 2",), False),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel",), False),
    ],
    ids=["nothing", "within the head", "within the body"],
)
def test_a_broken_connection_tells_whether_anything_came(
    linked: Callable[[Talk], Link], pieces: tuple[bytes, ...], silent: bool
) -> None:
    with pytest.raises(Broken) as told:
        whole(linked(answering(*pieces)))

    assert told.value.silent is silent


def test_a_server_that_does_not_answer_is_given_up_at_the_deadline(
    linked: Callable[[Talk], Link],
) -> None:
    over = threading.Event()
    link = linked(lambda link: over.wait(5) and None)

    with pytest.raises(TimeoutError):
        link.ask(GET, time.monotonic() + 0.1)

    over.set()


def test_a_server_that_does_not_read_is_given_up_at_the_deadline(
    linked: Callable[[Talk], Link],
) -> None:
    over = threading.Event()
    link = linked(lambda link: over.wait(5) and None)

    with pytest.raises(TimeoutError):
        link.ask(HttpRequest("POST", "/", body=b"x" * (64 << 20)), time.monotonic() + 0.3)

    over.set()
