"""Triggers in neutral words (contract alibaba-fc, section 1.5)."""

import json
import re
from collections.abc import Callable, Mapping

from localfn.model import Trigger
from localfn.providers.alibaba.templates.draft import TriggerDraft
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_SOURCES = {
    "mnstopic": "mns-topic",
    "mns_topic": "mns-topic",
    "cdn_events": "cdn",
    "api": "api-gateway",
    "ots": "tablestore",
}
# What stands behind an `eventbridge` trigger, and where its settings are.
_EVENT_SOURCES = {
    "mns": ("mns-queue", "sourceMNSParameters"),
    "rocketmq": ("rocketmq", "sourceRocketMQParameters"),
    "rabbitmq": ("rabbitmq", "sourceRabbitMQParameters"),
    "kafka": ("kafka", "sourceKafkaParameters"),
    "mqtt": ("mqtt", "sourceMQTTParameters"),
    "dts": ("dts", "sourceDTSParameters"),
}
_PARAMETERS = "eventSourceConfig.eventSourceParameters"


def _plain(node: Node, _: Notebook) -> object:
    return fields.as_written(node)


def _lower(node: Node, _: Notebook) -> object:
    return fields.as_written(node).lower()


def _upper_list(node: Node, notes: Notebook) -> object:
    return tuple(each.strip().upper() for each in fields.texts(node, notes))


def _flag(node: Node, notes: Notebook) -> object:
    return fields.flag(node, notes, default=True)


def _whole(node: Node, notes: Notebook) -> object:
    return fields.whole(node, notes, 1)


def _list(node: Node, notes: Notebook) -> object:
    return fields.texts(node, notes)


def _first(node: Node, notes: Notebook) -> object:
    return (*fields.texts(node, notes), "")[0]


def _tags(node: Node, _: Notebook) -> object:
    """Return the tags of `a || b`; `*` and SQL select what cannot be told here."""
    parts = [each.strip() for each in fields.as_written(node).split("||")]
    return tuple(each for each in parts if each and each != "*" and " " not in each)


def _event_names(node: Node, notes: Notebook) -> object:
    # The event carries its name without the prefix that the template writes.
    return tuple(each.strip().removeprefix("oss:") for each in fields.texts(node, notes))


_Read = Callable[[Node, Notebook], object]
# option -> where it is written, how it is read
_OPTIONS: Mapping[str, Mapping[str, tuple[str, _Read]]] = {
    "http": {"auth": ("authType", _lower), "methods": ("methods", _upper_list)},
    "timer": {
        "cron": ("cronExpression", _plain),
        "payload": ("payload", _plain),
        "enabled": ("enable", _flag),
    },
    "oss": {
        "bucket": ("bucketName", _plain),
        "events": ("events", _event_names),
        "prefix": ("filter.key.prefix", _plain),
        "suffix": ("filter.key.suffix", _plain),
    },
    "mns-topic": {
        "topic": ("topicName", _plain),
        "format": ("notifyContentFormat", _lower),
        "filter_tag": ("filterTag", _plain),
        "region": ("region", _plain),
    },
    "log": {
        "project": ("logConfig.project", _plain),
        "logstore": ("sourceConfig.logstore", _plain),
        "parameter": ("functionParameter", _plain),
        "enabled": ("enable", _flag),
    },
    "tablestore": {"instance": ("instanceName", _plain), "table": ("tableName", _plain)},
    "cdn": {
        "event": ("eventName", _plain),
        "domain": ("filter.domain", _first),
        "domains": ("filter.domain", _list),
    },
}
_BRIDGED: Mapping[str, tuple[str, _Read]] = {
    "enabled": ("triggerEnable", _flag),
    "mode": ("runOptions.mode", _plain),
    "batch": ("runOptions.batchWindow.countBasedWindow", _whole),
    "filter": ("eventRuleFilterPattern", _plain),
}
_DELIVERY: Mapping[str, tuple[str, _Read]] = {
    "mode": ("eventSinkConfig.deliveryOption.mode", _plain),
    "schema": ("eventSinkConfig.deliveryOption.eventSchema", _plain),
}
_PARAMETER: Mapping[str, tuple[str, _Read]] = {
    "region": ("regionId", _plain),
    "instance_id": ("instanceId", _plain),
    "queue": ("queueName", _plain),
    "virtual_host": ("virtualHostName", _plain),
    "topic": ("topic", _plain),
    "group_id": ("groupID", _plain),
    "tags": ("tag", _tags),
    "decode_base64": ("isBase64Decode", _flag),
}
_CONSUMER: Mapping[str, tuple[str, _Read]] = {"group_id": ("consumerGroup", _plain)}

_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "mns-topic": {"format": "stream"},
    "timer": {"payload": "", "enabled": True},
}
_REQUIRED = {"timer": ("cron", "cronExpression")}
# What the last part of `acs:service:region:account:…` names.
_RESOURCES = {
    "oss": re.compile(r"(?P<bucket>[^/]+)"),
    "mns-topic": re.compile(r"/?topics/(?P<topic>[^/]+)"),
    "tablestore": re.compile(r"instance/(?P<instance>[^/]+)/table/(?P<table>[^/]+)"),
    "log": re.compile(r"project/(?P<project>[^/]+)"),
}


def read_trigger(draft: TriggerDraft, generation: str, notes: Notebook) -> Trigger | None:
    """Return a trigger in neutral words; None, with a warning, where its type is missing."""
    written = fields.text(draft.kind, notes).lower()
    name = fields.text(draft.name, notes) or written
    if not written:
        notes.warn(draft.kind.place, f"the trigger `{name}` has no `{draft.kind.name}`; left out.")
        return None
    source = _SOURCES.get(written, written)
    if source == "eventbridge":
        source, options = _bridged(draft.config, generation, notes)
    else:
        options = _read(_OPTIONS.get(source, {}), draft.config, notes)
    common = {"qualifier": fields.text(draft.qualifier, notes)}
    # The ARN is what the trigger is made with; the configuration may speak of other things.
    found = {**_DEFAULTS.get(source, {}), **options, **_from_arn(source, draft.arn), **common}
    _warn_missing(source, name, found, draft, notes)
    return Trigger(
        source, name, {key: each for key, each in found.items() if key != "qualifier" or each}
    )


def _bridged(config: Node, generation: str, notes: Notebook) -> tuple[str, dict[str, object]]:
    kind = fields.as_written(config.at("eventSourceConfig.eventSourceType")).lower()
    source, place = _EVENT_SOURCES.get(kind, ("eventbridge", ""))
    parameters = config.at(f"{_PARAMETERS}.{place}") if place else Node(None, config.place)
    # FC3's message triggers know no other mode (section 7).
    mode = {"mode": "event-streaming"} if place and generation == "fc3" else {}
    return source, {
        **mode,
        **_read(_CONSUMER, parameters, notes),
        **_read(_PARAMETER, parameters, notes),
        **_read(_BRIDGED, config, notes),
        **_read(_DELIVERY, config, notes),
        **_selected(config.at("eventRuleFilterPattern")),
    }


def _selected(node: Node) -> dict[str, object]:
    """Return the sources and types of events that a filter pattern names plainly."""
    try:
        pattern = json.loads(fields.as_written(node) or "{}")
    except (ValueError, RecursionError):
        return {}
    named = pattern if isinstance(pattern, dict) else {}
    found = {
        option: tuple(each for each in _listed(named.get(key)) if isinstance(each, str))
        for option, key in (("event_sources", "source"), ("event_types", "type"))
    }
    return {option: each for option, each in found.items() if each}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _read(
    table: Mapping[str, tuple[str, _Read]], config: Node, notes: Notebook
) -> dict[str, object]:
    """Return the options that are written."""
    found = {option: (config.at(path), read) for option, (path, read) in table.items()}
    return {option: read(node, notes) for option, (node, read) in found.items() if node.written}


def _from_arn(source: str, arn: Node) -> dict[str, object]:
    """Return what `acs:oss:region:account:bucket` and its like tell."""
    if not isinstance(arn.value, str) or not arn.value.startswith("acs:"):
        return {}
    parts = arn.value.split(":", 4)
    if len(parts) < 5:
        return {}
    region: dict[str, object] = {"region": parts[2]} if parts[2] and "${" not in parts[2] else {}
    match = _RESOURCES[source].match(parts[4]) if source in _RESOURCES else None
    return {**region, **(match.groupdict() if match else {})}


def _warn_missing(
    source: str, name: str, found: Mapping[str, object], draft: TriggerDraft, notes: Notebook
) -> None:
    option, key = _REQUIRED.get(source, ("", ""))
    if option and not found.get(option):
        notes.warn(
            draft.config.place,
            f"the trigger `{name}` has no `{key}`, so it never fires.",
            hint=f"Write `{key}: '@every 5m'`.",
        )
