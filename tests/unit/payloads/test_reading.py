import json
import os
import threading
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


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"{}",))
    writer.start()

    assert read(str(pipe), stdin=nothing).payload == b"{}"
    writer.join()


def test_a_file_whose_name_only_begins_like_json_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "[id].json").write_bytes(b"file")
    (tmp_path / "1").write_bytes(b"one")
    monkeypatch.chdir(tmp_path)

    assert read("[id].json", stdin=nothing).payload == b"file"
    assert read("1", stdin=nothing).payload == b"1"
    assert read("./1", stdin=nothing).payload == b"one"


def test_bytes_of_the_command_line_are_passed_on_as_they_are() -> None:
    assert read(os.fsdecode(b'"\xff"'), stdin=nothing).payload == b'"\xff"'


def test_json_too_long_for_a_file_name_is_json() -> None:
    text = json.dumps(["x" * 100_000])

    assert read(text, stdin=nothing).payload == text.encode()
    with pytest.raises(UsageError, match="not valid JSON"):
        read(text + "]", stdin=nothing)


def test_a_folder_is_no_event(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read(str(tmp_path), stdin=nothing)


def test_a_dash_means_standard_input() -> None:
    assert read("-", stdin=lambda: b"\xff\x00").payload == b"\xff\x00"


def test_broken_json_is_told_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"not valid JSON.*line 1, column 8"):
        read('{"a": 1', stdin=nothing)


@pytest.mark.parametrize("name", ["evnt.json", "NaN", "Infinity", "1_0", "tru", "", "a\0b"])
def test_what_is_neither_a_file_nor_json_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=f"`{name}` is neither a file nor JSON"):
        read(name, stdin=nothing)
