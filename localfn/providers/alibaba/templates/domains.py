"""Custom domains and their routes (contract alibaba-fc, section 1.3)."""

from collections.abc import Iterable, Iterator

from localfn.model import DomainRoute
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

# The vendor's tools make up a domain for these.
_MADE_UP = frozenset({"auto", "system"})


def domains_of_fc(props: Node, notes: Notebook) -> tuple[DomainRoute, ...]:
    """Return the routes that a module of the component `fc` brings for its own function."""
    service = props.get("service").get("name")
    own = props.get("function").get("name")
    return tuple(
        route
        for domain in fields.entries(props.get("customDomains"), notes)
        for each in fields.entries(domain.get("routeConfigs"), notes)
        for route in _route(
            _domain(domain.get("domainName"), notes),
            each,
            (_or(each.get("serviceName"), service), _or(each.get("functionName"), own)),
            notes,
        )
    )


def domains_of_fc3(props: Node, notes: Notebook) -> tuple[DomainRoute, ...]:
    """Return the routes of a module of the component `fc3-domain`."""
    domain = _domain(props.get("domainName"), notes)
    return tuple(
        route
        for each in fields.entries(props.get("routeConfig").get("routes"), notes)
        for route in _route(domain, each, (each.get("functionName"),), notes)
    )


def domains_of_funcraft(key: str, resource: Node, notes: Notebook) -> tuple[DomainRoute, ...]:
    """Return the routes of a resource `Aliyun::Serverless::CustomDomain`; its key is the domain."""
    props = resource.get("Properties")
    named = props.get("DomainName")
    domain = _domain(named, notes) if named.written else key
    return tuple(
        route
        for path, each in _paths(props.get("RouteConfig"))
        for route in _route(
            domain, each, (each.get("ServiceName"), each.get("FunctionName")), notes, path
        )
    )


def _paths(config: Node) -> Iterable[tuple[str, Node]]:
    return config.get("Routes", "routes").mapping.items()


def _route(
    domain: str, node: Node, named: tuple[Node, ...], notes: Notebook, path: str = ""
) -> Iterator[DomainRoute]:
    """Yield the route of a node, nothing where it names no function."""
    names = [fields.text(each, notes) for each in named]
    if not all(names):
        notes.warn(
            node.place,
            "a route of a custom domain names no function and is left out.",
            hint="Write the name of the function it leads to.",
        )
        return
    if node.get("rewriteConfig", "RewriteConfig").written:
        notes.warn(
            node.place,
            "`rewriteConfig` is not applied here: the function sees the path as it was asked for.",
        )
    yield DomainRoute(
        domain=domain,
        path=path or fields.text(node.get("path"), notes) or "/*",
        function="/".join(names),
        methods=tuple(
            each.strip().upper() for each in fields.texts(node.get("methods", "Methods"), notes)
        ),
        qualifier=fields.text(node.get("qualifier", "Qualifier"), notes),
        template=node.place,
    )


def _domain(node: Node, notes: Notebook) -> str:
    name = fields.text(node, notes).lower()
    return "" if name in _MADE_UP or node.unresolved else name


def _or(node: Node, default: Node) -> Node:
    return node if node.written else default
