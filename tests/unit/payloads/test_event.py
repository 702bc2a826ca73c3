import json
from pathlib import Path

import pytest

from localfn.errors import ProjectError, UsageError
from localfn.model import Event
from localfn.payloads.catalog import catalog, clouds, find_source, read_source
from localfn.payloads.event import generate, mismatches

EVERY = [
    pytest.param(source, kind, id=f"{source.cloud}-{source.name}-{kind}")
    for cloud in clouds()
    for source in catalog(cloud)
    for kind in source.events
]


def source_in(folder: Path, text: str, **files: str) -> Path:
    home = folder / "cloud" / "source"
    home.mkdir(parents=True)
    (home / "source.yaml").write_text(text)
    for name, content in files.items():
        (home / name.replace("_", ".")).write_text(content)
    return home


@pytest.mark.parametrize(("source", "kind"), EVERY)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(source, kind: str) -> None:
    first = generate(source, kind, {}, seed=1)

    assert first.payload
    assert generate(source, kind, {}, seed=1) == first
    differs = generate(source, kind, {}, seed=2).payload != first.payload
    assert differs


@pytest.mark.parametrize(("source", "kind"), EVERY)
def test_every_field_is_explained_and_reaches_some_event(source, kind: str) -> None:
    assert source.title
    assert source.contract
    for field in source.options:
        assert field.help, field.name


@pytest.mark.parametrize(("source", "kind"), EVERY)
def test_no_slot_is_left_in_an_event(source, kind: str) -> None:
    assert b"{{" not in generate(source, kind, {}, seed=3).payload


def test_records_of_a_batch_differ_from_each_other() -> None:
    queue = find_source("alibaba", "mns-queue")

    records = json.loads(generate(queue, "", {}, count=3, seed=1).payload)

    assert len({each["id"] for each in records}) == 3
    assert len({each["data"]["messageBody"] for each in records}) == 3


def test_a_given_value_wins_over_the_triggers_and_the_triggers_over_the_default() -> None:
    oss = find_source("alibaba", "oss")

    def bucket(event: Event) -> str:
        return json.loads(event.payload)["events"][0]["oss"]["bucket"]["name"]

    offered = {"bucket": "mine"}
    assert bucket(generate(oss, "", {"bucket": "given"}, offered=offered)) == "given"
    assert bucket(generate(oss, "", {}, offered=offered)) == "mine"
    assert bucket(generate(oss, "", {})) == "example-bucket"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (("ObjectCreated:*",), "ObjectCreated:PutObject"),
        (("ObjectRemoved:DeleteObjects",), "ObjectRemoved:DeleteObjects"),
        (
            ("ObjectModified:UpdateObjectMeta", "ObjectCreated:PostObject"),
            "ObjectCreated:PostObject",
        ),
    ],
)
def test_without_a_name_the_event_is_one_that_the_trigger_asks_for(
    asked: tuple[str, ...], name: str
) -> None:
    event = generate(find_source("alibaba", "oss"), "", {}, offered={"events": asked})

    assert json.loads(event.payload)["events"][0]["eventName"] == name


def test_an_event_that_the_trigger_would_not_deliver_is_made_but_doubted() -> None:
    oss = find_source("alibaba", "oss")
    offered = {
        "events": ("ObjectRemoved:*",),
        "bucket": "mine",
        "prefix": "raw/",
        "suffix": ".jpg",
        "enabled": False,
    }

    doubts = mismatches(oss, "put-object", {"bucket": "other", "key": "x.png"}, offered)

    told = "\n".join(doubts)
    assert len(doubts) == 5
    for part in ("ObjectRemoved:*", "not enabled", "`mine`", "`raw/`", "`.jpg`"):
        assert part in told
    assert (
        mismatches(
            oss,
            "delete-object",
            {"bucket": "mine", "key": "raw/a.jpg"},
            {**offered, "enabled": True},
        )
        == ()
    )


@pytest.mark.parametrize(
    ("name", "event", "given", "said"),
    [
        ("oss", "put-objec", {}, "put-objec"),
        ("oss", "", {"bukket": "x"}, "bukket"),
        ("oss", "", {"size": "many"}, "no integer"),
        ("oss", "", {"user_meta": "{"}, "no json"),
        ("oss", "", {"prefix": "hidden"}, "prefix"),
        ("oss", "", {"time": "yesterday"}, "no moment"),
        ("mns-queue", "", {"mode": "sometimes"}, "sometimes"),
    ],
)
def test_a_wrong_value_is_named_with_the_way_out(
    name: str, event: str, given: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        generate(find_source("alibaba", name), event, given)

    assert caught.value.hint


def test_several_records_need_a_batch() -> None:
    with pytest.raises(UsageError, match="`--count` must be 1"):
        generate(find_source("alibaba", "timer"), "", {}, count=2)
    with pytest.raises(UsageError, match="`--count` must be 1"):
        generate(find_source("alibaba", "mns-queue"), "", {"mode": "event-driven"}, count=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("events: {a: {file: none.json}}", r"`events\.a\.file` is `none\.json`"),
        ("events: {a: {fil: x}}", r"`events\.a` has `fil`"),
        ("events: {a: {}}\nfields: {x: {type: strin}}", r"`fields\.x\.type` has `strin`"),
        ("events: {a: {}}\nfields: {x: {fake: ssn}}", r"`fields\.x\.fake` has `ssn`"),
        ("events: {a: {}}\nfields: {x: {derive: {md6: y}}}", r"`fields\.x\.derive` has `md6`"),
        ("events: [a]", "`events` is not a mapping"),
        ("events: {a: ", "cannot be read"),
    ],
)
def test_a_source_that_is_written_wrong_is_told_with_file_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    home = source_in(tmp_path, text, a_json="{}")

    with pytest.raises(ProjectError, match=said):
        read_source(home)


def test_fields_that_are_made_of_each_other_are_told(tmp_path: Path) -> None:
    text = "events: {a: {}}\nfields: {x: {default: '{{ y }}'}, y: {default: '{{ x }}'}}"
    home = source_in(tmp_path, text, a_json='"{{ x }}"')

    with pytest.raises(ProjectError, match="x → y → x are made of each other"):
        generate(read_source(home), "", {})
