from pathlib import Path

import pytest

from localfn.errors import UsageError
from localfn.payloads.reading import read


def nothing() -> bytes:
    raise AssertionError("standard input was not asked for")


@pytest.mark.parametrize("text", ['{"a": 1}', "[1]", '"text"', "1", "-2.5", "true", "null", " {}"])
def test_json_text_is_the_event_itself(text: str) -> None:
    assert read(text, stdin=nothing).payload == text.encode()


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    content = bytes(range(256))
    (tmp_path / "event.bin").write_bytes(content)

    assert read(str(tmp_path / "event.bin"), stdin=nothing).payload == content


def test_a_dash_means_standard_input() -> None:
    assert read("-", stdin=lambda: b"\xff\x00").payload == b"\xff\x00"


def test_broken_json_is_told_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"not valid JSON.*line 1, column 8"):
        read('{"a": 1', stdin=nothing)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"`evnt\.json` is neither a file nor JSON"):
        read("evnt.json", stdin=nothing)
