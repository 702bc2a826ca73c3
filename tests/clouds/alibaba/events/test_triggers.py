"""What a template says about a trigger is what the events of its function hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from localfn.cli.generated import offer
from localfn.payloads.catalog import find_source
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


def trigger(folder: Path, text: str) -> dict[str, object]:
    """What a function with this trigger offers to the events of its source."""
    (folder / "code").mkdir()
    lines = "".join(f"          {line}\n" for line in text.splitlines())
    (folder / "s.yaml").write_text(TEMPLATE + lines)
    reading = PROVIDER.read_template(folder / "s.yaml", {})
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

    payload = json.loads(event.payload)
    assert offered["source"] == name
    assert {path: at(payload, path) for path in expected} == expected
    assert mismatches(source, "", {}, offered) == ()
