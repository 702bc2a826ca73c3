"""From a draft to the neutral `Function` (contract alibaba-fc, section 1.3)."""

from pathlib import Path

from localfn.model import Container, Function, Hook, Hooks, Trigger
from localfn.providers.alibaba.runtimes import RUNTIMES
from localfn.providers.alibaba.templates.attributes import attributes
from localfn.providers.alibaba.templates.code import ignore_files, locate
from localfn.providers.alibaba.templates.draft import ContainerDraft, Draft, HookDraft
from localfn.providers.alibaba.templates.limits import warn_about
from localfn.providers.alibaba.templates.mounts import volumes
from localfn.providers.alibaba.templates.triggers import read_trigger
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_TIMEOUT_S = 3.0
_DISK_MB = 512
_PORT = 9000
_IMAGES = frozenset({"custom-container", "micro-sandbox"})


def build(draft: Draft, base: Path, notes: Notebook) -> Function:
    """Return the function of a draft; it is of use only when no error was written down."""
    runtime = _runtime(draft, notes)
    code = locate(draft, base, notes)
    function = Function(
        name=_required(draft.name, "resize", notes),
        service=fields.text(draft.service, notes),
        runtime=runtime,
        handler=_handler(draft, runtime, notes),
        code=code,
        memory_mb=fields.whole(draft.memory, notes, draft.dialect.memory_mb),
        timeout_s=fields.number(draft.timeout, notes, _TIMEOUT_S),
        cpu=fields.number(draft.cpu, notes, 0) or None,
        disk_mb=fields.whole(draft.disk, notes, _DISK_MB),
        concurrency=fields.whole(draft.concurrency, notes, 1),
        environment=fields.strings(draft.environment, notes),
        layers=_layers(draft.layers, notes),
        mounts=volumes(draft, notes),
        ignores=ignore_files(code, base, draft.dialect),
        triggers=_triggers(draft, notes),
        hooks=Hooks(
            _hook(draft.initializer, notes),
            _hook(draft.pre_freeze, notes),
            _hook(draft.pre_stop, notes),
        ),
        container=_container(draft.container, runtime, notes),
        attributes=attributes(draft, notes),
        most_instances=_most_instances(draft, notes),
        template=draft.place,
    )
    warn_about(function, draft, notes)
    return function


def nearest_runtime(wanted: str) -> str:
    """Return a hint that names the known id nearest to this one."""
    from difflib import get_close_matches

    near = get_close_matches(wanted, RUNTIMES, 1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(RUNTIMES)}."


def _most_instances(draft: Draft, notes: Notebook) -> int | None:
    """Return how many instances serve the calls that are reserved, each several if it may."""
    reserved = fields.whole(draft.reserved_concurrency, notes, 0)
    each = max(1, fields.whole(draft.concurrency, notes, 1))
    return -(-reserved // each) or None


def _required(node: Node, example: str, notes: Notebook) -> str:
    found = fields.text(node, notes)
    if not found and node.is_scalar:
        notes.error(
            node.place, f"there is no `{node.name}`.", hint=f"Write `{node.name}: {example}`."
        )
    return found


def _runtime(draft: Draft, notes: Notebook) -> str:
    found = _required(draft.runtime, "python3.10", notes)
    if found and found not in RUNTIMES:
        notes.error(
            draft.runtime.place,
            f"`{draft.runtime.name}` is `{found}`, which is no runtime of Function Compute.",
            hint=nearest_runtime(found),
        )
    elif found and found not in draft.dialect.runtimes:
        notes.warn(
            draft.runtime.place,
            f"`{draft.runtime.name}` is `{found}`, which `{draft.dialect.name}` does not have.",
            hint="localfn runs it; the cloud's own tool may refuse it.",
        )
    return found


def _handler(draft: Draft, runtime: str, notes: Notebook) -> str:
    needed = runtime and not runtime.startswith("custom") and runtime not in _IMAGES
    return (
        _required(draft.handler, "index.handler", notes)
        if needed
        else fields.text(draft.handler, notes)
    )


def _layers(node: Node, notes: Notebook) -> tuple[str, ...]:
    for each in node.items:
        if not each.is_scalar:
            notes.warn(each.place, "a layer is not text and is left out.", hint="Write its ARN.")
    return fields.texts(node, notes)


def _triggers(draft: Draft, notes: Notebook) -> tuple[Trigger, ...]:
    found = (read_trigger(each, draft.dialect.generation, notes) for each in draft.triggers)
    return tuple(each for each in found if each is not None)


def _hook(draft: HookDraft, notes: Notebook) -> Hook | None:
    handler = fields.text(draft.handler, notes)
    return Hook(handler, fields.number(draft.timeout, notes, _TIMEOUT_S)) if handler else None


def _container(draft: ContainerDraft, runtime: str, notes: Notebook) -> Container | None:
    if not runtime.startswith("custom") and runtime not in _IMAGES:
        return None
    in_image = runtime in _IMAGES
    return Container(
        image=_required(draft.image, "registry.example.com/shop/site:1", notes) if in_image else "",
        entrypoint=fields.words(draft.entrypoint, notes),
        command=tuple(word for part in draft.command for word in fields.words(part, notes)),
        port=fields.whole(draft.port, notes, _PORT),
        runs_once=in_image and not fields.flag(draft.web_server, notes, default=True),
    )
