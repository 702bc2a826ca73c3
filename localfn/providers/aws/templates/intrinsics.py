"""The functions that a template may call, such as `!Sub` (contract aws-lambda, section 1.5)."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from localfn.nearest import nearest
from localfn.providers.aws.templates.calls import LOOP, as_text, function_of, readable
from localfn.providers.aws.templates.loops import copied
from localfn.providers.aws.templates.unknown import Asked, Left, Unknown, Wrong
from localfn.providers.aws.templates.ways import written
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node, json_of, node_of, plain_of

NO_VALUE = "AWS::NoValue"
_INCLUDE = "AWS::Include"
_TRANSFORM = "Fn::Transform"
_VARIABLE = re.compile(r"\$\{(!?)\s*([^{}]*?)\s*\}")
_DYNAMIC = re.compile(r"\{\{(resolve:(?:ssm|ssm-secure|secretsmanager):[^{}]+)\}\}")
_MOST = 100_000


class Scope(Protocol):
    """What the names in a template stand for; each raises `Unknown` or `Wrong` without a value."""

    def ref(self, name: str) -> Node:
        """Return what a parameter or a resource is told by."""

    def attribute(self, resource: str, name: str) -> Node:
        """Return an attribute of a resource."""

    def holds(self, condition: str) -> bool:
        """Return whether a condition holds."""

    def mapped(self, keys: tuple[str, ...]) -> Node | None:
        """Return an entry of the mappings, None without one."""

    def told(self, name: str) -> str | None:
        """Return a value of the user's own, None without one."""

    def included(self, location: str) -> Node:
        """Return a file that a template includes."""


class Resolver:
    """Gives the parts of one template their values.

    What has none is left as readable text, `unresolved`; a mistake is an error in the notes.
    """

    def __init__(self, scope: Scope, asked: Asked) -> None:
        self._scope = scope
        self._asked = asked
        self._made = 0

    def resolve(self, node: Node, notes: Notebook) -> Node:
        """Return a part with every function in it replaced by its value."""
        found = self._resolved(node, notes)
        return Node(None, node.place, node.name) if found.tag == NO_VALUE else found

    def only(self, node: Node, keys: frozenset[str], notes: Notebook) -> Node:
        """Return a mapping with these of its keys, resolved: nobody reads the others."""
        if function_of(node) or any(key.startswith("Fn::") for key in node.mapping):
            return self.resolve(node, notes)
        kept = {key: each for key, each in node.mapping.items() if key in keys}
        return self.resolve(node._replace(value=kept), notes) if node.mapping else node

    def is_true(self, node: Node, notes: Notebook) -> bool:
        """Return whether a condition holds, be it named or written out."""
        condition = node.mapping.get("Condition")
        if condition is not None and len(node.mapping) == 1:
            return self._holds(condition, notes)
        return written(self._resolved(node, notes).scalar) == "true"

    def _resolved(self, node: Node, notes: Notebook) -> Node:
        self._made += 1
        if self._made > _MOST:
            raise RecursionError
        if isinstance(node.value, Mapping):
            name = function_of(node)
            return self._called(name, node, notes) if name else self._mapping(node, notes)
        if isinstance(node.value, tuple):
            items = (self._resolved(each, notes) for each in node.value)
            kept = tuple(each for each in items if each.tag != NO_VALUE)
            return node._replace(value=kept, unresolved=any(each.unresolved for each in kept))
        if isinstance(node.value, str) and "{{resolve:" in node.value:
            return self._with_dynamic(node, node.value)
        return node

    def _mapping(self, node: Node, notes: Notebook) -> Node:
        children: dict[str, Node] = {}
        for key, each in self.unrolled(node, notes).items():
            if key == _TRANSFORM:
                included = self._called(key, node._replace(value={key: each}), notes)
                children.update(included.mapping)
                continue
            found = self._resolved(each, notes)
            if found.tag != NO_VALUE:
                children[key] = found
        unresolved = any(each.unresolved for each in children.values())
        return node._replace(value=children, unresolved=unresolved)

    def unrolled(self, node: Node, notes: Notebook) -> Mapping[str, Node]:
        """Return the children of a mapping, its loops (`Fn::ForEach`) written out."""
        if not any(key.startswith(LOOP) for key in node.mapping):
            return node.mapping
        children: dict[str, Node] = {}
        for key, each in node.mapping.items():
            found = self._loop(each, notes) if key.startswith(LOOP) else {key: each}
            children.update(found)
        return children

    def expanded(self, node: Node, notes: Notebook) -> Mapping[str, Node]:
        """Return the children of a mapping with loops written out and files included, as written.

        Nothing in them has its value yet.
        """
        children = dict(self.unrolled(node, notes))
        include = children.pop(_TRANSFORM, None)
        location = include.get("Parameters").get("Location").value if include else None
        if (
            include is None
            or include.get("Name").value != _INCLUDE
            or not isinstance(location, str)
        ):
            return children
        try:
            included = self._scope.included(location)
        except (Unknown, Wrong) as error:
            notes.error(include.place, f"`{_TRANSFORM}`: {error.message}.")
            return children
        return {**children, **self.unrolled(included, notes)}

    def _loop(self, node: Node, notes: Notebook) -> Mapping[str, Node]:
        if len(node.items) != 3 or not isinstance(node.items[0].value, str):
            notes.error(node.place, f"`{node.name}` wants a name, a list and what is repeated.")
            return {}
        name, listed, body = node.items
        children: dict[str, Node] = {}
        for each in self.resolve(listed, notes).items:
            one = copied(body, str(name.value), written(each.scalar))
            children.update(self.unrolled(one, notes))
        return children

    def _called(self, name: str, node: Node, notes: Notebook) -> Node:
        """Return the value of a call, named and placed as the call."""
        try:
            function = _FUNCTIONS.get(name)
            if function is None:
                raise _no_function(name, node)
            found = function(self, node.mapping[name], notes)
        except Unknown as unknown:
            left = readable(node)
            self._asked.ask(unknown, node.place, left)
            return node._replace(value=left, unresolved=True)
        except Left:
            return node._replace(value=readable(node), unresolved=True)
        except Wrong as wrong:
            where = f"`{node.name}`: " if node.name else ""
            notes.error(node.place, f"{where}{wrong.message}.", wrong.hint)
            return node._replace(value=readable(node), unresolved=True)
        return found.named(node.name, node.place)

    # --- values by name ----------------------------------------------------------------------

    def _ref(self, node: Node, _: Notebook) -> Node:
        return self._scope.ref(_name(node, "Ref"))

    def _get_att(self, node: Node, notes: Notebook) -> Node:
        if node.items:
            parts = [written(self._resolved(each, notes).scalar) for each in node.items]
        else:
            parts = _name(node, "Fn::GetAtt").split(".", 1)
        if len(parts) < 2 or not all(parts):
            raise Wrong("`Fn::GetAtt` wants a resource and one of its attributes")
        return self._scope.attribute(parts[0], ".".join(parts[1:]))

    def _sub(self, node: Node, notes: Notebook) -> Node:
        text, own = (node, {}) if not node.items else (node.items[0], _second(node).mapping)
        if not isinstance(text.value, str) or len(node.items) > 2:
            raise Wrong("`Fn::Sub` wants text, or a list of text and a mapping")
        given = {key: self._resolved(each, notes) for key, each in own.items()}
        unresolved = False

        def value(found: re.Match[str]) -> str:
            nonlocal unresolved
            if found[1]:
                return f"${{{found[2]}}}"
            known = given.get(found[2]) or self._variable(found[2], found[0], text)
            unresolved = unresolved or known.unresolved
            return as_text(known)

        joined = _VARIABLE.sub(value, text.value)
        return self._with_dynamic(text._replace(value=joined, unresolved=unresolved), joined)

    def _variable(self, name: str, whole: str, node: Node) -> Node:
        try:
            resource, dot, attribute = name.partition(".")
            if not dot:
                return self._scope.ref(name)
            return self._scope.attribute(resource, attribute)
        except Unknown as unknown:
            self._asked.ask(unknown, node.place, whole)
            return node._replace(value=whole, unresolved=True)

    def _find_in_map(self, node: Node, notes: Notebook) -> Node:
        parts = [self._resolved(each, notes) for each in node.items[:3]]
        keys = tuple(as_text(each) for each in parts)
        if len(keys) < 3:
            raise Wrong("`Fn::FindInMap` wants a mapping's name and two keys")
        found = self._scope.mapped(keys)
        if found is None and len(node.items) > 3:
            found = node.items[3].get("DefaultValue")
        if found is None or not found.written:
            _see_known(*parts)
            raise Wrong(f"there is no `{'.'.join(keys)}` in `Mappings`")
        return self._resolved(found, notes)

    def _import_value(self, node: Node, notes: Notebook) -> Node:
        name = as_text(self._resolved(node, notes))
        known = self._scope.told(name)
        if known is None:
            raise Unknown(f"another stack exports `{name}`, which is not known here", name)
        return Node(known, node.place)

    def _transform(self, node: Node, notes: Notebook) -> Node:
        macro = as_text(node.get("Name"))
        if macro != _INCLUDE:
            raise Unknown(f"the macro `{macro}` runs only in the cloud", f"Fn::Transform {macro}")
        location = self._resolved(node.get("Parameters").get("Location"), notes)
        return self._resolved(self._scope.included(as_text(location)), notes)

    def _with_dynamic(self, node: Node, text: str) -> Node:
        """Return text with the references to parameters and secrets that the user has told."""
        unresolved = node.unresolved

        def value(found: re.Match[str]) -> str:
            nonlocal unresolved
            known = self._scope.told(found[1])
            if known is None:
                unresolved = True
                message = f"`{found[1]}` is kept in the cloud"
                self._asked.ask(Unknown(message, found[1]), node.place, found[0])
            return found[0] if known is None else known

        return node._replace(value=_DYNAMIC.sub(value, text), unresolved=unresolved)

    # --- text and lists ----------------------------------------------------------------------

    def _join(self, node: Node, notes: Notebook) -> Node:
        delimiter, listed = self._pair(node, "Fn::Join", "a delimiter and a list", notes)
        if not isinstance(listed.value, tuple):
            _see_known(listed)
            raise _shape("Fn::Join", "a delimiter and a list", listed)
        joined = as_text(delimiter).join(as_text(each) for each in listed.items)
        return listed._replace(value=joined)

    def _split(self, node: Node, notes: Notebook) -> Node:
        delimiter, text = self._pair(node, "Fn::Split", "a delimiter and text", notes)
        if not as_text(delimiter):
            raise Wrong("`Fn::Split` has no delimiter")
        parts = as_text(text).split(as_text(delimiter))
        told = (Node(each, node.place, unresolved=text.unresolved) for each in parts)
        return text._replace(value=tuple(told))

    def _select(self, node: Node, notes: Notebook) -> Node:
        index, listed = self._pair(node, "Fn::Select", "a number and a list", notes)
        place = as_text(index)
        if not place.isdecimal() or int(place) >= len(listed.items):
            _see_known(index, listed)
            raise Wrong(f"`Fn::Select` wants element {place} of {len(listed.items)}")
        return listed.items[int(place)]

    def _base64(self, node: Node, notes: Notebook) -> Node:
        plain = self._resolved(node, notes)
        told = base64.b64encode(as_text(plain).encode("utf-8", "surrogatepass")).decode()
        return plain._replace(value=told)

    def _get_azs(self, node: Node, notes: Notebook) -> Node:
        region = as_text(self._resolved(node, notes)) or as_text(self._scope.ref("AWS::Region"))
        return node_of([f"{region}{letter}" for letter in "abc"], node.place)

    def _cidr(self, node: Node, notes: Notebook) -> Node:
        # Hardly any template of functions computes networks.
        from ipaddress import ip_network
        from itertools import islice

        parts_of = [self._resolved(each, notes) for each in node.items]
        _see_known(*parts_of)
        told = [as_text(each) for each in parts_of]
        try:
            network = ip_network(told[0], strict=False)
            count, bits = int(told[1]), int(told[2]) if len(told) > 2 else 8
            parts = network.subnets(new_prefix=network.max_prefixlen - bits)
            return node_of([str(each) for each in islice(parts, min(count, 256))], node.place)
        except (ValueError, IndexError) as error:
            raise Wrong(f"`Fn::Cidr` cannot be computed: {error}") from error

    def _length(self, node: Node, notes: Notebook) -> Node:
        listed = self._resolved(node, notes)
        if not isinstance(listed.value, tuple):
            _see_known(listed)
            raise _shape("Fn::Length", "a list", listed)
        return listed._replace(value=len(listed.items))

    def _to_json(self, node: Node, notes: Notebook) -> Node:
        found = self._resolved(node, notes)
        told = json.dumps(plain_of(found), ensure_ascii=False, separators=(",", ":"))
        return found._replace(value=told)

    # --- conditions --------------------------------------------------------------------------

    def _if(self, node: Node, notes: Notebook) -> Node:
        if len(node.items) != 3:
            raise Wrong("`Fn::If` wants a condition and two values")
        condition, so, otherwise = node.items
        return self._resolved(so if self._holds(condition, notes) else otherwise, notes)

    def _holds(self, node: Node, notes: Notebook) -> bool:
        """Return whether a named condition holds; one that is written out is taken too."""
        if isinstance(node.value, str):
            return self._scope.holds(node.value)
        return self.is_true(node, notes)

    def _equals(self, node: Node, notes: Notebook) -> Node:
        one, other = self._pair(node, "Fn::Equals", "two values", notes)
        return Node(as_text(one) == as_text(other), node.place)

    def _and(self, node: Node, notes: Notebook) -> Node:
        told = [self.is_true(each, notes) for each in node.items]
        return Node(all(told), node.place)

    def _or(self, node: Node, notes: Notebook) -> Node:
        told = [self.is_true(each, notes) for each in node.items]
        return Node(any(told), node.place)

    def _not(self, node: Node, notes: Notebook) -> Node:
        if len(node.items) != 1:
            raise Wrong("`Fn::Not` wants a list of one condition")
        return Node(not self.is_true(node.items[0], notes), node.place)

    def _pair(self, node: Node, name: str, wanted: str, notes: Notebook) -> tuple[Node, Node]:
        if len(node.items) != 2:
            raise _shape(name, wanted, node)
        one, other = (self._resolved(each, notes) for each in node.items)
        return one, other


_FUNCTIONS: Mapping[str, Callable[[Resolver, Node, Notebook], Node]] = {
    "Ref": Resolver._ref,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::Sub": Resolver._sub,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::ImportValue": Resolver._import_value,
    _TRANSFORM: Resolver._transform,
    "Fn::Join": Resolver._join,
    "Fn::Split": Resolver._split,
    "Fn::Select": Resolver._select,
    "Fn::Base64": Resolver._base64,
    "Fn::GetAZs": Resolver._get_azs,
    "Fn::Cidr": Resolver._cidr,
    "Fn::Length": Resolver._length,
    "Fn::ToJsonString": Resolver._to_json,
    "Fn::If": Resolver._if,
    "Fn::Equals": Resolver._equals,
    "Fn::And": Resolver._and,
    "Fn::Or": Resolver._or,
    "Fn::Not": Resolver._not,
}


def _name(node: Node, function: str) -> str:
    if not isinstance(node.value, str) or not node.value:
        raise _shape(function, "a name", node)
    return node.value


def _second(node: Node) -> Node:
    return node.items[1] if len(node.items) > 1 else Node({}, node.place)


def _shape(name: str, wanted: str, node: Node) -> Wrong:
    shown = json_of(node)
    return Wrong(f"`{name}` wants {wanted}, not `{shown[:60]}{'…' if len(shown) > 60 else ''}`")


def _see_known(*parts: Node) -> None:
    """Give up in silence where a part is not known: that is told, and the rest follows from it."""
    if any(each.unresolved for each in parts):
        raise Left


def _no_function(name: str, node: Node) -> Wrong:
    shown = f"`{node.tag}`" if node.tag else f"`{name}`"
    return Wrong(f"{shown} is no function of CloudFormation", nearest(name, _FUNCTIONS))
