"""Frames of WebSocket, however they arrive."""

import os
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localfn.gateway import websocket
from localfn.gateway.websocket import Broken, Code, Frame, Frames, Kind, Messages

MOST = 1 << 17


def masked(kind: int, payload: bytes, *, is_last: bool = True) -> bytes:
    first, size = (0x80 if is_last else 0) | kind, len(payload)
    if size < 126:
        head = struct.pack(">BB", first, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", first, 0x80 | 127, size)
    mask = os.urandom(4)
    told = bytes(each ^ mask[place % 4] for place, each in enumerate(payload))
    return head + mask + told


SIZES = st.one_of(st.integers(0, 200), st.sampled_from((125, 126, 127, (1 << 16) - 1, 1 << 16)))


@settings(deadline=None)
@given(st.lists(SIZES, max_size=4), st.integers(1, 70_000))
def test_frames_are_put_together_however_they_arrive(sizes: list[int], step: int) -> None:
    sent = [bytes(place % 251 for place in range(size)) for size in sizes]
    step = max(step, sum(sizes) // 500)
    frames, text = Frames(MOST), b"".join(masked(Kind.BINARY, each) for each in sent)

    came = [
        found
        for start in range(0, len(text), step)
        for found in frames.cut(text[start : start + step])
    ]

    assert came == [Frame(Kind.BINARY, each, True) for each in sent]


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
def test_a_message_is_the_sum_of_its_pieces(pieces: list[bytes]) -> None:
    messages = Messages(MOST)
    kinds = [Kind.BINARY, *[Kind.MORE] * (len(pieces) - 1)]

    said = [
        messages.add(Frame(kind, piece, place == len(pieces) - 1))
        for place, (kind, piece) in enumerate(zip(kinds, pieces, strict=True))
    ]

    assert said == [None] * (len(pieces) - 1) + [b"".join(pieces)]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x01x", Code.NONSENSE),
        (masked(3, b""), Code.NONSENSE),
        (masked(Kind.PING, b"x" * 126), Code.NONSENSE),
        (masked(Kind.TEXT, b"x" * (MOST + 1))[:20], Code.TOO_LARGE),
    ],
    # Named: bytes that differ from run to run are no name.
    ids=["bare", "unknown", "long-ping", "too-large"],
)
def test_what_is_no_frame_is_refused_before_it_is_whole(sent: bytes, code: Code) -> None:
    with pytest.raises(Broken) as caught:
        list(Frames(MOST).cut(sent))

    assert caught.value.code == code


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_servers_frame_tells_its_length(size: int) -> None:
    told = websocket.frame(Kind.TEXT, b"x" * size)

    assert told[0] == 0x81
    assert told.endswith(b"x" * size)
    assert len(told) - size == (2 if size < 126 else 4 if size < 65536 else 10)


@pytest.mark.parametrize(
    ("payload", "told"),
    [(b"", (1005, "")), (b"\x03", (1005, "")), (struct.pack(">H", 4001) + b"bye", (4001, "bye"))],
)
def test_an_end_tells_its_code(payload: bytes, told: tuple[int, str]) -> None:
    assert websocket.code_of(payload) == told
