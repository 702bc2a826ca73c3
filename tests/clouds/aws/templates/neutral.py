"""Functions as JSON-ready values, to be compared with golden files."""

from collections.abc import Mapping
from pathlib import Path

from localfn.model import Function, Trigger


def neutral(function: Function, base: Path) -> dict[str, object]:
    """Return what a template says, paths relative to its folder."""
    container = function.container
    return {
        "name": function.name,
        "service": function.service,
        "runtime": function.runtime,
        "handler": function.handler,
        "code": function.code.relative_to(base).as_posix(),
        "memory_mb": function.memory_mb,
        "timeout_s": function.timeout_s,
        "disk_mb": function.disk_mb,
        "concurrency": function.concurrency,
        "environment": dict(function.environment),
        "layers": [Path(each).relative_to(base).as_posix() for each in function.layers],
        "files": dict(function.files),
        "triggers": [_trigger(each) for each in function.triggers],
        "container": container and [container.image, *container.command],
        "attributes": dict(function.attributes),
        "line": function.template.line if function.template else 0,
    }


def _trigger(trigger: Trigger) -> dict[str, object]:
    options = {key: _plain(value) for key, value in trigger.options.items()}
    return {"source": trigger.source, "name": trigger.name, "options": options}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
