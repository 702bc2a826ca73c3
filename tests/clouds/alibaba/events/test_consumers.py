"""Events can be read by the code that reads the cloud's own."""

import json

import pytest
from alibabacloud_eventbridge.models import CloudEvent
from cloudevents.core.formats.json import JSONFormat

from localfn.payloads.catalog import catalog
from localfn.payloads.event import generate


def cloud_events(payload: object) -> list[dict[str, object]]:
    records = payload if isinstance(payload, list) else [payload]
    parsed = [json.loads(each) if isinstance(each, str) else each for each in records]
    return [each for each in parsed if isinstance(each, dict) and "specversion" in each]


ENVELOPED = [
    pytest.param(record, id=f"{source.name}-{kind.name}")
    for source in catalog("alibaba")
    for kind in source.events.values()
    if kind.encoding.startswith("json")
    for record in cloud_events(json.loads(generate(source, kind.name, {}, seed=1).payload))
]


@pytest.mark.parametrize("record", ENVELOPED)
def test_the_cloudevents_sdk_reads_an_envelope(record: dict[str, object]) -> None:
    event = JSONFormat().read(None, json.dumps(record))

    assert event.get_id() == record["id"]
    assert event.get_type() == record["type"]
    assert event.get_data() == record["data"]


@pytest.mark.parametrize("record", ENVELOPED)
def test_the_clouds_own_sdk_takes_an_envelope(record: dict[str, object]) -> None:
    extensions = {name: each for name, each in record.items() if name.startswith("aliyun")}

    event = CloudEvent().from_map({**record, "extensions": extensions})

    # Refuses what is missing or longer than the bus takes.
    event.validate()
    assert event.to_map() == {
        **{name: each for name, each in record.items() if name not in extensions},
        "extensions": extensions,
    }


def test_all_sources_behind_eventbridge_have_an_envelope() -> None:
    names = {str(each.id) for each in ENVELOPED}

    assert names == {
        "dts-delete",
        "dts-insert",
        "dts-update",
        "eventbridge-custom",
        "eventbridge-oss-bucket-created",
        "eventbridge-oss-bucket-removed",
        "eventbridge-oss-object-created",
        "eventbridge-oss-object-removed",
        "eventbridge-oss-restore-finished",
        "kafka-message",
        "kafka-message-strings",
        "mns-queue-send-message",
        "rabbitmq-send-message",
        "rabbitmq-send-message-captured",
        "rocketmq-send-message",
    }
