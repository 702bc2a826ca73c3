"""A YAML file as a tree in which every value knows its file and line."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import Place
from localfn.templates.scalars import Scalar


class Node(NamedTuple):
    """A value of a template.

    `name` is the key under which it stands. `tag` is a custom YAML tag such as `!Ref`.
    `unresolved` marks text that stands for a value nobody knows on this machine.
    """

    value: "Scalar | Mapping[str, Node] | tuple[Node, ...]"
    place: Place
    name: str = ""
    tag: str = ""
    unresolved: bool = False

    def get(self, *names: str) -> "Node":
        """Return the first of these children that is written, or an empty node in its place."""
        for name in names:
            if name in self.mapping:
                return self.mapping[name]
        return Node(None, self.place, names[0])

    def at(self, path: str) -> "Node":
        """Return the node at a dotted path, its keys spelled `so` or `So`."""
        node = self
        for step in path.split("."):
            node = node.get(step, step[0].upper() + step[1:])
        return node

    @property
    def written(self) -> bool:
        """Return whether there is a value."""
        return self.value is not None

    @property
    def mapping(self) -> "Mapping[str, Node]":
        """Return the children by key; nothing where this is no mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> "tuple[Node, ...]":
        """Return the elements; nothing where this is no sequence."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def scalar(self) -> Scalar:
        """Return the plain value; None where this is a mapping or a sequence."""
        return None if isinstance(self.value, (Mapping, tuple)) else self.value

    @property
    def is_scalar(self) -> bool:
        """Return whether this is text, a number, a flag or nothing."""
        return not isinstance(self.value, (Mapping, tuple))

    def named(self, name: str, place: Place) -> "Node":
        """Return the same value under another key."""
        return self._replace(name=name, place=place)


def node_of(plain: object, place: Place, name: str = "") -> Node:
    """Return parsed JSON as a node, all of it at one place."""
    if isinstance(plain, dict):
        return Node({key: node_of(each, place, key) for key, each in plain.items()}, place, name)
    if isinstance(plain, list):
        return Node(tuple(node_of(each, place) for each in plain), place, name)
    assert plain is None or isinstance(plain, (str, int, float))
    return Node(plain, place, name)


def plain_of(node: Node) -> object:
    """Return a node as JSON-ready values."""
    if isinstance(node.value, Mapping):
        return {key: plain_of(each) for key, each in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain_of(each) for each in node.value]
    return node.value


def json_of(node: Node) -> str:
    """Return a node as JSON text."""
    return json.dumps(plain_of(node), ensure_ascii=False)


def merged(below: Node, above: Node) -> Node:
    """Return two trees as one: mappings are merged, anything else is taken from above."""
    if not isinstance(below.value, Mapping) or not isinstance(above.value, Mapping):
        return above
    children = dict(below.value)
    for key, each in above.value.items():
        children[key] = merged(children[key], each) if key in children else each
    return above._replace(value=children)
