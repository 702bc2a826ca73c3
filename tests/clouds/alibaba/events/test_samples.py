"""Events have the form of the contract's samples, and agree with themselves."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from localfn.payloads.catalog import find_source
from localfn.payloads.event import generate

SAMPLES = sorted(Path(__file__).parent.glob("*.json"))


def form(value: object) -> object:
    """The keys and types of a payload, whatever its values."""
    if isinstance(value, dict):
        return {key: form(each) for key, each in value.items()}
    if isinstance(value, list):
        return [form(each) for each in value[:1]]
    return type(value).__name__


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_an_event_has_the_form_of_the_contracts_sample(path: Path) -> None:
    told = json.loads(path.read_text())
    source = find_source("alibaba", told["source"])

    event = generate(source, told["event"], told.get("given", {}))

    assert form(json.loads(event.payload)) == form(told["payload"])


def test_every_oss_event_of_the_contract_can_be_made() -> None:
    created = "PutObject PostObject CompleteMultipartUpload PutSymlink CopyObject"
    created += " InitiateMultipartUpload UploadPart UploadPartCopy AppendObject"
    names = {f"ObjectCreated:{each}" for each in created.split()}
    removed = ("DeleteObject", "DeleteObjects", "AbortMultipartUpload")
    names |= {f"ObjectRemoved:{each}" for each in removed}
    names |= {"ObjectModified:UpdateObjectMeta"}

    source = find_source("alibaba", "oss")

    made = [json.loads(generate(source, kind, {}).payload) for kind in source.events]
    assert {each["events"][0]["eventName"] for each in made} == names


def test_an_objects_etag_and_size_are_those_of_its_content() -> None:
    event = generate(find_source("alibaba", "oss"), "put-object", {"content": "你好"})

    told = json.loads(event.payload)["events"][0]["oss"]["object"]
    assert told["eTag"] == hashlib.md5("你好".encode()).hexdigest().upper()
    assert told["size"] == told["deltaSize"] == 6


def test_a_deleted_object_frees_what_it_took() -> None:
    event = generate(find_source("alibaba", "oss"), "delete-object", {"size": "10"})

    told = json.loads(event.payload)["events"][0]["oss"]["object"]
    assert (told["size"], told["deltaSize"]) == (0, -10)


def test_a_queue_message_is_published_after_it_was_sent() -> None:
    event = generate(find_source("alibaba", "mns-queue"), "", {"time": "2026-03-04T05:06:07.093Z"})

    told = json.loads(event.payload)[0]
    assert told["time"] == "2026-03-04T05:06:07.093Z"
    assert datetime.fromisoformat(told["time"][:-1]) < datetime.fromisoformat(
        told["aliyunpublishtime"][:-1]
    )


def test_a_topic_message_in_stream_form_is_the_body_itself() -> None:
    topic = find_source("alibaba", "mns-topic")

    assert generate(topic, "stream", {"body": "hello topic"}).payload == b"hello topic"
    chosen = generate(topic, "", {"body": "x"}, offered={"format": "json"})
    assert json.loads(chosen.payload)["Message"] == "x"


def test_attributes_stand_beside_the_envelopes_keys() -> None:
    given = {"attributes": '{"key": "value"}', "body": "hello topic"}

    told = json.loads(
        generate(find_source("alibaba", "mns-topic"), "json-attributes", given).payload
    )

    assert told["key"] == "value"
    assert told["MessageMD5"] == "D6206122A430035E4EC1463CDD704B59"  # md5 of the body
