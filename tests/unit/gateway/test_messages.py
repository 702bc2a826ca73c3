from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localfn.gateway.messages import MOST_HEAD_BYTES, BadRequest, Message, Messages

POST = b"POST /a%20b?q=1 HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\nbody"
CHUNKED = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
GET = b"GET / HTTP/1.1\r\n\r\n"


def read_all(stream: bytes, size: int) -> list[Message]:
    messages = Messages()
    for at in range(0, len(stream), size):
        messages.feed(stream[at : at + size])
    return list(messages.queue)


@given(st.integers(1, 200))
def test_requests_are_told_apart_however_their_bytes_arrive(size: int) -> None:
    first, second, third = read_all(POST + CHUNKED + GET, size)

    assert (first.method, first.target) == ("POST", ("/a%20b", "q=1"))
    assert first.headers[1:3] == [("X-A", "1"), ("X-A", "2")]
    assert first.whole_body() == b"body"
    assert second.whole_body() == b"abcde"
    assert (third.method, third.is_whole, third.whole_body()) == ("GET", True, b"")


@given(st.binary(max_size=300))
def test_nonsense_is_refused_or_waited_for_but_never_anything_else(stream: bytes) -> None:
    with suppress(BadRequest):
        Messages().feed(stream)


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("/a?b?c#d", ("/a", "b?c")),
        ("http://x:1/a/b?c", ("/a/b", "c")),
        ("http://x", ("/", "")),
        ("/http://x/y", ("/http://x/y", "")),
        ("//a//b/", ("//a//b/", "")),
    ],
)
def test_the_target_is_taken_as_it_was_sent(line: str, target: tuple[str, str]) -> None:
    (message,) = read_all(f"GET {line} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 1000)

    assert message.target == target


@pytest.mark.parametrize(
    "stream",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbodyx",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nBad Header: 1\r\n\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(stream: bytes) -> None:
    with pytest.raises(BadRequest):
        read_all(stream, 1000)


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        read_all(b"GET / HTTP/1.1\r\nX: " + b"x" * MOST_HEAD_BYTES, 1000)

    assert caught.value.status == 431


def test_what_follows_an_upgrade_is_kept_as_it_is() -> None:
    messages = Messages()

    messages.feed(b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x81\x00rest")

    assert messages.queue[0].upgrades
    assert messages.rest == b"\x81\x00rest"
