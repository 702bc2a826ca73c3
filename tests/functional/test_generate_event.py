"""`localfn generate-event` as a user runs it, through its command object."""

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import cbor2
import pytest
from click.testing import CliRunner, Result

from localfn.cli.generate_event import generate_event
from localfn.errors import UsageError
from localfn.payloads.catalog import catalog, clouds
from localfn.payloads.event import generate

EVERY_SOURCE = [source for cloud in clouds() for source in catalog(cloud)]
EVERY = [
    pytest.param(source, kind, id=f"{source.cloud}-{source.name}-{kind}")
    for source in EVERY_SOURCE
    for kind in source.events
]


def run(*words: str) -> Result:
    return CliRunner().invoke(generate_event, words, prog_name="localfn generate-event")


def told(*words: str) -> bytes:
    result = run(*words)
    assert result.exception is None, result.exception
    return result.stdout_bytes


def refused(*words: str) -> UsageError:
    result = run(*words)
    assert isinstance(result.exception, UsageError), result.output
    assert result.stdout_bytes == b""
    return result.exception


def sample(source, kind: str) -> str:
    """The beginning of an event as the help shows it, seeded and indented."""
    payload = generate(source, kind, {}, seed=1)
    if payload.content_type == "application/cbor":
        # CBOR has an order of keys of its own.
        lines = ["{"]
    elif payload.content_type == "application/json":
        parsed = json.loads(payload.payload)
        lines = json.dumps(parsed, indent=2, ensure_ascii=False).splitlines()
    else:
        lines = payload.payload.decode().splitlines()
    return "\n".join(f"    {line}" for line in lines)


@pytest.mark.parametrize(("source", "kind"), EVERY)
def test_every_event_can_be_printed_and_is_taught(source, kind: str) -> None:
    assert told(source.name, kind, "--cloud", source.cloud, "--seed", "1")

    page = told(source.name, kind, "--cloud", source.cloud, "--help").decode()

    assert f"{source.name}/{kind}" in page
    assert f"\n{sample(source, kind)[:200]}" in page
    for field in source.options:
        assert f"--{field.name.replace('_', '-')} {field.type.upper()}" in page


def test_an_event_is_printed_byte_for_byte() -> None:
    printed = told("timer", "--time", "2026-03-04T05:06:07Z", "--payload", "é")

    wanted = '{"triggerTime": "2026-03-04T05:06:07Z", "triggerName": "timer", "payload": "é"}'
    assert printed == wanted.encode()


@pytest.mark.parametrize(
    "words",
    [
        ("oss", "put-object", "--bucket", "mine", "--seed", "1"),
        ("oss/put-object", "--bucket=mine", "--seed=1"),
        ("--seed", "1", "oss", "--bucket", "mine", "put-object"),
        ("--cloud", "alibaba", "--bucket=mine", "oss", "--seed", "1"),
    ],
)
def test_words_may_stand_in_any_order(words: tuple[str, ...]) -> None:
    printed = told(*words)

    assert printed == told("oss", "put-object", "--bucket", "mine", "--seed", "1")
    assert json.loads(printed)["events"][0]["oss"]["bucket"]["name"] == "mine"


def test_a_value_may_begin_with_a_dash() -> None:
    assert json.loads(told("oss", "--delta-size", "-5"))["events"][0]["oss"]["object"][
        "deltaSize"
    ] == (-5)


def test_underscores_of_a_field_are_dashes_of_its_option() -> None:
    assert json.loads(told("timer", "--trigger-name", "tick"))["triggerName"] == "tick"


def test_several_records_are_printed_where_the_source_sends_batches() -> None:
    assert len(json.loads(told("kafka", "--count", "4"))) == 4
    assert "`--count` must be 1" in refused("timer", "--count", "2").message


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        ((), "which source?", "--list"),
        (("--seed", "1"), "`--seed` needs a source", "--list"),
        (("osss",), "`osss` is no event source", "Did you mean `oss`?"),
        (("oss", "put-objct"), "no event `put-objct`", "Did you mean `oss/put-object`?"),
        (("oss", "put-object", "more"), "`more` is one word too many", "oss EVENT"),
        (("oss/put-object", "put-object"), "`put-object` is one word too many", "oss EVENT"),
        (("oss", "--size", "big"), "`size` is `big`, which is no integer", "whole number"),
        (("oss", "--cloud", "mars"), "`mars` is no cloud with events", "alibaba"),
        (("--list", "--cloud", "mars"), "`mars` is no cloud with events", "alibaba"),
        (("oss", "-o", "/nowhere/at/all"), "`/nowhere/at/all` cannot be written", "folder"),
    ],
)
def test_a_wrong_word_is_named_with_the_way_out(
    words: tuple[str, ...], said: str, hint: str
) -> None:
    error = refused(*words)

    assert said in error.message
    assert hint in error.hint


def test_an_unknown_option_is_answered_with_the_one_meant() -> None:
    result = run("oss", "--bukket", "x")

    assert result.exit_code == 2
    assert "--bukket" in result.stderr
    assert "Did you mean" in result.stderr
    assert "--bucket" in result.stderr


def test_the_list_shows_every_event_of_all_sources_or_of_one() -> None:
    everything = told("--list").decode().splitlines()
    one = told("mns-topic", "--list").decode().splitlines()

    assert len(everything) == 1 + len(EVERY)
    assert [line.split()[2] for line in one[1:]] == [
        "stream",
        "stream-attributes",
        "json",
        "json-attributes",
    ]
    titles = ("The message as it is", "The message in an envelope")
    assert len({line.index(each) for line in one for each in titles if each in line}) == 1


def test_help_without_a_source_shows_the_sources() -> None:
    page = told("--help").decode()

    assert "localfn generate-event [OPTIONS] SOURCE [EVENT]" in page
    for source in EVERY_SOURCE:
        assert source.title in page


def test_help_behind_a_source_shows_events_fields_and_examples() -> None:
    page = told("oss", "--help").decode()

    assert "localfn generate-event oss put-object --bucket example-bucket" in page
    assert "delete-objects " in page
    assert "[default: example-bucket]" in page


def test_the_examples_of_every_page_can_be_run() -> None:
    for source in EVERY_SOURCE:
        page = told(source.name, "--help", "--provider", source.cloud).decode()
        line = next(each for each in page.splitlines() if each.startswith("    localfn generate"))

        words = shlex.split(line.split("generate-event ")[1])

        assert told(*[each for each in words if each not in ("-o", "event.bin")])


def test_an_event_is_written_to_a_file_whole(tmp_path: Path) -> None:
    target = tmp_path / "event.json"
    target.write_text("before, and longer than what follows" * 100)

    assert told("timer", "--seed", "1", "-o", str(target)) == b""

    assert target.read_bytes() == told("timer", "--seed", "1")
    assert [each.name for each in tmp_path.iterdir()] == ["event.json"]
    assert told("timer", "--seed", "1", "-o", "-") == target.read_bytes()


def test_a_link_is_followed_and_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.json").touch()
    (tmp_path / "link.json").symlink_to("real.json")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)

    told("timer", "--seed", "1", "-o", str(tmp_path / "link.json"))
    told("timer", "--seed", "1", "-o", str(tmp_path / "pipe"))

    printed = told("timer", "--seed", "1")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_bytes() == printed
    assert os.read(reader, 10_000) == printed
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    os.close(reader)


def test_a_binary_event_goes_to_files_and_pipes(tmp_path: Path) -> None:
    piped = told("tablestore", "--seed", "1")
    told("tablestore", "--seed", "1", "-o", str(tmp_path / "event.bin"))

    assert (tmp_path / "event.bin").read_bytes() == piped
    assert cbor2.loads(piped)["Version"] == "Sync-v1"


def test_a_binary_event_is_not_shown_at_a_terminal() -> None:
    code, shown, said = at_terminal("tablestore")

    assert (code, shown) == (2, b"")
    assert b"this event is binary (application/cbor)" in said
    assert b"-o FILE" in said


def test_a_line_is_ended_for_a_persons_eyes_only() -> None:
    code, shown, _ = at_terminal("timer", "--seed", "1")

    assert (code, shown) == (0, told("timer", "--seed", "1") + b"\r\n")


def at_terminal(*words: str) -> tuple[int, bytes, bytes]:
    """Run the command with a terminal as its output; returns its exit code and both outputs."""
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "localfn", "generate-event", *words],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        os.set_blocking(ours, False)
        return done.returncode, _rest(ours), done.stderr
    finally:
        os.close(theirs)
        os.close(ours)


def _rest(terminal: int) -> bytes:
    try:
        return os.read(terminal, 100_000)
    except BlockingIOError:
        return b""
