"""What the cloud accepts (contract aws-lambda, section 3); beyond it a template gets a warning."""

import re
from collections.abc import Mapping

from localfn.model import Function, Place
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_MEMORY_MB = (128, 10240)
_TIMEOUT_S = (1, 900)
_DISK_MB = (512, 10240)
_ENVIRONMENT_BYTES = 4096
_LAYERS = 5
_NAME = 64
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_RESERVED = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_REGION", "AWS_DEFAULT_REGION"),
        *("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)


def warn_about(function: Function, props: Node, notes: Notebook) -> None:
    """Write down what the cloud would not take."""
    for node, value, (low, high), unit in (
        (props.get("MemorySize"), function.memory_mb, _MEMORY_MB, "MB"),
        (props.get("Timeout"), function.timeout_s, _TIMEOUT_S, "s"),
        (props.get("EphemeralStorage").get("Size"), function.disk_mb, _DISK_MB, "MB"),
    ):
        if node.written and not node.unresolved and not low <= value <= high:
            notes.warn(
                node.place,
                f"`{node.name}` is `{value:g}`; the cloud takes {low} to {high} {unit}.",
                hint="localfn goes on with the value as it is.",
            )
    _warn_about_environment(props.get("Environment").get("Variables"), function, notes)
    if len(function.layers) > _LAYERS:
        place = props.get("Layers").place
        notes.warn(place, f"there are {len(function.layers)} layers; the cloud takes {_LAYERS}.")
    if len(function.name) > _NAME:
        name = props.get("FunctionName")
        notes.warn(
            name.place, f"`{function.name}` has {len(function.name)} letters, {_NAME} are allowed."
        )


def _warn_about_environment(node: Node, function: Function, notes: Notebook) -> None:
    told: Mapping[str, str] = function.environment
    size = sum(len(f"{name}{value}".encode("utf-8", "replace")) for name, value in told.items())
    if size > _ENVIRONMENT_BYTES:
        notes.warn(
            node.place, f"`Variables` hold {size} bytes; the cloud takes {_ENVIRONMENT_BYTES}."
        )
    for name, each in node.mapping.items():
        _warn_about_name(name, each.place, notes)


def _warn_about_name(name: str, place: Place, notes: Notebook) -> None:
    if name in _RESERVED:
        notes.warn(
            place,
            f"the variable `{name}` has a name that the platform keeps for itself.",
            hint="Choose another name.",
        )
    elif not _VARIABLE.fullmatch(name):
        notes.warn(
            place,
            f"the cloud takes no variable of the name `{name}`.",
            hint="Names have two or more letters, digits and `_`, a letter first.",
        )
