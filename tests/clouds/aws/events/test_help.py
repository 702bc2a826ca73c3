"""`localfn generate-event` teaches the cloud's sources."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from localfn.cli.root import root
from localfn.errors import UsageError
from localfn.payloads.catalog import names


def run(*words: str) -> str:
    result = CliRunner().invoke(root, words, prog_name="localfn")
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.mark.parametrize("name", names("aws"))
def test_a_source_is_taught_with_its_events_and_options(name: str) -> None:
    page = run("generate-event", "--provider", "aws", name, "--help")

    assert "Events:" in page or "It looks like this:" in page
    assert "Examples:" in page
    assert "--seed" in page


def test_the_page_of_all_sources_may_be_of_one_cloud() -> None:
    page = run("generate-event", "--provider", "aws", "--help")

    rows = page[page.index("SOURCE  ") :].splitlines()[1:]
    assert [each.split()[0] for each in rows] == list(names("aws"))


def test_the_cloud_may_be_named_before_the_command_or_behind_it() -> None:
    before = run("--provider", "aws", "generate-event", "eventbridge", "--seed", "1")
    behind = run("generate-event", "eventbridge", "--seed", "1", "--provider=aws")

    assert before == behind
    assert json.loads(before)["version"] == "0"


def test_who_invokes_with_an_event_by_another_name_is_told_ours(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event\n")
    words = ("-C", str(tmp_path), "--provider", "aws", "invoke", "app.py:handler")

    with pytest.raises(UsageError) as caught:
        run(*words, "--generate", "apigateway/aws-proxy")

    assert caught.value.hint == "Here that is `api/request`."


def test_a_source_of_two_clouds_needs_the_name_of_one() -> None:
    with pytest.raises(UsageError, match="`eventbridge` is a source of alibaba and aws"):
        run("generate-event", "eventbridge")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("apigateway", "aws-proxy"), "Here that is `api/request`."),
        (("apigateway/http-api-proxy",), "Here that is `http-api/request`."),
        (("sqs", "receive-message"), "Here that is `sqs/message`."),
        (("cloudwatch",), "Here that is `cloudwatch-logs/lines` or `schedule/tick`."),
        (("s3", "putt"), "Did you mean `s3/put`?"),
        (("sqss",), "Did you mean `sqs`?"),
    ],
)
def test_who_knows_an_event_by_another_name_is_told_ours(words: tuple[str, ...], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        run("generate-event", *words)

    assert caught.value.hint == hint
