"""What a loop (`Fn::ForEach`) repeats, for one of its values."""

from collections.abc import Mapping

from localfn.providers.aws.templates.calls import function_of
from localfn.templates.tree import Node


def copied(node: Node, name: str, value: str) -> Node:
    """Return what a loop repeats, for one of its values."""
    if isinstance(node.value, str):
        return node._replace(value=_put(node.value, name, value))
    if isinstance(node.value, tuple):
        return node._replace(value=tuple(copied(each, name, value) for each in node.value))
    if not isinstance(node.value, Mapping):
        return node
    if function_of(node) == "Ref" and node.mapping["Ref"].value == name:
        return Node(value, node.place, node.name)
    children = {
        _put(key, name, value): copied(each, name, value)._replace(
            name=_put(each.name, name, value)
        )
        for key, each in node.mapping.items()
    }
    return node._replace(value=children)


def _put(text: str, name: str, value: str) -> str:
    plain = "".join(each for each in value if each.isalnum())
    return text.replace(f"${{{name}}}", value).replace(f"&{{{name}}}", plain)
