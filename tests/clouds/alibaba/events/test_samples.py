"""Events have the form of the contract's samples, and agree with themselves."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import cbor2
import pytest

from localfn.model import Event
from localfn.payloads.catalog import catalog, find_source
from localfn.payloads.event import generate, mismatches

SAMPLES = sorted(Path(__file__).parent.glob("*.json"))
each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


def make(source: str, event: str = "", /, count: int = 1, **given: str) -> Any:
    return decoded(generate(find_source("alibaba", source), event, given, count=count))


def decoded(event: Event) -> Any:
    if event.content_type == "application/cbor":
        return cbor2.loads(event.payload)
    return json.loads(event.payload)


def form(value: object) -> object:
    """The keys and types of a payload, whatever its values."""
    if isinstance(value, dict):
        return {key: form(each) for key, each in value.items()}
    if isinstance(value, list):
        return [form(each) for each in value[:1]]
    return type(value).__name__


def leaves(value: object, path: str = "", key: str = "") -> Iterator[tuple[str, str, object]]:
    """Every plain value of a payload: where it stands, under which key, and the value."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}", name)
    elif isinstance(value, list) and value:
        for place, each in enumerate(value):
            yield from leaves(each, f"{path}[{place}]", key)
    else:
        yield path, key, value


@each_sample
def test_an_event_has_the_form_of_the_contracts_sample(path: Path) -> None:
    told = json.loads(path.read_text())

    event = make(told["source"], told["event"])

    # What a sample holds inside free-form JSON is its user's own.
    free = {"api-gateway", "eventbridge", "http", "mns-topic", "oss", "rocketmq"}
    if told["source"] in free:
        event = make(told["source"], told["event"], **told["given"])
    assert form(event) == form(told["payload"])


@each_sample
def test_an_event_repeats_the_contracts_sample_where_its_values_are_given(path: Path) -> None:
    told = json.loads(path.read_text())

    event = make(told["source"], told["event"], **told["given"])

    def fixed(payload: object) -> dict[str, object]:
        return {at: each for at, key, each in leaves(payload) if key not in told["invented"]}

    assert fixed(event) == fixed(told["payload"])


def test_every_source_has_a_sample() -> None:
    told = {json.loads(path.read_text())["source"] for path in SAMPLES}

    assert {source.name for source in catalog("alibaba")} == told


def test_every_oss_event_of_the_contract_can_be_made() -> None:
    created = "PutObject PostObject CompleteMultipartUpload PutSymlink CopyObject"
    created += " InitiateMultipartUpload UploadPart UploadPartCopy AppendObject"
    names = {f"ObjectCreated:{each}" for each in created.split()}
    removed = ("DeleteObject", "DeleteObjects", "AbortMultipartUpload")
    names |= {f"ObjectRemoved:{each}" for each in removed}
    names |= {"ObjectModified:UpdateObjectMeta"}

    source = find_source("alibaba", "oss")

    made = {
        kind: json.loads(generate(source, kind, {}).payload)["events"][0] for kind in source.events
    }
    assert {each["eventName"] for each in made.values()} == names
    assert {kind: each["eventName"] for kind, each in made.items()} == {
        kind.name: kind.delivered for kind in source.events.values()
    }


def oss_object(event: str, **given: str) -> Any:
    return make("oss", event, **given)["events"][0]["oss"]["object"]


def test_an_objects_etag_and_size_are_those_of_its_content() -> None:
    told = oss_object("put-object", content="你好")

    assert told["eTag"] == hashlib.md5("你好".encode()).hexdigest().upper()
    assert told["size"] == told["deltaSize"] == 6


def test_an_appended_object_grows_by_what_was_appended() -> None:
    told = oss_object("append-object", content="more", position="10")

    assert (told["position"], told["deltaSize"], told["size"]) == (10, 4, 14)


def test_what_is_not_verified_can_be_given() -> None:
    given = {"etag": "0A-9", "delta_size": "-3", "final_size": "7", "key": "a%20b"}

    for event in ("complete-multipart-upload", "delete-object", "upload-part"):
        told = oss_object(event, **given)
        assert (told["eTag"], told["deltaSize"], told["size"], told["key"]) == (
            ("0A-9", -3, 7, "a%20b")
        )


def test_parts_of_an_object_that_nobody_asked_for_are_left_out() -> None:
    plain = oss_object("put-object")
    bare = oss_object("put-object", meta="false", read_from="0", read_to="9")

    assert not {"position", "readFrom", "readTo"} & set(plain)
    assert "objectMeta" not in bare
    assert (bare["readFrom"], bare["readTo"]) == (0, 9)


def test_an_objects_content_type_is_that_of_its_key() -> None:
    assert oss_object("put-object", key="a.jpg")["objectMeta"]["mimeType"] == "image/jpeg"
    assert oss_object("put-object", key="a")["objectMeta"]["mimeType"] == "application/octet-stream"


def test_an_invented_key_is_one_that_the_trigger_selects() -> None:
    oss = find_source("alibaba", "oss")
    offered = {"prefix": "raw/", "suffix": ".jpg", "bucket": "mine", "events": ("ObjectCreated:*",)}

    event = generate(oss, "", {}, offered=offered)

    told = json.loads(event.payload)["events"][0]["oss"]
    key = told["object"]["key"]
    given = {"key": key, "bucket": told["bucket"]["name"]}
    assert len(key) > len("raw/.jpg")
    assert mismatches(oss, "", given, offered) == ()


BRIDGED = ("mns-queue", "rocketmq", "rabbitmq", "kafka", "dts")


@pytest.mark.parametrize("source", BRIDGED)
def test_a_message_comes_alone_or_bare_where_the_trigger_says_so(source: str) -> None:
    many = make(source, count=2)
    alone = make(source, mode="event-driven")
    bare = make(source, schema="RawData", count=2)
    both = make(source, mode="event-driven", schema="RawData")

    assert isinstance(many, list)
    assert len(many) == 2
    assert form(alone) == form(many[0])
    assert form(bare) == form([each["data"] for each in many])
    assert form(both) == form(many[0]["data"])


def test_an_mqtt_message_has_no_envelope() -> None:
    assert set(make("mqtt", mode="event-driven")) == {"props", "body"}


def test_a_queue_message_is_published_after_it_was_sent() -> None:
    told = make("mns-queue", time="2026-03-04T05:06:07.093Z")[0]

    assert told["time"] == "2026-03-04T05:06:07.093Z"
    published, sent = (told[key].removesuffix("Z") for key in ("aliyunpublishtime", "time"))
    assert datetime.fromisoformat(published) > datetime.fromisoformat(sent)


def test_a_topic_message_in_stream_form_is_the_body_itself() -> None:
    topic = find_source("alibaba", "mns-topic")

    assert generate(topic, "stream", {"body": "hello topic"}).payload == b"hello topic"
    chosen = generate(topic, "", {"body": "x"}, offered={"format": "json"})
    assert json.loads(chosen.payload)["Message"] == "x"


def test_attributes_stand_beside_the_envelopes_keys() -> None:
    told = make("mns-topic", "json-attributes", attributes='{"key": "value"}', body="hello topic")

    assert told["key"] == "value"
    assert told["MessageMD5"] == "D6206122A430035E4EC1463CDD704B59"


def test_kafka_records_come_as_objects_or_as_their_json_texts() -> None:
    kafka = find_source("alibaba", "kafka")

    objects = json.loads(generate(kafka, "message", {}, count=2, seed=1).payload)
    texts = json.loads(generate(kafka, "message-strings", {}, count=2, seed=1).payload)

    assert [json.loads(each) for each in texts] == objects
    assert [each["data"]["offset"] for each in objects] == [0, 1]
    assert all(json.loads(each["data"]["value"])["text"] for each in objects)


def test_a_kafka_record_without_a_key_has_no_such_key() -> None:
    assert "key" not in make("kafka", key="")[0]["data"]


def test_a_captured_rabbitmq_message_has_a_text_and_was_not_published() -> None:
    told = make("rabbitmq", "send-message-captured", body='{"a": 1}')[0]

    assert told["data"]["body"] == '{"a": 1}'
    assert told["source"] == "acs:amqp"
    assert not [key for key in told if key.startswith("aliyunpublish")]
    text = make("rabbitmq", "send-message-captured", body='"plain"')[0]
    assert text["data"]["body"] == "plain"


@pytest.mark.parametrize("event", ["insert", "update", "delete"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("after", [True, False])
def test_a_change_of_a_database_holds_the_images_that_are_asked_for_and_their_schema(
    event: str, *, before: bool, after: bool
) -> None:
    text = "你好"
    given = {"before": text, "after": text, "column": "note"}

    told = make("dts", event, **given, has_before=str(before), has_after=str(after))[0]["data"]

    images = [each for each in told if each.endswith("Image")]
    assert images == ["beforeImage"] * before + ["afterImage"] * after
    assert told["operationType"] == event.upper()
    assert set(told["schema"]["nameIndex"]) == {"id", "note"}
    for each in images:
        buffer = told[each]["values"][1]["data"]
        assert bytes(buffer["hb"]).decode() == text
        assert buffer["limit"] == 6
        assert told[each]["recordSchema"] == told["schema"]


def test_a_logs_cursors_follow_each_other() -> None:
    import base64

    told = make("log")["source"]

    begin, end = (int(base64.b64decode(told[key])) for key in ("beginCursor", "endCursor"))
    assert end == begin + 1


@pytest.mark.parametrize("value", [42, 2.5, True, "text", None])
def test_a_tablestore_value_keeps_its_type(value: object) -> None:
    told = make("tablestore", columns=json.dumps({"x": value}))

    kept = told["Records"][0]["Columns"][0]["Value"]
    assert (kept, type(kept)) == (value, type(value))


def test_tablestore_counts_microseconds_for_a_row_and_milliseconds_for_a_column() -> None:
    told = make("tablestore", "update-row", time="2026-03-04T05:06:07.123456Z", count=3)

    rows = told["Records"]
    assert [each["PrimaryKey"][0]["Value"] for each in rows] == ["user-0", "user-1", "user-2"]
    assert {each["Type"] for each in rows} == {"UpdateRow"}
    assert rows[0]["Info"]["Timestamp"] == 1772600767123456
    assert rows[0]["Columns"][0]["Timestamp"] == 1772600767123


@pytest.mark.parametrize(
    ("event", "name", "keys"),
    [
        ("cached-objects-pushed", "CachedObjectsPushed", {"objectPath", "objectType", "taskId"}),
        ("cached-objects-blocked", "CachedObjectsBlocked", {"objectPath", "createTime"}),
        ("log-file-created", "LogFileCreated", {"startTime", "endTime", "fileSize", "filePath"}),
        ("domain-started", "CdnDomainStarted", {"status"}),
        ("domain-stopped", "CdnDomainStopped", {"status"}),
        ("domain-added", "CdnDomainAdded", set()),
        ("domain-deleted", "CdnDomainDeleted", set()),
    ],
)
def test_a_cdn_event_has_its_own_parameters(event: str, name: str, keys: set[str]) -> None:
    offered = {"event": name, "domain": "a.example.com", "domains": ("a.example.com",)}
    cdn = find_source("alibaba", "cdn")

    told = json.loads(generate(cdn, "", {}, offered=offered).payload)["events"][0]

    assert generate(cdn, "", {}, offered=offered).source == f"cdn/{event}"
    assert told["eventName"] == name
    assert told["resource"]["domain"] == "a.example.com"
    assert keys | {"domain"} <= set(told["eventParameter"])
    assert mismatches(cdn, event, {"domain": "b.example.com"}, offered)


def test_an_http_requests_id_holds_its_moment() -> None:
    told = make("http", time="2023-09-05T06:41:11Z")["requestContext"]

    assert int(told["requestId"].split("-")[1], 16) * 1000 == int(told["timeEpoch"])
    assert isinstance(told["timeEpoch"], str)


def test_an_http_request_uses_a_method_that_the_trigger_allows() -> None:
    http = find_source("alibaba", "http")
    offered = {"methods": ("POST", "PUT"), "function_name": "resize"}

    told = json.loads(generate(http, "", {}, offered=offered).payload)["requestContext"]

    assert told["http"]["method"] == "POST"
    assert told["domainPrefix"].startswith("resize-")
    assert mismatches(http, "", {"method": "DELETE"}, offered)
    assert not mismatches(http, "", {"method": "PUT"}, offered)
