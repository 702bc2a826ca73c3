import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localfn.wires.frames import Assembly, BrokenFrame, encode

headers = st.dictionaries(
    st.text(max_size=20),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=50),
    max_size=5,
).map(lambda drawn: {**drawn, "kind": "invoke"})


def read_all(stream: bytes, size: int = 1 << 20) -> list:
    """The frames of a stream that arrives in pieces of this size."""
    assembly, frames = Assembly(), []
    for at in range(0, len(stream), size):
        frames += assembly.feed(stream[at : at + size])
    assembly.end()
    return frames


@given(st.lists(st.tuples(headers, st.binary(max_size=2000)), max_size=5), st.integers(1, 3000))
def test_frames_arrive_as_they_were_sent_whatever_the_pieces(sent: list, size: int) -> None:
    stream = b"".join(b"".join(encode(header, payload)) for header, payload in sent)

    got = read_all(stream, size)

    assert [(dict(each.header), each.payload) for each in got] == sent


@given(st.binary(max_size=200))
def test_nonsense_is_refused_or_read_but_never_anything_else(stream: bytes) -> None:
    try:
        frames = read_all(stream)
    except BrokenFrame:
        return

    assert all(each.kind for each in frames) or frames == []


@given(headers, st.binary(max_size=100), st.data())
def test_a_cut_stream_is_told_from_a_finished_one(
    header: dict, payload: bytes, data: st.DataObject
) -> None:
    whole = b"".join(encode(header, payload))
    cut = data.draw(st.integers(1, len(whole) - 1))

    with pytest.raises(BrokenFrame):
        read_all(whole[:cut])


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (struct.pack(">II", 1 << 31, 4), "cannot be"),
        (struct.pack(">II", 4, 8) + b"{}{}", "cannot be"),
        (struct.pack(">II", 4, 4) + b"nope", "not JSON"),
        (struct.pack(">II", 2, 2) + b"{}", "no kind"),
        (struct.pack(">II", 2, 2) + b"[]", "no kind"),
    ],
)
def test_a_broken_frame_says_what_is_wrong_with_it(stream: bytes, said: str) -> None:
    with pytest.raises(BrokenFrame, match=said):
        read_all(stream)
