"""Rules for pages of other origins: `{origins, methods, headers, expose, credentials, max_age}`."""

from collections.abc import Mapping

from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import number_of
from localfn.templates.tree import Node

Cors = Mapping[str, object]
_ALL = ("*",)
_LISTS = {
    "origins": ("AllowOrigins", "allowOrigins"),
    "methods": ("AllowMethods", "allowMethods"),
    "headers": ("AllowHeaders", "allowHeaders"),
    "expose": ("ExposeHeaders", "exposeHeaders"),
}
_QUOTED = {"origins": "AllowOrigin", "methods": "AllowMethods", "headers": "AllowHeaders"}


def cors_of_http(node: Node, notes: Notebook) -> Cors | None:
    """Return the rules of an HTTP API or a URL: `true`, or lists; None where there are none."""
    if written(node.scalar) == "true":
        return {"origins": _ALL, "methods": _ALL, "headers": _ALL}
    if not node.mapping:
        return None
    found: dict[str, object] = {
        name: tuple(fields.texts(node.get(*keys), notes)) for name, keys in _LISTS.items()
    }
    return _with_rest(found, node)


def cors_of_rest(node: Node) -> Cors | None:
    """Return the rules of a REST API: text in quotes of its own; None where there are none."""
    if node.is_scalar:
        origins = _listed(node)
        return {"origins": origins} if origins else None
    found: dict[str, object] = {name: _listed(node.get(key)) for name, key in _QUOTED.items()}
    return _with_rest(found, node)


def _with_rest(found: dict[str, object], node: Node) -> Cors | None:
    age = number_of(_unquoted(node.get("MaxAge", "maxAge")))
    credentials = written(node.get("AllowCredentials", "allowCredentials").scalar)
    if credentials:
        found["credentials"] = credentials == "true"
    if age is not None:
        found["max_age"] = int(age)
    kept = {name: each for name, each in found.items() if each != ()}
    return kept or None


def _listed(node: Node) -> tuple[str, ...]:
    parts = _unquoted(node).split(",")
    return tuple(each.strip() for each in parts if each.strip())


def _unquoted(node: Node) -> str:
    return written(node.scalar).strip().strip("'\"")
