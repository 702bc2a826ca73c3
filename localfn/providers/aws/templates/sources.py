"""Resources of their own that have functions called: mappings, rules, subscriptions, URLs."""

import re
from collections.abc import Callable, Iterator, Mapping

from localfn.providers.aws.templates import attributes, urls
from localfn.providers.aws.templates.attributes import at
from localfn.providers.aws.templates.entry import Book, Entry
from localfn.providers.aws.templates.names import last_part
from localfn.providers.aws.templates.options import OPTIONS, read_options
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates.tree import Node

# service in the ARN of an event source -> source
_SERVICES = {
    "sqs": "sqs",
    "kinesis": "kinesis",
    "dynamodb": "dynamodb",
    "kafka": "msk",
    "mq": "mq",
    "rds": "documentdb",
}
_ARN = re.compile(r"arn:[\w-]+:([\w-]+):")
# who may call, and what the ARN that is named then tells
_PRINCIPALS: Mapping[str, tuple[str, str]] = {
    "s3": ("s3", "bucket"),
    "sns": ("sns", "topic"),
    "events": ("eventbridge", "rule"),
    "scheduler": ("schedule-v2", "schedule_name"),
    "cognito-idp": ("cognito", "user_pool"),
    "iot": ("iot-rule", "topic"),
    "logs": ("cloudwatch-logs", "log_group"),
}
# The ARN of a permission for logs ends so.
_GROUP = re.compile(r":log-group:([^:]+)")
Call = tuple[Node, str, Node]
Finder = Callable[[Node], Iterator[Call]]


def read_sources(stack: Stack, book: Book) -> None:
    """Add the triggers and the facts that a stack's other resources bring to functions."""
    later = []
    for name, resource in stack.resources.items():
        type_ = stack.type_of(name)
        if type_ == "AWS::Lambda::Permission":
            later.append((name, resource))
        elif type_ in _READERS and stack.is_there(resource):
            keys, read = _READERS[type_]
            read(stack, name, stack.properties(resource, keys), book)
    for name, resource in later:
        if stack.is_there(resource):
            _permission(stack, name, stack.properties(resource, _OF_PERMISSION), book)


def _called(node: Node, stack: Stack, book: Book) -> Entry | None:
    return book.find(written(node.scalar), stack) if node.is_scalar and node.written else None


def _mapping(stack: Stack, name: str, props: Node, book: Book) -> None:
    entry = _called(props.get("FunctionName"), stack, book)
    arn = _ARN.match(written(props.get("EventSourceArn").scalar))
    source = _SERVICES.get(arn[1]) if arn else None
    if source is None and props.get("SelfManagedEventSource").written:
        source = "self-managed-kafka"
    if entry is None or source is None:
        stack.notes.warn(
            props.place,
            f"`{name}` leads from or to something that is not known here; it is left out.",
            hint="Look at its `EventSourceArn` and its `FunctionName`.",
        )
        return
    entry.add(source, name, read_options(source, props, entry.notes))


def _alias(stack: Stack, _: str, props: Node, book: Book) -> None:
    entry = _called(props.get("FunctionName"), stack, book)
    if entry is not None and not props.get("Name").unresolved:
        entry.attributes.setdefault("alias", written(props.get("Name").scalar))


def _invoke_config(stack: Stack, _: str, props: Node, book: Book) -> None:
    entry = _called(props.get("FunctionName"), stack, book)
    if entry is not None:
        entry.attributes.update(attributes.known(props, attributes.ASYNCHRONOUS))


def _url(stack: Stack, name: str, props: Node, book: Book) -> None:
    entry = _called(props.get("TargetFunctionArn"), stack, book)
    if entry is not None:
        entry.add("function-url", name, urls.options(props, entry.notes))


def _permission(stack: Stack, name: str, props: Node, book: Book) -> None:
    """Add a trigger for a caller that nothing else in the template describes."""
    entry = _called(props.get("FunctionName"), stack, book)
    principal = written(props.get("Principal").scalar).partition(".")[0]
    if entry is None or principal not in _PRINCIPALS:
        return
    source, option = _PRINCIPALS[principal]
    if any(each.source == source or _is_rule(source, each.source) for each in entry.triggers):
        return
    arn = props.get("SourceArn")
    group = _GROUP.search(written(arn.scalar))
    told = group[1] if group else last_part(written(arn.scalar))
    known = {option: told} if told and not arn.unresolved else {}
    entry.add(source, name, known)


def _is_rule(source: str, other: str) -> bool:
    """Return whether both are called by rules of the same service."""
    return {source, other} == {"eventbridge", "schedule"}


def _calls(source: str, find: Finder) -> Callable[[Stack, str, Node, Book], None]:
    """Return what reads resources that name functions; `find` yields each with its settings."""

    def read(stack: Stack, name: str, props: Node, book: Book) -> None:
        for target, kind, config in find(props):
            entry = _called(target, stack, book)
            if entry is not None:
                physical = {"Bucket", "Topic", "UserPool", "Name", "FilterName"}
                shown = {key: Node(stack.physical(name), props.place, key) for key in physical}
                known = {**shown, **config.mapping}
                options = read_options(kind or source, config._replace(value=known), entry.notes)
                entry.add(kind or source, name, options)

    return read


def _of_bucket(props: Node) -> Iterator[Call]:
    for each in props.get("NotificationConfiguration").get("LambdaConfigurations").items:
        yield each.get("Function"), "", each


def _of_topic(props: Node) -> Iterator[Call]:
    for each in props.get("Subscription").items:
        if each.get("Protocol").value == "lambda":
            yield each.get("Endpoint"), "", each


def _of_subscription(props: Node) -> Iterator[Call]:
    if props.get("Protocol").value == "lambda":
        topic = props.get("TopicArn")
        yield props.get("Endpoint"), "", props._replace(value={"Topic": topic})


def _of_rule(props: Node) -> Iterator[Call]:
    kind = "schedule" if props.get("ScheduleExpression").written else "eventbridge"
    for each in props.get("Targets").items:
        yield each.get("Arn"), kind, props._replace(value={**each.mapping, **props.mapping})


def _of_schedule(props: Node) -> Iterator[Call]:
    yield props.get("Target").get("Arn"), "", props


def _of_filter(props: Node) -> Iterator[Call]:
    yield props.get("DestinationArn"), "", props


def _of_topic_rule(props: Node) -> Iterator[Call]:
    payload = props.get("TopicRulePayload")
    for each in payload.get("Actions").items:
        yield at(each, "Lambda.FunctionArn"), "", payload


def _of_user_pool(props: Node) -> Iterator[Call]:
    for trigger, arn in props.get("LambdaConfig").mapping.items():
        target = arn.get("LambdaArn") if arn.mapping else arn
        yield target, "", props._replace(value={"Trigger": Node(trigger, arn.place)})


_MAPPED = frozenset(
    path.partition(".")[0]
    for table in OPTIONS.values()
    for _, paths in table.values()
    for path in paths
) | {"FunctionName", "SelfManagedEventSource"}
_OF_PERMISSION = frozenset({"FunctionName", "Principal", "SourceArn"})

_READERS: Mapping[str, tuple[frozenset[str], Callable[[Stack, str, Node, Book], None]]] = {
    "AWS::Lambda::EventSourceMapping": (_MAPPED, _mapping),
    "AWS::Lambda::Alias": (frozenset({"FunctionName", "Name"}), _alias),
    "AWS::Lambda::EventInvokeConfig": (
        frozenset(
            {
                *("FunctionName", "MaximumRetryAttempts", "MaximumEventAgeInSeconds"),
                "DestinationConfig",
            }
        ),
        _invoke_config,
    ),
    "AWS::Lambda::Url": (
        frozenset({"TargetFunctionArn", "AuthType", "InvokeMode", "Cors"}),
        _url,
    ),
    "AWS::S3::Bucket": (frozenset({"NotificationConfiguration"}), _calls("s3", _of_bucket)),
    "AWS::SNS::Topic": (frozenset({"Subscription"}), _calls("sns", _of_topic)),
    "AWS::SNS::Subscription": (
        frozenset({"Protocol", "Endpoint", "TopicArn"}),
        _calls("sns", _of_subscription),
    ),
    "AWS::Events::Rule": (
        frozenset(
            {
                *("Name", "ScheduleExpression", "EventPattern", "EventBusName", "State"),
                "Targets",
            }
        ),
        _calls("eventbridge", _of_rule),
    ),
    "AWS::Scheduler::Schedule": (
        frozenset(
            {
                *("Name", "ScheduleExpression", "ScheduleExpressionTimezone", "GroupName"),
                *("State", "Target"),
            }
        ),
        _calls("schedule-v2", _of_schedule),
    ),
    "AWS::Logs::SubscriptionFilter": (
        frozenset({"DestinationArn", "LogGroupName", "FilterName", "FilterPattern"}),
        _calls("cloudwatch-logs", _of_filter),
    ),
    "AWS::IoT::TopicRule": (
        frozenset({"TopicRulePayload"}),
        _calls("iot-rule", _of_topic_rule),
    ),
    "AWS::Cognito::UserPool": (
        frozenset({"LambdaConfig"}),
        _calls("cognito", _of_user_pool),
    ),
}
