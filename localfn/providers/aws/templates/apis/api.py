"""An API, and the routes by which it leads to functions."""

from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import DomainRoute, Place
from localfn.providers.aws.templates.apis.authorizers import IAM, Authorizer
from localfn.providers.aws.templates.entry import Entry
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import number_of
from localfn.templates.tree import Node

DEFAULT_ROUTE = "$default"
_ANY = frozenset({"ANY", "X-AMAZON-APIGATEWAY-ANY-METHOD", "*", ""})
_NONE = "NONE"


class Api(NamedTuple):
    """An API. `shared` are options of all its triggers, `default` the authorizer of its routes.

    `domains` are custom ones, each with the path before those of the API.
    """

    stack: Stack
    id: str
    source: str
    shared: Mapping[str, object]
    authorizers: Mapping[str, Authorizer]
    default: str = ""
    domains: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """Return what tells this API from those of all stacks."""
        return "-".join((*self.stack.name.split("/"), self.id)).lstrip("-")

    def authorizer(self, name: str, place: Place, notes: Notebook) -> Authorizer | None:
        """Return the authorizer of this name, that of the API for "", None for `NONE`."""
        wanted = name or self.default
        if wanted in ("", _NONE):
            return None
        if wanted == IAM["name"]:
            return IAM
        if wanted not in self.authorizers:
            notes.warn(
                place,
                f"the API `{self.id}` has no authorizer `{wanted}`; nobody is asked.",
                hint=f"It has {', '.join(self.authorizers) or 'none'}.",
            )
            return None
        return self.authorizers[wanted]


class Route(NamedTuple):
    """A way to a function: `method` and `path` as they are written, and options of its own."""

    name: str
    method: str
    path: str
    place: Place
    options: Mapping[str, object]


def add_route(api: Api, entry: Entry, route: Route) -> None:
    """Add a trigger and the route that leads to it; the same way is added once."""
    methods = methods_of(route.method)
    options: dict[str, object] = {
        "api_id": api.label,
        **api.shared,
        **route.options,
        "path": route.path,
        "methods": methods or None,
    }
    if route.path == DEFAULT_ROUTE:
        options["route_key"] = DEFAULT_ROUTE
    ways = [
        (each.options.get("api_id"), each.options.get("path"), each.options.get("methods"))
        for each in entry.triggers
    ]
    if (api.label, route.path, methods or None) in ways:
        return
    trigger = entry.add(api.source, route.name, options)
    path = "/*" if route.path == DEFAULT_ROUTE else route.path
    for domain, base in ((api.label.lower(), ""), *api.domains):
        entry.routes.append(
            DomainRoute(
                domain, f"{base}{path}", "", methods, template=route.place, trigger=trigger.name
            )
        )


def methods_of(written_method: str) -> tuple[str, ...]:
    """Return the methods of a route, none for any."""
    method = written_method.strip().upper()
    return () if method in _ANY else (method,)


def with_slash(path: str) -> str:
    """Return a path that begins with a slash, as the gateway has it."""
    return path if path.startswith(("/", "$")) else f"/{path}"


def seconds(node: Node) -> float | None:
    """Return milliseconds as seconds, None where nothing is written."""
    found = number_of(node.scalar) if node.is_scalar else None
    return found / 1000 if found else None


def variables(node: Node) -> Mapping[str, str] | None:
    """Return stage variables, None where there are none."""
    found = {key: written(each.scalar) for key, each in node.mapping.items()}
    return found or None


def media_types(node: Node, notes: Notebook) -> tuple[str, ...] | None:
    """Return binary media types; in templates they are written `image~1png`."""
    found = tuple(each.replace("~1", "/") for each in fields.texts(node, notes))
    return found or None
