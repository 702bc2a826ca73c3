"""What the cloud accepts (contract alibaba-fc, section 3); beyond it a template gets a warning."""

from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import Function, Place
from localfn.providers.alibaba.templates.dialect import Dialect
from localfn.providers.alibaba.templates.draft import Draft
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_ENVIRONMENT_BYTES = 4096
_LAYERS = 5
_TRIGGERS = 50
_DISKS_MB = (512, 10240)
_RESERVED = frozenset({"accessKeyID", "accessKeySecret", "securityToken", "topic"})


class Range(NamedTuple):
    """The values that a number may take."""

    low: float
    high: float
    unit: str
    step: float = 0

    def holds(self, value: float) -> bool:
        """Return whether a value is one of these."""
        if not self.low <= value <= self.high:
            return False
        return not self.step or abs(value / self.step - round(value / self.step)) < 1e-6

    def __str__(self) -> str:
        step = f" in steps of {self.step:g}" if self.step else ""
        return f"{self.low:g} to {self.high:g}{self.unit}{step}"


_MEMORY = Range(128, 32768, " MB", 64)
_TIMEOUT = Range(1, 86400, " s")
_CPU = Range(0.05, 16, " vCPU", 0.05)
_INITIALIZER = Range(1, 300, " s")
_LAST_HOOKS = Range(1, 90, " s")


def warn_about(function: Function, draft: Draft, notes: Notebook) -> None:
    """Write down what the cloud would not take."""
    hooks = function.hooks
    _warn_outside(draft.memory, function.memory_mb, _MEMORY, notes)
    _warn_outside(draft.timeout, function.timeout_s, _TIMEOUT, notes)
    _warn_outside(draft.concurrency, function.concurrency, _concurrency(draft.dialect), notes)
    if function.cpu is not None:
        _warn_outside(draft.cpu, function.cpu, _CPU, notes)
        _warn_about_share(function, function.cpu, draft.cpu, notes)
    for hook, written, allowed in (
        (hooks.initializer, draft.initializer, _INITIALIZER),
        (hooks.pre_freeze, draft.pre_freeze, _LAST_HOOKS),
        (hooks.pre_stop, draft.pre_stop, _LAST_HOOKS),
    ):
        if hook is not None:
            _warn_outside(written.timeout, hook.timeout_s, allowed, notes)
    _warn_about_disk(function, draft.disk, notes)
    _warn_about_environment(draft.environment, function.environment, notes)
    _warn_about_counts(function, draft, notes)


def _concurrency(dialect: Dialect) -> Range:
    return Range(1, dialect.concurrency, " calls at a time")


def _warn_outside(node: Node, value: float, allowed: Range, notes: Notebook) -> None:
    if node.written and not node.unresolved and not allowed.holds(value):
        notes.warn(
            node.place,
            f"`{node.name}` is `{value:g}`; the cloud takes {allowed}.",
            hint="localfn goes on with the value as it is.",
        )


def _warn_about_share(function: Function, cpu: float, node: Node, notes: Notebook) -> None:
    if not 1 <= function.memory_mb / 1024 / cpu <= 4:
        notes.warn(
            node.place,
            f"`{node.name}` is `{cpu:g}` for {function.memory_mb} MB; "
            "the cloud takes 1 to 4 GB of memory for each vCPU.",
        )


def _warn_about_disk(function: Function, node: Node, notes: Notebook) -> None:
    if function.disk_mb not in _DISKS_MB:
        notes.warn(
            node.place, f"`{node.name}` is `{function.disk_mb}`; the cloud takes 512 or 10240 MB."
        )


def _warn_about_environment(node: Node, found: Mapping[str, str], notes: Notebook) -> None:
    size = sum(len(f"{name}{value}".encode("utf-8", "replace")) for name, value in found.items())
    if size > _ENVIRONMENT_BYTES:
        notes.warn(
            node.place, f"`{node.name}` holds {size} bytes; the cloud takes {_ENVIRONMENT_BYTES}."
        )
    for name in found:
        if name.startswith("FC_") or name in _RESERVED:
            notes.warn(
                node.get(name).place,
                f"the variable `{name}` has a name that the platform keeps for itself.",
                hint="Choose another name.",
            )


def _warn_about_counts(function: Function, draft: Draft, notes: Notebook) -> None:
    _warn_about_count(draft.layers.place, len(function.layers), _LAYERS, "layers", notes)
    _warn_about_count(draft.place, len(function.triggers), _TRIGGERS, "triggers", notes)
    of_http = [
        str(each.options.get("qualifier") or "LATEST")
        for each in function.triggers
        if each.source == "http"
    ]
    if len(of_http) != len(set(of_http)):
        notes.warn(
            draft.place,
            "there are several HTTP triggers; the cloud takes one per version or alias.",
        )


def _warn_about_count(place: Place, count: int, most: int, what: str, notes: Notebook) -> None:
    if count > most:
        notes.warn(place, f"there are {count} {what}; the cloud takes {most}.")
