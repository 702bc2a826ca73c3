"""Functions as JSON-ready values, to be compared with golden files."""

from pathlib import Path

from localfn.model import Container, Function, Hook, Trigger


def neutral(function: Function, base: Path) -> dict[str, object]:
    """Return what a template says in words that all dialects share."""
    hooks = function.hooks
    return {
        "name": function.name,
        "service": function.service,
        "runtime": function.runtime,
        "handler": function.handler,
        "code": function.code.relative_to(base).as_posix(),
        "memory_mb": function.memory_mb,
        "timeout_s": function.timeout_s,
        "cpu": function.cpu,
        "disk_mb": function.disk_mb,
        "concurrency": function.concurrency,
        "environment": dict(function.environment),
        "layers": list(function.layers),
        "mounts": [[each.source, each.target, each.writable] for each in function.mounts],
        "ignores": [each.relative_to(base).as_posix() for each in function.ignores],
        "triggers": [_trigger(each) for each in function.triggers],
        "hooks": {
            "initializer": _hook(hooks.initializer),
            "pre_freeze": _hook(hooks.pre_freeze),
            "pre_stop": _hook(hooks.pre_stop),
        },
        "container": _container(function.container),
        "attributes": dict(function.attributes),
        "line": function.template.line if function.template else 0,
    }


def _trigger(trigger: Trigger) -> dict[str, object]:
    options = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in trigger.options.items()
    }
    return {"source": trigger.source, "name": trigger.name, "options": options}


def _hook(hook: Hook | None) -> list[object] | None:
    return [hook.handler, hook.timeout_s] if hook else None


def _container(container: Container | None) -> dict[str, object] | None:
    if container is None:
        return None
    return {
        "image": container.image,
        "entrypoint": list(container.entrypoint),
        "command": list(container.command),
        "port": container.port,
    }
