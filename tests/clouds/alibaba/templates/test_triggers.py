"""Triggers in neutral words (contract alibaba-fc, section 1.5)."""

import pytest

from localfn.model import Trigger
from tests.clouds.alibaba.templates.conftest import Read, only, told


def _trigger(fc3: Read, kind: str, config: str, more: str = "") -> Trigger:
    reading = fc3(
        f"triggers:\n  - triggerName: t\n    triggerType: {kind}\n"
        f"    triggerConfig: {config}\n{more}"
    )
    (trigger,) = only(reading).triggers
    return trigger


@pytest.mark.parametrize(
    ("kind", "config", "source", "options"),
    [
        (
            "http",
            "{authType: FUNCTION, methods: [get, Post]}",
            "http",
            {"auth": "function", "methods": ("GET", "POST")},
        ),
        (
            "http",
            "{authType: anonymous, methods: GET}",
            "http",
            {"auth": "anonymous", "methods": ("GET",)},
        ),
        (
            "timer",
            "{cronExpression: '0 0 8 * * *', enable: false, payload: ' as is '}",
            "timer",
            {"cron": "0 0 8 * * *", "enabled": False, "payload": " as is "},
        ),
        (
            "timer",
            "{cronExpression: '@every 5m', enable: 'true', payload: {a: 1}}",
            "timer",
            {"cron": "@every 5m", "enabled": True, "payload": '{"a": 1}'},
        ),
        (
            "oss",
            (
                "{bucketName: b, events: ['oss:ObjectCreated:*'], "
                "filter: {key: {prefix: a/, suffix: .b}}}"
            ),
            "oss",
            {"bucket": "b", "events": ("ObjectCreated:*",), "prefix": "a/", "suffix": ".b"},
        ),
        (
            "oss",
            "{bucketName: b, events: ['oss:ObjectCreated:*'], filter: ~}",
            "oss",
            {"bucket": "b", "events": ("ObjectCreated:*",)},
        ),
        (
            "log",
            (
                "{sourceConfig: {logstore: access}, jobConfig: {maxRetryTime: 1}, "
                "logConfig: {project: p, logstore: own}, functionParameter: {a: '1'}, enable: true}"
            ),
            "log",
            {"project": "p", "logstore": "access", "parameter": '{"a": "1"}', "enabled": True},
        ),
        (
            "mns_topic",
            "{notifyContentFormat: JSON, filterTag: x}",
            "mns-topic",
            {"format": "json", "filter_tag": "x"},
        ),
        ("mns_topic", "{}", "mns-topic", {"format": "stream"}),
        (
            "cdn_events",
            "{eventName: LogFileCreated, eventVersion: 1.0.0, filter: {domain: [a.cn, b.cn]}}",
            "cdn",
            {"event": "LogFileCreated", "domain": "a.cn", "domains": ("a.cn", "b.cn")},
        ),
        ("tablestore", "{}", "tablestore", {}),
        ("Rds", "{}", "rds", {}),
    ],
)
def test_a_trigger_has_its_source_and_options(
    fc3: Read, kind: str, config: str, source: str, options: dict[str, object]
) -> None:
    trigger = _trigger(fc3, kind, config)

    assert (trigger.source, trigger.name) == (source, "t")
    assert trigger.options == options


@pytest.mark.parametrize(
    ("kind", "arn", "options"),
    [
        ("oss", "acs:oss:cn-shanghai:42:shop-img", {"bucket": "shop-img", "region": "cn-shanghai"}),
        (
            "mns_topic",
            "acs:mns:cn-shanghai:42:/topics/orders",
            {"topic": "orders", "format": "stream", "region": "cn-shanghai"},
        ),
        (
            "tablestore",
            "acs:ots:cn-shanghai:42:instance/i/table/t",
            {"instance": "i", "table": "t", "region": "cn-shanghai"},
        ),
        ("oss", "not an arn", {}),
        ("oss", "acs:oss", {}),
    ],
)
def test_a_source_arn_tells_what_the_trigger_watches(
    fc3: Read, kind: str, arn: str, options: dict[str, object]
) -> None:
    trigger = _trigger(fc3, kind, "{}", f"    sourceArn: {arn}\n    qualifier: prod")

    assert trigger.options == {**options, "qualifier": "prod"}


def test_a_source_arn_tells_its_bucket_even_when_the_account_is_not_known(fc3: Read) -> None:
    arn = "acs:oss:${this.props.region}:${config('AccountID')}:shop-img"

    reading = fc3(f"region: cn-beijing\ntriggers:\n  - triggerType: oss\n    sourceArn: {arn}")

    (trigger,) = reading.functions[0].triggers
    assert trigger.options == {"bucket": "shop-img", "region": "cn-beijing"}
    assert len(reading.findings) == 1
    assert "account_id" not in reading.functions[0].attributes


EVENTBRIDGE = """\
triggers:
  - triggerName: t
    triggerType: eventbridge
    triggerConfig:
      triggerEnable: true
      asyncInvocationType: false
      eventRuleFilterPattern: '{}'
      eventSourceConfig:
        eventSourceType: %s
        eventSourceParameters:
          %s
      %s
"""
RUN = (
    "runOptions: {mode: event-driven, batchWindow: {CountBasedWindow: 7, TimeBasedWindow: 1}}\n"
    "      eventSinkConfig: {deliveryOption: {eventSchema: RawData}}"
)


@pytest.mark.parametrize(
    ("kind", "parameters", "source", "options"),
    [
        (
            "MNS",
            "sourceMNSParameters: {RegionId: r, QueueName: q, IsBase64Decode: true}",
            "mns-queue",
            {"region": "r", "queue": "q", "decode_base64": True},
        ),
        (
            "RocketMQ",
            "sourceRocketMQParameters: {InstanceId: i, Topic: t, Tag: x, GroupID: g}",
            "rocketmq",
            {"instance_id": "i", "topic": "t", "tags": ("x",), "group_id": "g"},
        ),
        (
            "RabbitMQ",
            "sourceRabbitMQParameters: {InstanceId: i, VirtualHostName: v, QueueName: q}",
            "rabbitmq",
            {"instance_id": "i", "virtual_host": "v", "queue": "q"},
        ),
        (
            "Kafka",
            "sourceKafkaParameters: {InstanceId: i, Topic: t, ConsumerGroup: g}",
            "kafka",
            {"instance_id": "i", "topic": "t", "group_id": "g"},
        ),
        (
            "MQTT",
            "sourceMQTTParameters: {InstanceId: i, Topic: t}",
            "mqtt",
            {"instance_id": "i", "topic": "t"},
        ),
        ("DTS", "sourceDTSParameters: {Topic: t}", "dts", {"topic": "t"}),
    ],
)
def test_a_message_trigger_has_its_queue_and_batches(
    fc3: Read, kind: str, parameters: str, source: str, options: dict[str, object]
) -> None:
    (trigger,) = only(fc3(EVENTBRIDGE % (kind, parameters, ""))).triggers

    assert trigger.source == source
    assert trigger.options == {
        "mode": "event-streaming",
        "enabled": True,
        "filter": "{}",
        **options,
    }

    (trigger,) = only(fc3(EVENTBRIDGE % (kind, parameters, RUN))).triggers

    assert {
        "mode": "event-driven",
        "batch": 7,
        "schema": "RawData",
    }.items() <= trigger.options.items()


def test_an_event_bus_is_a_source_of_its_own(fc3: Read) -> None:
    (trigger,) = only(fc3(EVENTBRIDGE % ("Default", "~", ""))).triggers

    assert trigger.source == "eventbridge"
    assert trigger.options == {"enabled": True, "filter": "{}"}


def test_the_delivery_option_names_the_mode_too(fc3: Read) -> None:
    sink = "eventSinkConfig: {deliveryOption: {mode: event-driven}}"

    (trigger,) = only(fc3(EVENTBRIDGE % ("Kafka", "~", sink))).triggers

    assert trigger.options["mode"] == "event-driven"


def test_a_trigger_without_a_type_is_left_out_with_a_warning(fc3: Read) -> None:
    reading = fc3("triggers:\n  - triggerName: t\n  - triggerType: http")

    assert [each.name for each in reading.functions[0].triggers] == ["http"]
    assert told(reading) == [
        "warning s.yaml:11 resize: the trigger `t` has no `triggerType`; left out."
    ]


def test_a_timer_without_an_expression_never_fires_and_is_told(fc3: Read) -> None:
    reading = fc3(
        "triggers:\n  - triggerName: t\n    triggerType: timer\n    triggerConfig: {enable: true}"
    )

    assert told(reading) == [
        "warning s.yaml:13 resize: the trigger `t` has no `cronExpression`, so it never fires."
    ]


def test_triggers_that_are_no_list_are_left_out_with_a_warning(fc3: Read) -> None:
    reading = fc3("triggers:\n  web: {triggerType: http}")

    assert reading.functions[0].triggers == ()
    assert told(reading) == [
        "warning s.yaml:10 resize: `triggers` is a mapping, not a list, and is left out."
    ]
