"""A call of one of the template's functions, as it is written."""

from localfn.providers.aws.templates.ways import written
from localfn.templates.tree import Node, json_of

LOOP = "Fn::ForEach::"


def function_of(node: Node) -> str:
    """Return the name of the function that a mapping calls, "" where it is plain."""
    if len(node.mapping) != 1:
        return ""
    (key,) = node.mapping
    is_call = key == "Ref" or (key.startswith("Fn::") and not key.startswith(LOOP))
    return key if is_call else ""


def readable(node: Node) -> str:
    """Return a call in the short form that YAML has for it."""
    name = function_of(node)
    argument = node.mapping[name]
    content = argument.value
    if not argument.is_scalar:
        content = json_of(argument)
    if name == "Fn::GetAtt" and argument.items:
        content = ".".join(as_text(each) for each in argument.items)
    return f"!{name.removeprefix('Fn::')} {content}"


def as_text(node: Node) -> str:
    """Return a value as text; what is no scalar as JSON."""
    return written(node.scalar) if node.is_scalar else json_of(node)
