import pytest

from localfn.gateway.replies import Framing, framed, framing_of, head_of, plain
from localfn.model import HttpReply


@pytest.mark.parametrize(
    ("reply", "method", "version", "header", "has_body"),
    [
        (HttpReply(200, (), b"four"), "GET", "1.1", "Content-Length: 4", True),
        (HttpReply(200, (), b"four"), "HEAD", "1.1", "Content-Length: 4", False),
        (
            HttpReply(200, (("content-length", "9"),), b""),
            "HEAD",
            "1.1",
            "Content-Length: 9",
            False,
        ),
        (
            HttpReply(200, (("content-length", "9"),), b"four"),
            "GET",
            "1.1",
            "Content-Length: 4",
            True,
        ),
        (HttpReply(204, (), b"four"), "GET", "1.1", "", False),
        (HttpReply(304), "GET", "1.1", "", False),
        (HttpReply(200, (), iter(())), "GET", "1.1", "Transfer-Encoding: chunked", True),
        (
            HttpReply(200, (("Content-Length", "9"),), iter(())),
            "GET",
            "1.1",
            "Content-Length: 9",
            True,
        ),
        (HttpReply(200, (), iter(())), "GET", "1.0", "", True),
    ],
)
def test_a_reply_is_framed_as_its_client_can_read_it(
    reply: HttpReply, method: str, version: str, header: str, has_body: bool
) -> None:
    framing = framing_of(reply, method, version)

    assert (framing.header, framing.has_body) == (header, has_body)
    assert framing.ends_connection == (header == "" and has_body)


def test_a_head_keeps_order_and_repeats_and_leaves_out_what_is_the_servers() -> None:
    headers = (("Set-Cookie", "a"), ("X", "é"), ("Set-Cookie", "b"), ("Connection", "x"))

    head = head_of(HttpReply(201, headers, b""), Framing("Content-Length: 0"), "close")

    lines = head.split(b"\r\n")
    assert lines[:5] == [
        b"HTTP/1.1 201 Created",
        b"Set-Cookie: a",
        b"X: \xe9",
        b"Set-Cookie: b",
        b"Content-Length: 0",
    ]
    assert lines[5].startswith(b"Date: ")
    assert lines[6:] == [b"Connection: close", b"", b""]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb"])
def test_a_header_never_breaks_out_of_its_line(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        head_of(HttpReply(200, (("X", value),)), Framing())


def test_pieces_are_chunked_and_empty_ones_left_out() -> None:
    assert list(framed([b"ab", b"", b"c"], Framing(is_chunked=True))) == [
        b"2\r\nab\r\n",
        b"1\r\nc\r\n",
        b"0\r\n\r\n",
    ]


@pytest.mark.parametrize("pieces", [[b"ab"], [b"abcd"]])
def test_a_body_of_another_length_than_declared_is_an_error(pieces: list[bytes]) -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        list(framed(pieces, Framing("Content-Length: 3", 3)))


def test_a_plain_reply_is_one_line_of_text() -> None:
    assert plain(404, "No.").body == b"No.\n"
