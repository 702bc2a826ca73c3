from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from localfn.wires.tape import LogTape, mark, speaker_mark

TOKEN = "c0ffee"


@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=4),
    st.lists(st.integers(1, 20), max_size=40),
)
def test_a_tape_is_cut_at_the_marks_however_the_bytes_arrive(
    outputs: list[bytes], sizes: list[int]
) -> None:
    outputs = [each.replace(b"\0", b"") for each in outputs]
    stream = b"".join(printed + mark(TOKEN, str(number)) for number, printed in enumerate(outputs))
    tape = LogTape(TOKEN)

    for size in [*sizes, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        tape.feed(piece)

    assert [tape.take(str(number), 0) for number in range(len(outputs))] == outputs


def test_a_tape_passes_on_output_at_once_but_never_a_mark() -> None:
    heard: list[bytes] = []
    tape = LogTape(TOKEN)
    tape.follow("a", heard.append)

    tape.feed(b"first" + mark(TOKEN, "a")[:5])
    tape.feed(mark(TOKEN, "a")[5:] + b"second")

    assert b"".join(heard) == b"firstsecond"
    assert heard[0] == b"first"


def test_a_tape_that_ended_gives_all_it_has() -> None:
    tape = LogTape(TOKEN)
    tape.feed(b"last words\0half a mark")
    tape.end()

    assert tape.take("never", 60) == b"last words\0half a mark"


def test_a_tape_gives_up_waiting_for_a_mark_that_does_not_come() -> None:
    tape = LogTape(TOKEN)
    tape.feed(b"something")

    assert tape.take("never", 0.01) == b"something"


def test_what_came_after_the_last_mark_can_be_read_and_stays() -> None:
    tape = LogTape(TOKEN)
    tape.feed(b"before" + mark(TOKEN, "one") + b"after")

    assert tape.rest == b"after"
    assert tape.rest == b"after"
    assert tape.take("none", 0) == b"after"


def test_a_tape_gives_each_follower_what_its_speaker_prints() -> None:
    heard: dict[str, bytes] = {"a": b"", "b": b""}

    def sink(name: str) -> Callable[[bytes], None]:
        return lambda text: heard.update({name: heard[name] + text})

    tape = LogTape(TOKEN)
    tape.follow("a", sink("a"))
    tape.follow("b", sink("b"))

    tape.feed(b"of the last to begin; ")
    tape.feed(speaker_mark(TOKEN, "a") + b"of a; " + speaker_mark(TOKEN, "b")[:-4])
    tape.feed(speaker_mark(TOKEN, "b")[-4:] + b"of b; ")
    tape.leave("b")
    tape.feed(b"of who is left")

    assert heard == {"a": b"of a; of who is left", "b": b"of the last to begin; of b; "}


def test_a_tape_draws_from_its_source_only_while_somebody_waits() -> None:
    pieces = [b"one", mark(TOKEN, "1"), b"two"]

    def draw(satisfied: Callable[[], bool], limit_s: float | None) -> bool:
        while not satisfied():
            tape.feed(pieces.pop(0))
        return True

    tape = LogTape(TOKEN, draw)

    assert tape.take("1", 5) == b"one"
    assert pieces == [b"two"]
