"""The values of `${…}` in Serverless Devs templates (contract alibaba-fc, section 1.2).

What cannot be known on this machine stays as it is written, with a warning.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from localfn.model import NOTHING
from localfn.providers.alibaba.templates import expressions
from localfn.providers.alibaba.templates.expressions import Expression, FunctionCall
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import text_of
from localfn.templates.tree import Node, json_of, node_of

# Which variables of this machine stand for the values of a credential.
_CREDENTIAL: Mapping[str, tuple[str, ...]] = {
    "AccountID": ("ALIBABA_CLOUD_ACCOUNT_ID", "FC_ACCOUNT_ID"),
    "AccessKeyID": ("ALIBABA_CLOUD_ACCESS_KEY_ID",),
    "AccessKeySecret": ("ALIBABA_CLOUD_ACCESS_KEY_SECRET",),
    "SecurityToken": ("ALIBABA_CLOUD_SECURITY_TOKEN",),
}
_GROUPS = ("resources", "services")
_DEPTH = 40
_EVALUATIONS = 20_000


class Scope(NamedTuple):
    """Where an expression stands: its module, and the references that led to it."""

    module: str
    notes: Notebook
    active: tuple[str, ...] = ()

    def inside(self, step: str, module: str) -> "Scope":
        """Return the scope of what a reference leads to."""
        return self._replace(module=module, active=(*self.active, step))


class Unknown(Exception):
    """Why an expression has no value on this machine, and what helps."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Variables:
    """Resolves expressions against one template, its modules, the environment and the disk."""

    def __init__(
        self,
        root: Node,
        modules: Mapping[str, Node],
        folder: Path,
        environ: Mapping[str, str],
        values: Mapping[str, str] = NOTHING,
    ) -> None:
        self._root = root
        self._modules = modules
        self._folder = folder
        self._environ = environ
        self._values = values
        self._evaluations = 0

    def resolve(self, node: Node, scope: Scope) -> Node:
        """Return the node with every expression in it replaced by its value."""
        if isinstance(node.value, Mapping):
            children = {key: self.resolve(each, scope) for key, each in node.value.items()}
            return node._replace(value=children)
        if isinstance(node.value, tuple):
            return node._replace(value=tuple(self.resolve(each, scope) for each in node.value))
        if isinstance(node.value, str) and "${" in node.value:
            return self._text(node, node.value, scope)
        return node

    def _text(self, node: Node, text: str, scope: Scope) -> Node:
        parts = [
            self._piece(each, node, scope)
            if isinstance(each, Expression)
            else node._replace(value=each)
            for each in expressions.pieces(text)
        ]
        if len(parts) == 1:
            return parts[0]
        joined = "".join(_as_text(each) for each in parts)
        return node._replace(value=joined, unresolved=any(each.unresolved for each in parts))

    def _piece(self, piece: Expression, node: Node, scope: Scope) -> Node:
        """Return the value of one expression, named and placed as the text it stands in."""
        if piece.body in self._values:
            return node._replace(value=self._values[piece.body])
        try:
            return self._value(piece.body, node, scope).named(node.name, node.place)
        except Unknown as unknown:
            where = f" (`{node.name}`)" if node.name else ""
            scope.notes.warn(
                node.place,
                f"`{piece.written}`{where} is left as it is: {unknown.message}.",
                unknown.hint,
                asks=piece.body,
            )
            return node._replace(value=piece.written, unresolved=True)

    def _value(self, body: str, node: Node, scope: Scope) -> Node:
        self._refuse_too_much(scope)
        if "${" in body:
            body = self._inner(body, node, scope)
        called = expressions.call(body)
        if called is not None:
            return self._called(called, node, scope)
        steps = expressions.reference(body)
        if not steps:
            raise Unknown("localfn does not know this expression", _KNOWN_FORMS)
        return self._referred(steps, scope)

    def _refuse_too_much(self, scope: Scope) -> None:
        self._evaluations += 1
        if len(scope.active) > _DEPTH or self._evaluations > _EVALUATIONS:
            raise Unknown("too many references lead to it", "Write the value itself.")

    def _inner(self, body: str, node: Node, scope: Scope) -> str:
        deeper = scope.inside(f"${{{body}}}", scope.module)
        inner = self._text(node, body, deeper)
        if inner.unresolved:
            raise Unknown("an expression inside it has no value")
        return _as_text(inner)

    def _called(self, called: FunctionCall, node: Node, scope: Scope) -> Node:
        self._refuse_too_much(scope)
        function = _FUNCTIONS.get(called.name)
        if function is None or not called.arguments:
            raise Unknown("localfn does not know this expression", _KNOWN_FORMS)
        first, *rest = (self._argument(each, node, scope) for each in called.arguments)
        if called.name == "file":
            scope.notes.depends_on(self._folder / first)
        return function(self, first, rest, node)

    def _argument(self, argument: str, node: Node, scope: Scope) -> str:
        nested = expressions.call(argument)
        if nested is None:
            return expressions.unquoted(argument)
        return _as_text(self._called(nested, node, scope.inside(argument, scope.module)))

    def _env(self, name: str, rest: list[str], node: Node) -> Node:
        if name in self._environ:
            return Node(self._environ[name], node.place)
        if rest:
            return Node(rest[0], node.place)
        raise Unknown(
            f"the environment has no `{name}`",
            f"Set `{name}`, or write a default: `${{env('{name}', 'value')}}`.",
        )

    def _config(self, name: str, _: list[str], node: Node) -> Node:
        candidates = _CREDENTIAL.get(name, ())
        for each in candidates:
            if self._environ.get(each):
                return Node(self._environ[each], node.place)
        hint = f"Set `{candidates[0]}`." if candidates else "Write the value itself."
        raise Unknown(f"the credential's `{name}` is not known here", hint)

    def _file(self, name: str, _: list[str], node: Node) -> Node:
        path = self._folder / name
        try:
            return Node(path.read_text("utf-8-sig"), node.place)
        except (OSError, ValueError) as error:
            raise Unknown(
                f"`{path}` cannot be read", "Paths are relative to the template's folder."
            ) from error

    def _json(self, text: str, _: list[str], node: Node) -> Node:
        try:
            return node_of(json.loads(text), node.place)
        except (ValueError, RecursionError) as error:
            raise Unknown(f"it is not JSON ({error})") from error

    def _path(self, name: str, _: list[str], node: Node) -> Node:
        return Node(os.path.abspath(self._folder / name), node.place)

    def _referred(self, steps: tuple[str, ...], scope: Scope) -> Node:
        written = ".".join(steps)
        start, rest, module = self._start(steps, scope)
        key = f"{module}: {written}" if steps[0] == "this" else written
        if key in scope.active:
            chain = " -> ".join((*scope.active[scope.active.index(key) :], key))
            raise Unknown(f"it refers to itself ({chain})", "Write one of these values itself.")
        deeper = scope.inside(key, module)
        found = start
        for step in rest:
            found = _child(self._stepped(found, deeper), step, written)
        return self.resolve(found, deeper)

    def _stepped(self, node: Node, scope: Scope) -> Node:
        """Return a node on the way of a reference; it may be an expression itself."""
        return self.resolve(node, scope) if isinstance(node.value, str) else node

    def _start(self, steps: tuple[str, ...], scope: Scope) -> tuple[Node, tuple[str, ...], str]:
        """Return where a reference begins, its further steps, and the module it leads into."""
        first, second, *rest = steps
        if first == "vars":
            return self._root.get("vars"), steps[1:], scope.module
        if first == "this":
            return self._module(scope.module, second, steps[1:])
        if first in _GROUPS and rest:
            return self._module(second, rest[0], tuple(rest))
        if first in self._modules:
            return self._module(first, second, steps[1:])
        raise Unknown(f"there is no `{first}` to refer to", _KNOWN_FORMS)

    def _module(
        self, name: str, step: str, rest: tuple[str, ...]
    ) -> tuple[Node, tuple[str, ...], str]:
        if name not in self._modules:
            raise Unknown(f"there is no module `{name}`")
        module = self._modules[name]
        if step == "output":
            raise Unknown(
                f"the output of `{name}` exists only after a deployment",
                "Write the value itself where the function needs it.",
            )
        if step == "name" and "name" not in module.mapping:
            return Node(name, module.place), (), name
        return module, rest, name


_KNOWN_FORMS = (
    "Known are `vars.…`, `this.…`, `resources.MODULE.props.…`, "
    "env(), config(), file(), json() and path()."
)
_FUNCTIONS: Mapping[str, Callable[[Variables, str, list[str], Node], Node]] = {
    "env": Variables._env,
    "config": Variables._config,
    "file": Variables._file,
    "json": Variables._json,
    "path": Variables._path,
}


def _child(node: Node, step: str, written: str) -> Node:
    if node.unresolved:
        raise Unknown(f"`{step}` of it has no value")
    if step in node.mapping:
        return node.mapping[step]
    if step.isdecimal() and len(step) < 6 and int(step) < len(node.items):
        return node.items[int(step)]
    raise Unknown(f"there is no `{step}` in `{written}`", "Look for a misspelt or missing key.")


def _as_text(node: Node) -> str:
    return text_of(node.scalar) if node.is_scalar else json_of(node)
