"""Load balancers and distributions before functions (contract aws-lambda, 6.6 and 6.8)."""

from collections.abc import Iterator

from localfn.model import DomainRoute
from localfn.providers.aws.templates.apis.rest import of_type
from localfn.providers.aws.templates.entry import Book, Entry
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates.tree import Node

_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
_RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
_DISTRIBUTION = "AWS::CloudFront::Distribution"
_KEYS = frozenset(
    {
        *("TargetType", "Targets", "TargetGroupAttributes", "Actions", "Conditions"),
    }
)
_LISTS = "lambda.multi_value_headers.enabled"
_EVERYWHERE = "/*"


def read_fronts(stack: Stack, book: Book) -> None:
    """Add the triggers that load balancers and distributions bring to functions."""
    for name, props in of_type(stack, _GROUP, _KEYS):
        _read_group(stack, name, props, book)
    for name, resource in stack.resources.items():
        if stack.type_of(name) == _DISTRIBUTION and stack.is_there(resource):
            _read_distribution(stack, name, resource.get("Properties"), book)


def _read_group(stack: Stack, name: str, props: Node, book: Book) -> None:
    if props.get("TargetType").value != "lambda":
        return
    lists = any(
        each.get("Key").value == _LISTS and written(each.get("Value").scalar) == "true"
        for each in props.get("TargetGroupAttributes").items
    )
    for target in props.get("Targets").items:
        id_ = target.get("Id")
        entry = book.find(written(id_.scalar), stack) if id_.written else None
        if entry is not None:
            for path, methods in _ways(stack, name):
                _add(entry, stack, name, path, methods, lists=lists)


def _add(
    entry: Entry, stack: Stack, group: str, path: str, methods: tuple[str, ...], *, lists: bool
) -> None:
    options = {
        "target_group": stack.physical(group),
        "multi_value_headers": lists,
        "path": path,
        "methods": methods or None,
    }
    trigger = entry.add("alb", group, options)
    place = stack.resources[group].place
    entry.routes.append(
        DomainRoute(group.lower(), path, "", methods, template=place, trigger=trigger.name)
    )


def _ways(stack: Stack, group: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return paths and methods by which rules lead to a group; everything without a rule."""
    arn = stack.told_by(group)
    found = [
        (path, _values(props, "http-request-method", "HttpRequestMethodConfig"))
        for _, props in of_type(stack, _RULE, _KEYS)
        if arn in _targets(props)
        for path in _values(props, "path-pattern", "PathPatternConfig") or (_EVERYWHERE,)
    ]
    return found or [(_EVERYWHERE, ())]


def _targets(props: Node) -> Iterator[str]:
    for action in props.get("Actions").items:
        yield written(action.get("TargetGroupArn").scalar)
        for each in action.get("ForwardConfig").get("TargetGroups").items:
            yield written(each.get("TargetGroupArn").scalar)


def _values(props: Node, field: str, config: str) -> tuple[str, ...]:
    for each in props.get("Conditions").items:
        if each.get("Field").value == field:
            listed = each.get("Values").items or each.get(config).get("Values").items
            return tuple(written(value.scalar) for value in listed)
    return ()


def _read_distribution(stack: Stack, name: str, props: Node, book: Book) -> None:
    config = props.get("DistributionConfig")
    behaviours = (config.get("DefaultCacheBehavior"), *config.get("CacheBehaviors").items)
    events: dict[Entry, list[str]] = {}
    for behaviour in behaviours:
        # Nobody reads the rest of a distribution, so nobody need be asked for what is in it.
        for each in stack.resolve(behaviour.get("LambdaFunctionAssociations")).items:
            arn = written(each.get("LambdaFunctionARN").scalar)
            entry = book.find(arn, stack) if arn else None
            if entry is not None:
                events.setdefault(entry, []).append(written(each.get("EventType").scalar))
    for entry, types in events.items():
        entry.add("cloudfront", name, {"event_types": tuple(dict.fromkeys(types))})
