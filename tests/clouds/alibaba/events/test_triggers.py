"""What a template says about a trigger is what the events of its function hold."""

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest

from localfn.cli.generated import offer
from localfn.model import Event
from localfn.payloads.catalog import catalog, find_source
from localfn.payloads.event import generate, mismatches
from localfn.providers.alibaba import PROVIDER

TEMPLATE = """\
edition: 3.0.0
name: shop
resources:
  resize:
    component: fc3
    props:
      region: cn-shanghai
      functionName: resize
      runtime: python3.10
      handler: index.handler
      code: ./code
      triggers:
        - triggerName: mine
"""


FC = """\
edition: 1.0.0
name: shop
services:
  resize:
    component: fc
    props:
      region: cn-shanghai
      service: {name: shop}
      function: {name: resize, runtime: python3.10, handler: index.handler, codeUri: ./code}
      triggers:
        - name: mine
"""
FUN = """\
ROSTemplateFormatVersion: '2015-09-01'
Transform: 'Aliyun::Serverless-2018-04-03'
Resources:
  shop:
    Type: 'Aliyun::Serverless::Service'
    resize:
      Type: 'Aliyun::Serverless::Function'
      Properties: {Handler: index.handler, Runtime: python3, CodeUri: ./code}
      Events:
        mine:
"""


def trigger(folder: Path, text: str) -> dict[str, object]:
    """What a function with this trigger offers to the events of its source."""
    return offered_by(folder, "s.yaml", TEMPLATE, text)


def offered_by(folder: Path, name: str, template: str, text: str) -> dict[str, object]:
    (folder / "code").mkdir()
    lines = "".join(f"          {line}\n" for line in text.splitlines())
    (folder / name).write_text(template + lines)
    reading = PROVIDER.read_template(folder / name, {})
    assert not reading.findings
    (function,) = reading.functions
    (found,) = function.triggers
    return {"source": found.source, **offer(function, found.source)}


def bridged(kind: str, parameters: str) -> str:
    return (
        "triggerType: eventbridge\n"
        "triggerConfig:\n"
        "  triggerEnable: true\n"
        "  eventSourceConfig:\n"
        f"    eventSourceType: {kind}\n"
        f"    eventSourceParameters: {{source{kind}Parameters: {parameters}}}\n"
        "  eventSinkConfig: {deliveryOption: {mode: event-streaming, eventSchema: CloudEvents}}\n"
    )


CASES = {
    "timer": (
        "triggerType: timer\ntriggerConfig: {cronExpression: '@every 5m', payload: hello}",
        {"triggerName": "mine", "payload": "hello"},
    ),
    "mns-topic": (
        (
            "triggerType: mns_topic\n"
            "sourceArn: acs:mns:cn-shanghai:1234567890123456:/topics/orders\n"
            "triggerConfig: {notifyContentFormat: JSON}"
        ),
        {"TopicName": "orders"},
    ),
    "mns-queue": (
        bridged("MNS", "{RegionId: cn-beijing, QueueName: orders}"),
        {"0.subject": "acs:mns:cn-beijing:1234567890123456:queues/orders"},
    ),
    "rocketmq": (
        bridged("RocketMQ", "{RegionId: cn-beijing, InstanceId: MQ_1, Topic: orders}"),
        {
            "0.data.topic": "orders",
            "0.subject": "acs:mq:cn-beijing:1234567890123456:MQ_1%orders",
            "0.data.systemProperties.MSG_REGION": "cn-beijing",
        },
    ),
    "rabbitmq": (
        bridged("RabbitMQ", "{InstanceId: amqp-1, VirtualHostName: v, QueueName: orders}"),
        {
            "0.data.envelope.routingKey": "orders",
            "0.subject": "acs:amqp:cn-shanghai:1234567890123456:/instances/amqp-1/vhosts/v/"
            "queues/orders",
        },
    ),
    "kafka": (
        bridged("Kafka", "{InstanceId: alikafka-1, Topic: orders, ConsumerGroup: g}"),
        {"0.data.topic": "orders", "0.subject": "acs:alikafka:alikafka-1:topic:orders"},
    ),
    "mqtt": (
        bridged("MQTT", "{InstanceId: m, Topic: sensors}"),
        {"0.props.firstTopic": "sensors"},
    ),
    "dts": (
        bridged("DTS", "{Topic: changes}"),
        {"0.data.topicPartition.topic": "changes"},
    ),
    "log": (
        (
            "triggerType: log\n"
            "triggerConfig:\n"
            "  sourceConfig: {logstore: access}\n"
            "  logConfig: {project: own, logstore: own}\n"
            "  functionParameter: {a: 1}\n"
        ),
        {"source.logstoreName": "access", "parameter.a": 1},
    ),
    "cdn": (
        (
            "triggerType: cdn_events\n"
            "triggerConfig: {eventName: LogFileCreated, eventVersion: '1.0.0', notes: n,"
            " filter: {domain: [a.example.com, b.example.com]}}"
        ),
        {"events.0.eventName": "LogFileCreated", "events.0.resource.domain": "a.example.com"},
    ),
    "http": (
        "triggerType: http\ntriggerConfig: {authType: anonymous, methods: [PUT]}",
        {
            "requestContext.http.method": "PUT",
            "requestContext.domainName": "resize-abcdefghij.cn-shanghai.fcapp.run",
        },
    ),
    "tablestore": (
        (
            "triggerType: tablestore\n"
            "sourceArn: acs:ots:cn-shanghai:1234567890123456:instance/i/table/t\n"
            "triggerConfig: {}"
        ),
        {"Records.0.Type": "PutRow"},
    ),
    "eventbridge": (
        (
            "triggerType: eventbridge\n"
            "triggerConfig:\n"
            "  eventSourceConfig: {eventSourceType: Default}\n"
            '  eventRuleFilterPattern: \'{"source": ["my.shop"], "type": ["shop:Paid"]}\'\n'
        ),
        {"source": "my.shop", "type": "shop:Paid", "aliyunregionid": "cn-shanghai"},
    ),
    "oss": (
        (
            "triggerType: oss\n"
            "sourceArn: acs:oss:cn-shanghai:1234567890123456:shop-img\n"
            "triggerConfig: {events: ['oss:ObjectRemoved:*'], filter: {key: {prefix: raw/}}}"
        ),
        {
            "events.0.eventName": "ObjectRemoved:DeleteObject",
            "events.0.oss.bucket.name": "shop-img",
            "events.0.region": "cn-shanghai",
        },
    ),
}


def at(payload: Any, path: str) -> object:
    for step in path.split("."):
        payload = payload[int(step) if step.isdigit() else step]
    return payload


@pytest.mark.parametrize("name", CASES)
def test_an_event_is_one_of_the_trigger_that_the_template_describes(
    name: str, tmp_path: Path
) -> None:
    text, expected = CASES[name]
    offered = trigger(tmp_path, text)
    source = find_source("alibaba", name)

    event = generate(source, "", {}, offered=offered)

    payload = read(event)
    assert offered["source"] == name
    assert {path: at(payload, path) for path in expected} == expected
    assert mismatches(source, "", {}, offered) == ()


def read(event: Event) -> Any:
    binary = event.content_type == "application/cbor"
    return cbor2.loads(event.payload) if binary else json.loads(event.payload)


@pytest.mark.parametrize("name", CASES)
def test_an_event_of_an_fc_trigger_is_the_same(name: str, tmp_path: Path) -> None:
    text, expected = CASES[name]
    for long, short in (("triggerType", "type"), ("triggerConfig", "config")):
        text = text.replace(long, short)
    offered = offered_by(tmp_path, "s.yaml", FC, text)

    event = generate(find_source("alibaba", name), "", {}, offered=offered)

    payload = read(event)
    assert offered["source"] == name
    assert {path: at(payload, path) for path in expected} == expected


OF_FUN = {
    "timer": (
        "Type: Timer\nProperties: {CronExpression: '@every 5m', Payload: hello}",
        {"triggerName": "mine", "payload": "hello"},
    ),
    "oss": (
        (
            "Type: OSS\nProperties:\n  BucketName: shop-img\n"
            "  Events: ['oss:ObjectCreated:CopyObject']\n"
            "  Filter: {Key: {Prefix: raw/, Suffix: .jpg}}"
        ),
        {
            "events.0.eventName": "ObjectCreated:CopyObject",
            "events.0.oss.bucket.name": "shop-img",
        },
    ),
    "log": (
        (
            "Type: Log\nProperties:\n  SourceConfig: {Logstore: access}\n"
            "  LogConfig: {Project: shop-log, Logstore: own}\n  FunctionParameter: {a: 1}"
        ),
        {
            "source.logstoreName": "access",
            "source.projectName": "shop-log",
            "parameter.a": 1,
        },
    ),
    "mns-topic": (
        "Type: MNSTopic\nProperties: {TopicName: orders, NotifyContentFormat: JSON}",
        {"TopicName": "orders"},
    ),
    "tablestore": (
        "Type: TableStore\nProperties: {InstanceName: i, TableName: t}",
        {"Records.0.Type": "PutRow"},
    ),
    "cdn": (
        (
            "Type: CDN\nProperties: {EventName: CdnDomainAdded, EventVersion: '1.0.0',"
            " Notes: n, Filter: {Domain: [a.example.com]}}"
        ),
        {"events.0.eventName": "CdnDomainAdded", "events.0.resource.domain": "a.example.com"},
    ),
    "http": (
        "Type: HTTP\nProperties: {AuthType: ANONYMOUS, Methods: [PUT]}",
        {"requestContext.http.method": "PUT"},
    ),
    "api-gateway": ("Type: API", {"httpMethod": "GET"}),
}


@pytest.mark.parametrize("name", OF_FUN)
def test_an_event_of_a_funcraft_trigger_is_one_of_its_source(name: str, tmp_path: Path) -> None:
    text, expected = OF_FUN[name]
    offered = offered_by(tmp_path, "template.yml", FUN, text)
    source = find_source("alibaba", name)

    event = generate(source, "", {}, offered=offered)

    payload = read(event)
    assert offered["source"] == name
    assert {path: at(payload, path) for path in expected} == expected
    assert mismatches(source, "", {}, offered) == ()


def test_every_source_is_the_trigger_of_some_dialect() -> None:
    assert {*CASES, *OF_FUN} == {each.name for each in catalog("alibaba")}


BRIDGED = {
    "mns-queue": ("MNS", "{QueueName: q}"),
    "rocketmq": ("RocketMQ", "{Topic: q}"),
    "rabbitmq": ("RabbitMQ", "{QueueName: q}"),
    "kafka": ("Kafka", "{Topic: q}"),
    "mqtt": ("MQTT", "{Topic: q}"),
    "dts": ("DTS", "{Topic: q}"),
}


@pytest.mark.parametrize("name", BRIDGED)
@pytest.mark.parametrize("mode", ["event-driven", "event-streaming"])
@pytest.mark.parametrize("schema", ["CloudEvents", "RawData"])
def test_a_message_has_the_shape_that_its_trigger_asks_for(
    name: str, mode: str, schema: str, tmp_path: Path
) -> None:
    text = bridged(*BRIDGED[name])
    text = text.replace("event-streaming", mode).replace("CloudEvents", schema)
    offered = trigger(tmp_path, text)

    payload = read(generate(find_source("alibaba", name), "", {}, offered=offered))

    assert isinstance(payload, list) is (mode == "event-streaming")
    record = payload[0] if isinstance(payload, list) else payload
    # Messages of MQTT never have an envelope.
    assert ("specversion" in record) is (schema == "CloudEvents" and name != "mqtt")


@pytest.mark.parametrize("name", BRIDGED)
def test_more_messages_than_the_trigger_takes_at_a_time_are_doubted(
    name: str, tmp_path: Path
) -> None:
    text = bridged(*BRIDGED[name])
    text += "  runOptions: {mode: event-streaming, batchWindow: {CountBasedWindow: 3}}\n"
    offered = trigger(tmp_path, text)
    source = find_source("alibaba", name)

    assert len(read(generate(source, "", {}, offered=offered, count=3))) == 3
    assert mismatches(source, "", {}, offered, 3) == ()
    assert mismatches(source, "", {}, offered, 4) == (
        "the trigger takes 3 records at a time, not 4",
    )


def test_a_fc3_message_trigger_without_a_mode_streams(tmp_path: Path) -> None:
    text = bridged("MNS", "{QueueName: q}").replace("mode: event-streaming, ", "")

    assert trigger(tmp_path, text)["mode"] == "event-streaming"


@pytest.mark.parametrize(
    ("tag", "tags"), [("paid", "paid"), ("paid || open", "paid"), ("'*'", "example-tag")]
)
def test_a_rocketmq_message_has_a_tag_that_the_trigger_selects(
    tag: str, tags: str, tmp_path: Path
) -> None:
    offered = trigger(tmp_path, bridged("RocketMQ", f"{{Topic: q, Tag: {tag}}}"))
    rocketmq = find_source("alibaba", "rocketmq")

    (record,) = read(generate(rocketmq, "", {}, offered=offered))

    assert record["data"]["systemProperties"]["TAGS"] == tags
    assert bool(mismatches(rocketmq, "", {"tags": "other"}, offered)) is (tag != "'*'")


def test_an_event_of_a_product_is_made_where_the_rule_selects_it(tmp_path: Path) -> None:
    offered = trigger(
        tmp_path,
        "triggerType: eventbridge\n"
        "triggerConfig:\n"
        "  eventSourceConfig: {eventSourceType: Default}\n"
        '  eventRuleFilterPattern: \'{"type": ["oss:ObjectCreated:PutObject", {"a": 1}]}\'\n',
    )
    bus = find_source("alibaba", "eventbridge")

    assert read(generate(bus, "", {}, offered=offered))["source"] == "acs.oss"
    assert mismatches(bus, "custom", {"type": "other"}, offered)


def test_the_project_of_a_log_is_the_one_that_the_trigger_reads_not_its_own(
    tmp_path: Path,
) -> None:
    text, _ = CASES["log"]
    offered = trigger(
        tmp_path, f"{text}sourceArn: acs:log:cn-shanghai:1234567890123456:project/shop-log\n"
    )

    event = generate(find_source("alibaba", "log"), "", {}, offered=offered)

    assert read(event)["source"]["projectName"] == "shop-log"
