"""Custom domains and their routes (contract alibaba-fc, section 1.3)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from localfn.model import DomainRoute, Rewrite
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
    yield DomainRoute(
        domain=domain,
        path=path or fields.text(node.get("path"), notes) or "/*",
        function="/".join(names),
        methods=tuple(
            each.strip().upper() for each in fields.texts(node.get("methods", "Methods"), notes)
        ),
        qualifier=fields.text(node.get("qualifier", "Qualifier"), notes),
        template=node.place,
        rewrites=tuple(_rewrites(node.get("rewriteConfig", "RewriteConfig"), notes)),
    )


def _rewrites(config: Node, notes: Notebook) -> Iterator[Rewrite]:
    """Yield the rules of a route; which kind comes first is not documented."""
    for kinds, pattern_of in _KINDS.items():
        for rule in fields.entries(config.get(*kinds), notes):
            match = fields.text(rule.get("match", "Match"), notes)
            pattern = pattern_of(match)
            try:
                re.compile(pattern)
            except re.error as error:
                notes.warn(
                    rule.place, f"`{match}` is no regular expression and is left out: {error}."
                )
                continue
            replacement = fields.text(rule.get("replacement", "Replacement"), notes)
            yield Rewrite(pattern, replacement, of_path=pattern_of is _exact)


def _exact(match: str) -> str:
    return rf"^{re.escape(match)}\Z"


def _wildcard(match: str) -> str:
    """Return a pattern in which `*` stands for anything, and `^` for the beginning."""
    return re.escape(match).replace(r"\*", "(.*)").replace(r"\^", "^")


def _as_written(match: str) -> str:
    return match


_KINDS: Mapping[tuple[str, str], Callable[[str], str]] = {
    ("equalRules", "EqualRules"): _exact,
    ("wildcardRules", "WildcardRules"): _wildcard,
    ("regexRules", "RegexRules"): _as_written,
}


def _domain(node: Node, notes: Notebook) -> str:
    name = fields.text(node, notes).lower()
    return "" if name in _MADE_UP or node.unresolved else name


def _or(node: Node, default: Node) -> Node:
    return node if node.written else default
