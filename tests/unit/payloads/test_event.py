import base64
import gzip
import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localfn.errors import ProjectError, UsageError
from localfn.model import Event
from localfn.payloads.catalog import catalog, clouds, find_source
from localfn.payloads.event import generate, mismatches
from localfn.payloads.moments import to_moment
from localfn.payloads.source_file import read_source

EVERY_SOURCE = [source for cloud in clouds() for source in catalog(cloud)]
EVERY = [
    pytest.param(source, kind, id=f"{source.cloud}-{source.name}-{kind}")
    for source in EVERY_SOURCE
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
        ("oss", "", {"size": True}, "no integer"),
        ("oss", "", {"size": [1]}, "no integer"),
        ("oss", "", {"meta": "perhaps"}, "no boolean"),
        ("oss", "", {"bucket": {}}, "no string"),
        ("oss", "", {"bucket": "\udcff"}, r"`\\udcff`, which is no string"),
        ("oss", "", {"user_meta": "{"}, "no object"),
        ("oss", "", {"user_meta": "[1]"}, "no object"),
        ("oss", "", {"user_meta": '{"a": NaN}'}, "no object"),
        ("oss", "", {"user_meta": r'{"a": "\ud800"}'}, "no object"),
        ("log", "", {"parameter": "{"}, "no json"),
        ("kafka", "", {"headers": "[1"}, "no list"),
        ("oss", "", {"prefix": "hidden"}, "prefix"),
        ("oss", "", {"time": "yesterday"}, "no time"),
        ("oss", "", {"time": "0001-01-01T00:00:00+14:00"}, "no time"),
        ("oss", "", {"time": "1772600767000000"}, "no time"),
        ("mns-queue", "", {"mode": "sometimes"}, "sometimes"),
    ],
)
def test_a_wrong_value_is_named_with_the_way_out(
    name: str, event: str, given: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        generate(find_source("alibaba", name), event, given)

    assert caught.value.hint


ODD = {
    "integer": ["0", "-9" + "9" * 30],
    "object": ['{"": null, "a": {"b": [1, null]}}', '{"a": []}'],
    "list": ["", '[1, null, {"a": []}]'],
    "json": ["null", '[[""]]'],
}


@pytest.mark.parametrize(
    "source", [pytest.param(each, id=f"{each.cloud}-{each.name}") for each in EVERY_SOURCE]
)
def test_an_odd_value_makes_an_event_or_is_refused_in_words(source) -> None:
    kind = source.default or next(iter(source.events))
    for field in source.options:
        for odd in ODD.get(field.type, [] if field.choices else ["{{ x }}\0é"]):
            with suppress(UsageError):
                assert generate(source, kind, {field.name: odd}, seed=1).payload


def test_a_wrong_value_of_the_trigger_is_said_to_be_the_triggers() -> None:
    queue = find_source("alibaba", "mns-queue")

    with pytest.raises(UsageError, match="in the function's trigger: `mode` is `sometimes`"):
        generate(queue, "", {}, offered={"mode": "sometimes"})


def test_a_source_that_is_not_there_is_named_with_the_one_meant() -> None:
    for name, hint in (("timr", "Did you mean `timer`?"), ("../alibaba/oss", "oss"), ("", "oss")):
        with pytest.raises(UsageError, match="is no event source") as caught:
            find_source("alibaba", name)

        assert hint in caught.value.hint


@pytest.mark.parametrize(
    "given",
    ["2026-03-04T05:06:07Z", "2026-03-04T13:06:07+08:00", "1772600767", "2026-03-04 05:06:07"],
)
def test_a_moment_may_be_written_in_several_ways(given: str) -> None:
    timer = find_source("alibaba", "timer")

    event = generate(timer, "", {"time": given})

    assert json.loads(event.payload)["triggerTime"] == "2026-03-04T05:06:07Z"


def test_an_event_happens_now_where_nobody_says_when() -> None:
    timer = find_source("alibaba", "timer")

    def moment(**options: float) -> str:
        return json.loads(generate(timer, "", {}, **options).payload)["triggerTime"]  # type: ignore[arg-type]

    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    assert before < to_moment(moment()) < before + timedelta(seconds=60)
    assert moment(now=1772600767.9) == moment(now=1772600767.9, seed=1) == "2026-03-04T05:06:07Z"


def test_a_given_moment_leaves_what_a_seed_invents() -> None:
    oss = find_source("alibaba", "oss")

    def rule(**given: str) -> str:
        event = json.loads(generate(oss, "", given, seed=4).payload)
        return event["events"][0]["oss"]["ruleId"]

    assert rule() == rule(time="2026-03-04T05:06:07Z")


def records_at(payload: object, path: str) -> list[object]:
    for step in [] if path == "." else path.split("."):
        assert isinstance(payload, dict)
        (payload,) = payload.values() if step == "*" else (payload[step],)
    assert isinstance(payload, list)
    return payload


def test_a_batch_takes_as_many_records_as_asked_for() -> None:
    made = 0
    for source in (each for cloud in clouds() for each in catalog(cloud)):
        for kind in source.events.values():
            if not kind.batch or not kind.encoding.startswith("json"):
                continue
            # What is packed stands in no array that could be counted.
            plain = source._replace(events={kind.name: kind._replace(pack={})})
            told = json.loads(generate(plain, kind.name, {}, count=3).payload)
            assert len(records_at(told, kind.batch)) == 3
            made += 1

    assert made > 20


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
        ("titel: x\nevents: {a: {}}", "`the file` has `titel`"),
        ("default: b\nevents: {a: {}}", "`default` has `b`"),
        ("events: {a: {encoding: jsn}}", r"`events\.a\.encoding` has `jsn`"),
        ("events: {a: {values: {x: 1}}}", r"`events\.a` has `x`"),
        ("events: {a: {unwrap: {x: 1}}}", r"`events\.a` has `x`"),
        ("events: {a: {merge: x}}", r"`events\.a` has `x`"),
        ("events: {a: {}}\nfields: {count: {}}", r"`fields\.count` has the name of an option"),
        ("events: {a: {}}\nfields: {x: {default: '{{ y }}'}}", r"`fields\.x` has `y`"),
        ("events: {a: {}}\nfields: {x: {when: y}}", r"`fields\.x` has `y`"),
        ("events: {a: {}}\nfields: {x: {derive: {md5: y}}}", r"`fields\.x` has `y`"),
        ("events: {a: {}}\nfields: {x: {derive: {sum: [x, y]}}}", r"`fields\.x` has `y`"),
        ("events: {a: {}}\nfields: {x: {derive: {uuid: y, upper: 1}}}", "has `upper`"),
        ("events: {a: {}}\nfields: {x: {derive: {time: x, format: rfc}}}", "has `rfc`"),
        ("events: {a: {}}\nfields: {x: {match: {like: x}}}", r"`fields\.x\.match` has `like`"),
        ("events: {a: {}}\nfields: {x: {encode: html}}", r"`fields\.x\.encode` has `html`"),
        ("events: {a: {instead: x}}", r"`events\.a` has `x`"),
        ("events: {a: {reshape: {paths: x}}}", r"`events\.a\.reshape` needs `paths` and `temp"),
        ("events: {a: {reshape: {paths: x, template: x}}}", r"`events\.a` has `x`"),
        ("events: {a: {at: x}}", r"`events\.a` has `x`"),
        ("events: {a: {}}\nfields: {provider: {}}", r"`fields\.provider` has the name of"),
        ("events: {a: {}}\nfields: {x: {derive: {either: x, then: y}}}", r"`fields\.x` has `y`"),
        ("events: {a: {}}\nfields: {x: {derive: {pick: x, of: {a: y}}}}", r"`fields\.x` has `y`"),
        (
            "events: {a: {}}\nfields: {x: {derive: {each: x, as: '{{ y }}{{ name }}'}}}",
            r"`fields\.x` has `y`",
        ),
        ("events: {a: ", "cannot be read"),
    ],
)
def test_a_source_that_is_written_wrong_is_told_with_file_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    home = source_in(tmp_path, text, a_json="{}")

    with pytest.raises(ProjectError, match=said):
        read_source(home)


def test_a_payload_that_is_no_json_is_told_with_its_file(tmp_path: Path) -> None:
    home = source_in(tmp_path, "events: {a: {}}", a_json="{")

    with pytest.raises(ProjectError, match=r"a\.json is not valid JSON"):
        generate(read_source(home), "", {})


def test_a_slot_without_a_field_is_told(tmp_path: Path) -> None:
    home = source_in(tmp_path, "events: {a: {}}", a_json='"{{ x }}"')

    with pytest.raises(ProjectError, match="there is no field `x`"):
        generate(read_source(home), "", {})


def made(folder: Path, fields: str, payload: str, **given: str) -> object:
    home = source_in(folder, f"events: {{a: {{}}}}\nfields: {{{fields}}}", a_json=payload)
    return json.loads(generate(read_source(home), "", given).payload)


def test_a_key_is_left_out_when_its_value_is_empty_or_not_wanted(tmp_path: Path) -> None:
    fields = "x: {optional: true}, y: {when: z, default: 1}, z: {type: boolean, default: false}"
    payload = '{"a": "{{ x }}", "b": "{{ y }}", "c": 1}'

    assert made(tmp_path / "1", fields, payload) == {"c": 1}
    assert made(tmp_path / "2", fields, payload, x="0", z="yes") == {"a": "0", "b": 1, "c": 1}


def test_a_tree_of_defaults_leaves_out_what_is_left_out(tmp_path: Path) -> None:
    fields = "x: {optional: true}, y: {default: {a: '{{ x }}', b: ['{{ x }}', 2]}}"

    assert made(tmp_path, fields, '"{{ y }}"') == {"b": [2]}


def test_each_entry_of_an_object_or_array_fills_a_tree(tmp_path: Path) -> None:
    fields = (
        "x: {type: json, default: {p: 1, q: '{{ z }}'}}, z: {default: two},"
        "y: {derive: {each: x, as: {n: '{{ name }}', v: '{{ value }}', z: '{{ z }}'}}}"
    )

    assert made(tmp_path / "1", fields, '"{{ y }}"') == [
        {"n": "p", "v": 1, "z": "two"},
        {"n": "q", "v": "two", "z": "two"},
    ]
    listed = made(tmp_path / "2", fields, '"{{ y }}"', x='["{{ z }}"]')
    assert listed == [{"n": 0, "v": "{{ z }}", "z": "two"}]
    assert made(tmp_path / "3", fields, '"{{ y }}"', x="{}") == []


def test_a_value_is_encoded_once_where_it_enters_the_payload(tmp_path: Path) -> None:
    fields = "x: {default: 'a b/%', encode: url}, y: {default: '<{{ x }}>'}"

    told = made(tmp_path, fields, '["{{ x }}", "{{ y }}", "?{{ x }}"]')

    assert told == ["a%20b/%25", "<a b/%>", "?a%20b/%25"]


@given(
    st.text(max_size=40).filter(lambda text: not any("\ud800" <= each <= "\udfff" for each in text))
)
def test_any_text_that_is_given_comes_back_out_of_the_event(text: str) -> None:
    topic = find_source("alibaba", "mns-topic")

    event = generate(topic, "json", {"body": text, "topic": text}, seed=1)

    told = json.loads(event.payload)
    assert (told["Message"], told["TopicName"]) == (text, text)
    assert generate(topic, "stream", {"body": text}).payload == text.encode()


def batch_of(folder: Path, batch: str, payload: str, count: int = 2) -> object:
    text = f"events: {{a: {{batch: '{batch}'}}}}\nfields: {{record: {{type: integer}}}}"
    home = source_in(folder, text, a_json=payload)
    return json.loads(generate(read_source(home), "", {}, count=count).payload)


def test_records_of_a_batch_are_gathered_where_its_path_says(tmp_path: Path) -> None:
    assert batch_of(tmp_path / "1", "a.b", '{"x": 1, "a": {"y": 2, "b": ["{{ record }}"]}}') == {
        "x": 1,
        "a": {"y": 2, "b": [0, 1]},
    }
    assert batch_of(tmp_path / "2", "a.*", '{"a": {"same": ["{{ record }}"]}}') == {
        "a": {"same": [0, 1]}
    }
    assert batch_of(tmp_path / "3", "*", '{"of-{{ record }}": ["{{ record }}"]}') == {
        "of-0": [0],
        "of-1": [1],
    }


def test_a_field_is_sent_instead_of_the_payload_where_it_has_a_value(tmp_path: Path) -> None:
    text = "events: {a: {batch: '.', instead: x}}\nfields: {x: {type: json}}"
    source = read_source(source_in(tmp_path, text, a_json="[1]"))

    def sent(count: int = 1, **given: str) -> object:
        return json.loads(generate(source, "", given, count=count).payload)

    assert sent() == [1]
    assert sent(count=2) == [1, 1]
    assert [sent(x=each) for each in ("{}", "null", "false", '"t"')] == [{}, None, False, "t"]
    with pytest.raises(UsageError, match="`--count` must be 1"):
        sent(count=2, x="{}")


def test_only_the_part_at_a_path_is_sent(tmp_path: Path) -> None:
    text = "events: {a: {at: x}}\nfields: {x: {}}"
    source = read_source(source_in(tmp_path, text, a_json='{"b": {"c": [1]}}'))

    def sent(path: str) -> object:
        return json.loads(generate(source, "", {"x": path}).payload)

    assert sent("$.b.c") == sent("b.c") == [1]
    assert sent("$") == sent("") == {"b": {"c": [1]}}
    for wrong in ("$.x", "$.b.c.d"):
        with pytest.raises(UsageError, match="there"):
            sent(wrong)


def test_a_payload_is_sent_in_the_shape_of_a_template(tmp_path: Path) -> None:
    text = "events: {a: {reshape: {paths: p, template: t}}}\nfields: {p: {type: object}, t: {}}"
    source = read_source(source_in(tmp_path, text, a_json='{"b": {"c": [1, "é\\"x"]}}'))

    def sent(template: str) -> object:
        paths = {"all": "$.b", "one": "$.b.c[0]", "two": "b.c[1]", "none": "$.x"}
        return json.loads(generate(source, "", {"t": template, "p": paths}).payload)

    assert sent("") == {"b": {"c": [1, 'é"x']}}
    assert sent("<all>") == {"c": [1, 'é"x']}
    assert sent('{"n": <one>, "t": <two>, "e": <none>}') == {"n": 1, "t": 'é"x', "e": ""}
    assert sent('"<one>: <two> <other> \\"<none>\\""') == '1: é"x <other> ""'
    with pytest.raises(UsageError, match="makes no JSON"):
        sent("Order <one>")


def test_a_packed_payload_stands_compressed_in_its_tree(tmp_path: Path) -> None:
    text = "events: {a: {batch: n, pack: {in: '{{ packed }}', more: 1}}}"
    source = read_source(source_in(tmp_path, text, a_json='{"n": ["é"]}'))

    event = json.loads(generate(source, "", {}, count=2).payload)

    assert json.loads(gzip.decompress(base64.b64decode(event["in"]))) == {"n": ["é", "é"]}
    assert event["more"] == 1


def test_each_entry_may_keep_its_key_and_tell_what_it_is(tmp_path: Path) -> None:
    fields = (
        "x: {type: object}, y: {derive: {each: x, keyed: true, kinds: {number: Number},"
        " as: ['{{ kind }}', '{{ text }}', '{{ signed_bytes }}']}}"
    )

    assert made(tmp_path, fields, '"{{ y }}"', x='{"a": 1, "b": "é"}') == {
        "a": ["Number", "1", [49]],
        "b": ["text", "é", [-61, -87]],
    }


def test_a_field_is_picked_by_a_word_and_no_other_is_made(tmp_path: Path) -> None:
    # `broken` is made of itself: picking it would be told.
    fields = (
        "x: {default: good}, y: {derive: {pick: x, of: {good: z, bad: broken}}}, z: {default: 1},"
        "broken: {default: '{{ broken }}'}"
    )

    assert made(tmp_path, fields, '"{{ y }}"') == 1


def test_a_moment_is_shifted_by_other_fields(tmp_path: Path) -> None:
    fields = (
        "time: {type: time}, n: {type: integer, default: 60},"
        "y: {derive: {time: time, floor_s: n, add_s: n, add_ms: 5, format: iso-ms}}"
    )

    told = made(tmp_path, fields, '"{{ y }}"', time="2026-03-04T05:06:07.500Z")

    assert told == "2026-03-04T05:07:00.005Z"


@pytest.mark.parametrize("seconds", ["0", "9" * 30])
def test_a_number_that_no_moment_can_be_made_of_is_told(tmp_path: Path, seconds: str) -> None:
    fields = (
        "time: {type: time}, n: {type: integer},"
        "y: {derive: {time: time, floor_s: n, add_s: n, format: iso-ms}}"
    )

    with pytest.raises(UsageError, match="`y` cannot be worked out") as caught:
        made(tmp_path, fields, '"{{ y }}"', n=seconds)

    assert "0" in caught.value.hint


def test_bytes_that_would_enter_a_payload_are_told(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="the field `y` is bytes") as caught:
        made(tmp_path, "x: {default: a}, y: {derive: {gzip: x}}", '"{{ y }}"')

    assert "base64" in caught.value.hint


def test_a_path_must_fit_the_template_of_the_trigger(tmp_path: Path) -> None:
    text = "events: {a: {}}\nfields: {x: {match: {fits: path}}}"
    source = read_source(source_in(tmp_path, text, a_json="{}"))

    def doubts(path: str) -> int:
        return len(mismatches(source, "a", {"x": path}, {"path": "/orders/{id}"}))

    assert [doubts(each) for each in ("/orders/7", "/orders", "/orders/7/8")] == [0, 1, 1]


def test_fields_that_are_made_of_each_other_are_told(tmp_path: Path) -> None:
    text = "events: {a: {}}\nfields: {x: {default: '{{ y }}'}, y: {default: '{{ x }}'}}"
    home = source_in(tmp_path, text, a_json='"{{ x }}"')

    with pytest.raises(ProjectError, match="x → y → x are made of each other"):
        generate(read_source(home), "", {})
