import time
from pathlib import Path

import pytest

from localfn.reload.echoes import TIMES, Echoes

LOG, CODE = Path("/shop/app.log"), Path("/shop/index.py")


def change(echoes: Echoes, *paths: Path, after_s: float = 0.0) -> frozenset[Path]:
    """One reload, and a change so long after it."""
    echoes.note_loading("resize")
    echoes.note_loaded("resize")
    return echoes.note_changes("resize", paths, time.monotonic() + after_s)


def test_a_file_that_answers_many_reloads_in_a_row_is_an_echo() -> None:
    echoes = Echoes()

    assert [change(echoes, LOG) for _ in range(TIMES)] == [*[set()] * (TIMES - 1), {LOG}]
    assert echoes.known == {LOG}


def test_a_file_that_changes_while_the_function_is_loaded_answers_too() -> None:
    echoes = Echoes()
    echoes.note_loading("resize")

    found = [echoes.note_changes("resize", [LOG], time.monotonic()) for _ in range(TIMES)]

    assert found[-1] == {LOG}


def test_saves_of_a_person_are_no_echo_however_many() -> None:
    echoes = Echoes()

    for _ in range(3 * TIMES):
        assert change(echoes, CODE, after_s=0.5) == set()


def test_formatters_that_follow_a_save_are_no_echo() -> None:
    echoes = Echoes()

    for _ in range(TIMES):
        assert change(echoes, CODE, after_s=0.5) == set()
        assert [change(echoes, CODE) for _ in range(4)] == [set()] * 4


@pytest.mark.parametrize("breaks_after", [1, TIMES - 1])
def test_a_pause_breaks_the_row(breaks_after: int) -> None:
    echoes = Echoes()
    for _ in range(breaks_after):
        change(echoes, LOG)

    change(echoes, LOG, after_s=0.5)

    assert [change(echoes, LOG) for _ in range(TIMES)][-2:] == [set(), {LOG}]


def test_a_function_that_was_never_reloaded_answers_nothing() -> None:
    echoes = Echoes()

    assert [echoes.note_changes("resize", [LOG], time.monotonic()) for _ in range(TIMES)][
        -1
    ] == set()
