"""Options of triggers that no web server fires, as `events/aws/<source>` names them (contract 1.4).

| source | options |
|---|---|
| `s3` | `bucket`, `events` (without `s3:`), `prefix`, `suffix` |
| `sns` | `topic` |
| `sqs` | `queue`, `batch`, `enabled`, `response_types`; fed by a topic: `carries`, `topic` |
| `dynamodb` | as `kinesis`, but for `stream`: `table`, `stream_label`, `view_type` |
| `kinesis` | `stream`, `batch`, `window_s`, `enabled`, `response_types` |
| `documentdb` | `cluster`, `database`, `collection`, `batch`, `enabled` |
| `msk` | `cluster`, `topics`, `batch`, `enabled` |
| `self-managed-kafka` | `bootstrap_servers`, `topics`, `batch`, `enabled` |
| `mq` | `broker`, `queues`, `virtual_host`, `engine`, `batch`, `enabled` |
| `schedule` | `rule`, `schedule`, `input`, `enabled` |
| `schedule-v2` | `schedule_name`, `schedule`, `timezone`, `group`, `input`, `enabled` |
| `eventbridge` | `rule`, `bus`, `sources`, `detail_types`, `detail`, `enabled`; `input`, or |
| | `input_path`, or `input_paths` and `input_template` |
| `cloudwatch-logs` | `log_group`, `filter_name`, `filter_pattern` |
| `iot-rule` | `topic`, `sql` |
| `alexa-skill` | `skill_id` |
| `cognito` | `user_pool`, `triggers` |

Everything that comes in batches may have `filters`: patterns as JSON text.
Names, never ARNs. What has no value here is left out. HTTP triggers: `apis/__init__.py`.
"""

import re
from collections.abc import Callable, Mapping

from localfn.providers.aws.templates.attributes import at
from localfn.providers.aws.templates.names import last_part
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node, json_of, plain_of

_FROM = re.compile(r"\bFROM\s+'([^']*)'", re.IGNORECASE)
_OFF = frozenset({"false", "DISABLED", "DISABLED_BY_DEFAULT"})
Read = Callable[[Node, Notebook], object]
Table = Mapping[str, tuple[Read, tuple[str, ...]]]


def _text(node: Node, _: Notebook) -> object:
    return written(node.scalar) if node.is_scalar else json_of(node)


def _plain(node: Node, _: Notebook) -> object:
    return plain_of(node)


def _name(node: Node, _: Notebook) -> object:
    return last_part(written(node.scalar)) or None


def _within(pattern: str) -> Read:
    """Return what reads a part of an ARN, or the whole where it is only a name."""
    compiled = re.compile(pattern)

    def read(node: Node, _: Notebook) -> object:
        text = written(node.scalar)
        found = compiled.search(text)
        return found[1] if found else last_part(text) or None

    return read


def _stream_label(node: Node, _: Notebook) -> object:
    __, found, label = written(node.scalar).partition("/stream/")
    return label if found else None


def _texts(node: Node, notes: Notebook) -> object:
    return fields.texts(node, notes) or None


def _whole(node: Node, notes: Notebook) -> object:
    return fields.whole(node, notes, 1)


def _on(node: Node, _: Notebook) -> object:
    return written(node.scalar) not in _OFF


def _s3_events(node: Node, notes: Notebook) -> object:
    # The event carries its name without the prefix that the template writes.
    return tuple(each.strip().removeprefix("s3:") for each in fields.texts(node, notes))


def _rule(name: str) -> Read:
    def read(node: Node, _: Notebook) -> object:
        for each in node.items:
            if written(each.get("Name").scalar).lower() == name:
                return written(each.get("Value").scalar)
        return None

    return read


def _virtual_host(node: Node, _: Notebook) -> object:
    hosts = (each for each in node.items if each.get("Type").value == "VIRTUAL_HOST")
    return next((written(each.get("URI").scalar) for each in hosts), None)


def _engine(node: Node, notes: Notebook) -> object:
    return "rabbitmq" if _virtual_host(node, notes) is not None else None


def _topic_of_sql(node: Node, _: Notebook) -> object:
    found = _FROM.search(written(node.scalar))
    return found[1] if found else None


def _bootstrap_servers(node: Node, notes: Notebook) -> object:
    listed = node.get("KAFKA_BOOTSTRAP_SERVERS")
    return _texts(listed if listed.written else node, notes)


def _plain_texts(node: Node, _: Notebook) -> object:
    """Return the plain texts that a pattern names; what it matches otherwise cannot be made."""
    return tuple(each.value for each in node.items if isinstance(each.value, str)) or None


def _example(node: Node, _: Notebook) -> object:
    """Return what would match a pattern: of every list the first plain value."""
    found = _first(plain_of(node))
    return found or None


def _first(told: object) -> object:
    if isinstance(told, dict):
        pairs = ((key, _first(each)) for key, each in told.items())
        return {key: each for key, each in pairs if each is not None}
    if isinstance(told, list):
        return next((each for each in told if not isinstance(each, dict | list)), None)
    return told


def _patterns(node: Node, _: Notebook) -> object:
    """Return the patterns of a filter, each as JSON text."""
    told = (each.get("Pattern") for each in node.items)
    return tuple(written(each.scalar) for each in told if each.is_scalar and each.written) or None


_ENABLED = {"enabled": (_on, ("Enabled", "State"))}
_BATCH: Table = {
    "batch": (_whole, ("BatchSize",)),
    "filters": (_patterns, ("FilterCriteria.Filters",)),
    **_ENABLED,
}
_RESPONSES: Table = {"response_types": (_texts, ("FunctionResponseTypes",))}
_OF_STREAM: Table = {
    **_BATCH,
    **_RESPONSES,
    "window_s": (_whole, ("TumblingWindowInSeconds",)),
}

OPTIONS: Mapping[str, Table] = {
    "s3": {
        "bucket": (_name, ("Bucket",)),
        "events": (_s3_events, ("Events", "Event")),
        "prefix": (_rule("prefix"), ("Filter.S3Key.Rules",)),
        "suffix": (_rule("suffix"), ("Filter.S3Key.Rules",)),
    },
    "sns": {"topic": (_name, ("Topic", "TopicArn"))},
    "sqs": {"queue": (_name, ("Queue", "EventSourceArn")), **_BATCH, **_RESPONSES},
    "kinesis": {
        "stream": (_within(r":stream/([^/]+)"), ("Stream", "EventSourceArn")),
        **_OF_STREAM,
    },
    "dynamodb": {
        "table": (_within(r":table/([^/]+)"), ("Stream", "EventSourceArn")),
        "stream_label": (_stream_label, ("Stream", "EventSourceArn")),
        **_OF_STREAM,
    },
    "documentdb": {
        "cluster": (_name, ("Cluster", "EventSourceArn")),
        "database": (_text, ("DatabaseName", "DocumentDBEventSourceConfig.DatabaseName")),
        "collection": (_text, ("CollectionName", "DocumentDBEventSourceConfig.CollectionName")),
        **_BATCH,
    },
    "msk": {
        "cluster": (_within(r":cluster/([^/]+)"), ("Stream", "EventSourceArn")),
        "topics": (_texts, ("Topics",)),
        **_BATCH,
    },
    "self-managed-kafka": {
        "bootstrap_servers": (
            _bootstrap_servers,
            ("KafkaBootstrapServers", "SelfManagedEventSource.Endpoints.KafkaBootstrapServers"),
        ),
        "topics": (_texts, ("Topics",)),
        **_BATCH,
    },
    "mq": {
        "broker": (_within(r":broker:([^:]+)"), ("Broker", "EventSourceArn")),
        "queues": (_texts, ("Queues",)),
        "virtual_host": (_virtual_host, ("SourceAccessConfigurations",)),
        "engine": (_engine, ("SourceAccessConfigurations",)),
        **_BATCH,
    },
    "schedule": {
        "rule": (_text, ("Name",)),
        "schedule": (_text, ("Schedule", "ScheduleExpression")),
        "input": (_text, ("Input",)),
        **_ENABLED,
    },
    "schedule-v2": {
        "schedule_name": (_text, ("Name",)),
        "schedule": (_text, ("ScheduleExpression",)),
        "timezone": (_text, ("ScheduleExpressionTimezone",)),
        "group": (_text, ("GroupName",)),
        "input": (_text, ("Input", "Target.Input")),
        **_ENABLED,
    },
    "eventbridge": {
        "sources": (_plain_texts, ("Pattern.source", "EventPattern.source")),
        "detail_types": (_plain_texts, ("Pattern.detail-type", "EventPattern.detail-type")),
        "detail": (_example, ("Pattern.detail", "EventPattern.detail")),
        "bus": (_name, ("EventBusName",)),
        "rule": (_text, ("RuleName", "Name")),
        "input": (_text, ("Input",)),
        "input_path": (_text, ("InputPath",)),
        "input_paths": (_plain, ("InputTransformer.InputPathsMap",)),
        "input_template": (_text, ("InputTransformer.InputTemplate",)),
        **_ENABLED,
    },
    "cloudwatch-logs": {
        "log_group": (_text, ("LogGroupName",)),
        "filter_name": (_text, ("FilterName",)),
        "filter_pattern": (_text, ("FilterPattern",)),
    },
    "iot-rule": {"topic": (_topic_of_sql, ("Sql",)), "sql": (_text, ("Sql",))},
    "alexa-skill": {"skill_id": (_text, ("SkillId",))},
    "cognito": {"user_pool": (_name, ("UserPool",)), "triggers": (_texts, ("Trigger",))},
}


def read_options(source: str, config: Node, notes: Notebook) -> dict[str, object]:
    """Return the options of a trigger that are written and have a value."""
    found: dict[str, object] = {}
    for option, (read, paths) in OPTIONS[source].items():
        node = next((each for each in (at(config, path) for path in paths) if each.written), None)
        if node is not None and not (node.is_scalar and node.unresolved):
            found[option] = read(node, notes)
    return {option: each for option, each in found.items() if each is not None}
