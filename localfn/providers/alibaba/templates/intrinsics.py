"""Intrinsic functions of ROS such as `!Ref` and `Fn::Sub`: only the cloud knows their values."""

from collections.abc import Callable, Mapping

from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node, json_of

_HINT = "Only a deployment knows it; write the value itself where the function needs it."


def settle(node: Node, notes: Notebook) -> Node:
    """Return the node with intrinsic functions left as readable text, each with a warning."""
    if _is_intrinsic(node):
        return _left(node._replace(value=json_of(node)), notes)
    return _below(node, notes, settle)


def settle_tags(node: Node, notes: Notebook) -> Node:
    """Do the same for YAML tags alone: outside ROS a key `Ref` means nothing."""
    return _below(node, notes, settle_tags)


def _below(node: Node, notes: Notebook, each_by: Callable[[Node, Notebook], Node]) -> Node:
    if node.tag:
        return _left(node, notes)
    if isinstance(node.value, Mapping):
        children = {key: each_by(each, notes) for key, each in node.value.items()}
        return node._replace(value=children)
    if isinstance(node.value, tuple):
        return node._replace(value=tuple(each_by(each, notes) for each in node.value))
    return node


def _is_intrinsic(node: Node) -> bool:
    if len(node.mapping) != 1:
        return False
    (key,) = node.mapping
    return key == "Ref" or key.startswith("Fn::")


def _left(node: Node, notes: Notebook) -> Node:
    where = f" (`{node.name}`)" if node.name else ""
    notes.warn(node.place, f"`{node.value}`{where} is left as it is.", _HINT)
    return node._replace(tag="", unresolved=True)
