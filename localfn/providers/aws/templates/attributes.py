"""Facts that only Lambda understands, as text (`Function.attributes`)."""

from collections.abc import Mapping

from localfn.providers.aws.templates.entry import Entry
from localfn.providers.aws.templates.names import last_part
from localfn.providers.aws.templates.ways import written
from localfn.templates.tree import Node

# attribute -> where it is written: the first that is there counts
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "description": ("Description",),
    "role": ("Role",),
    "alias": ("AutoPublishAlias",),
    "reserved_concurrency": ("ReservedConcurrentExecutions",),
    "tracing": ("Tracing", "TracingConfig.Mode"),
    "log_format": ("LoggingConfig.LogFormat",),
    "application_log_level": ("LoggingConfig.ApplicationLogLevel",),
    "system_log_level": ("LoggingConfig.SystemLogLevel",),
    "log_group": ("LoggingConfig.LogGroup",),
    "dead_letter": ("DeadLetterQueue.TargetArn", "DeadLetterConfig.TargetArn"),
    "working_directory": ("ImageConfig.WorkingDirectory",),
    "package": ("PackageType",),
}
# The same for a resource `AWS::Lambda::EventInvokeConfig`.
ASYNCHRONOUS: Mapping[str, tuple[str, ...]] = {
    "async_retries": ("MaximumRetryAttempts",),
    "async_max_age_s": ("MaximumEventAgeInSeconds",),
    "async_on_success": ("DestinationConfig.OnSuccess.Destination",),
    "async_on_failure": ("DestinationConfig.OnFailure.Destination",),
}


def of(entry: Entry, props: Node, spellings: tuple[str, ...]) -> Mapping[str, str]:
    """Return what is known; unknown attributes are left out."""
    where = entry.stack.origin.deployment
    found = {
        **known(props, _FIELDS),
        **known(props.get("EventInvokeConfig"), ASYNCHRONOUS),
        "logical_id": entry.id,
        "spellings": " ".join(spellings),
        "architecture": _architecture(props.get("Architectures")),
        "region": where.region,
        "account_id": where.account,
    }
    return {name: value for name, value in found.items() if value}


def known(config: Node, table: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the attributes of a table that are written and have a value."""
    found = {}
    for name, paths in table.items():
        node = next((each for each in (at(config, path) for path in paths) if each.written), None)
        if node is not None and node.is_scalar and not node.unresolved:
            found[name] = written(node.scalar)
    return found


def at(node: Node, path: str) -> Node:
    """Return the node at a dotted path."""
    for step in path.split("."):
        node = node.get(step)
    return node


def _architecture(node: Node) -> str:
    first = node.items[0] if node.items else node
    return last_part(written(first.scalar)) if first.is_scalar else ""
