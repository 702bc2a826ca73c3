"""What `Globals` says about all resources of a kind (contract aws-lambda, section 1.2)."""

from collections.abc import Mapping

from localfn.providers.aws.templates.calls import function_of
from localfn.providers.aws.templates.ways import written
from localfn.templates.misspelt import warn_misspelt
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_SERVERLESS = "AWS::Serverless::"
_SECTIONS = frozenset(
    {
        *("Function", "Api", "HttpApi", "WebSocketApi", "SimpleTable", "StateMachine"),
        *("LayerVersion", "CapacityProvider"),
    }
)
# What an API is that the transform makes for events which name none.
IMPLICIT = {"ServerlessRestApi": "Api", "ServerlessHttpApi": "HttpApi"}


def with_globals(root: Node, notes: Notebook) -> Node:
    """Return a template whose resources have what `Globals` says; implicit APIs among them."""
    shared = root.get("Globals")
    warn_misspelt(shared, _SECTIONS, notes)
    if not shared.mapping:
        return root
    resources = root.get("Resources")
    grown = {key: _grown(each, shared) for key, each in resources.mapping.items()}
    return root._replace(value={**root.mapping, "Resources": resources._replace(value=grown)})


def of_implicit(root: Node, name: str) -> Node:
    """Return the properties of an API that no resource describes."""
    return root.get("Globals").get(IMPLICIT[name])


def _grown(resource: Node, shared: Node) -> Node:
    kind = written(resource.get("Type").scalar)
    section = shared.get(kind.removeprefix(_SERVERLESS))
    if not kind.startswith(_SERVERLESS) or not section.mapping:
        return resource
    below = _kept(section, resource.get("IgnoreGlobals"))
    properties = resource.get("Properties")
    merged = below._replace(place=resource.place)
    if properties.written:
        merged = _merged(below, properties)
    return resource._replace(value={**resource.mapping, "Properties": merged})


def _kept(section: Node, ignored: Node) -> Node:
    """Return what a resource does not opt out of."""
    if ignored.value == "*":
        return section._replace(value={})
    names = {written(each.scalar) for each in ignored.items}
    return section._replace(
        value={key: each for key, each in section.mapping.items() if key not in names}
    )


def _merged(below: Node, above: Node) -> Node:
    """Return both: maps key by key, lists one after the other, anything else from above."""
    if _is_map(below) and _is_map(above):
        children = dict(below.mapping)
        for key, each in above.mapping.items():
            children[key] = _merged(children[key], each) if key in children else each
        return above._replace(value=children)
    if isinstance(below.value, tuple) and isinstance(above.value, tuple):
        return above._replace(value=below.value + above.value)
    return above


def _is_map(node: Node) -> bool:
    return isinstance(node.value, Mapping) and not function_of(node)
