"""`Events` of a function: what may call it (contract aws-lambda, section 1.4)."""

from collections.abc import Mapping

from localfn.nearest import nearest
from localfn.providers.aws.templates.entry import Entry
from localfn.providers.aws.templates.names import last_part
from localfn.providers.aws.templates.options import read_options
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.tree import Node

SOURCES: Mapping[str, str] = {
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "Kinesis": "kinesis",
    "DynamoDB": "dynamodb",
    "DocumentDB": "documentdb",
    "MSK": "msk",
    "SelfManagedKafka": "self-managed-kafka",
    "MQ": "mq",
    "Schedule": "schedule",
    "ScheduleV2": "schedule-v2",
    "EventBridgeRule": "eventbridge",
    "CloudWatchEvent": "eventbridge",
    "CloudWatchLogs": "cloudwatch-logs",
    "IoTRule": "iot-rule",
    "AlexaSkill": "alexa-skill",
    "Cognito": "cognito",
}
# Read with the API that they belong to.
OF_APIS = frozenset({"Api", "HttpApi"})
# What the cloud does not make the event without: source -> option, and how it is written.
_REQUIRED: Mapping[str, tuple[str, str]] = {
    "s3": ("bucket", "Bucket"),
    "sns": ("topic", "Topic"),
    "sqs": ("queue", "Queue"),
    "kinesis": ("stream", "Stream"),
    "dynamodb": ("table", "Stream"),
    "schedule": ("schedule", "Schedule"),
    "schedule-v2": ("schedule", "ScheduleExpression"),
}
_TABLES = frozenset({"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"})
# The transform names what it makes for an event after the function and the event.
_NAMED_AFTER_EVENT = {
    "schedule": "rule",
    "schedule-v2": "schedule_name",
    "eventbridge": "rule",
    "cloudwatch-logs": "filter_name",
}


def read_events(entry: Entry) -> None:
    """Add a trigger for each event of a function that no API brings."""
    raw = entry.resource.get("Properties").get("Events")
    events = entry.stack.resolve(raw, entry.notes)
    for name, event in events.mapping.items():
        type_ = written(event.get("Type").scalar)
        if type_ in SOURCES:
            _read(entry, name, SOURCES[type_], event)
        elif type_ not in OF_APIS:
            _warn_unknown(entry, name, type_, event)


def _read(entry: Entry, name: str, source: str, event: Node) -> None:
    props = event.get("Properties")
    options = read_options(source, props, entry.notes)
    if source in _NAMED_AFTER_EVENT:
        options.setdefault(_NAMED_AFTER_EVENT[source], f"{entry.id}{name}")
    if source == "sns" and props.get("SqsSubscription").value not in (None, False, "false"):
        source, options = "sqs", _through_queue(entry, name, props, options)
    if source == "dynamodb":
        options["view_type"] = _view_type(entry.stack, options.get("table"))
    needed, key = _REQUIRED.get(source, ("", ""))
    if needed and not options.get(needed) and not props.get(key).unresolved:
        entry.notes.warn(
            event.place, f"the event `{name}` has no `{key}`.", hint=f"Write `{key}: …`."
        )
    entry.add(source, name, options)


def _view_type(stack: Stack, table: object) -> str | None:
    """Return what the records of a table's stream show, where the table is in the template."""
    for name, resource in stack.resources.items():
        if stack.type_of(name) in _TABLES and stack.physical(name) == table:
            told = stack.resolve(resource.get("Properties").get("StreamSpecification"))
            return written(told.get("StreamViewType").scalar) or None
    return None


def _through_queue(
    entry: Entry, name: str, props: Node, options: Mapping[str, object]
) -> dict[str, object]:
    """Return the options of a topic's messages that come through a queue."""
    queue = props.get("SqsSubscription")
    arn = written(queue.get("QueueArn").scalar)
    batch = queue.get("BatchSize")
    return {
        **options,
        "queue": last_part(arn) if arn else f"{entry.id}{name}Queue",
        "batch": fields.whole(batch, entry.notes, 10) if batch.written else None,
        "carries": "sns",
    }


def _warn_unknown(entry: Entry, name: str, type_: str, event: Node) -> None:
    told = f"has the type `{type_}`, which localfn does not know" if type_ else "has no `Type`"
    node = event.get("Type")
    entry.notes.warn(
        node.place if node.written else event.place,
        f"the event `{name}` {told}; it is left out.",
        hint=nearest(type_, [*SOURCES, *sorted(OF_APIS)]) if type_ else "Write `Type: S3`.",
    )
