"""Which function answers where: names, custom domains, paths."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from localfn.gateway.guard import LOCAL_NAMES
from localfn.model import DomainRoute, Function, HttpRequest, Rewrite, Trigger
from localfn.project import Project

FUNCTIONS = "/_fn/"
# A custom domain leads to functions that need not have a trigger of their own.
NO_TRIGGER = Trigger("http", "")


class Found(NamedTuple):
    """A function, its trigger, and where below it a request goes.

    `uri` is as in `Visit`. `query` is None where it is the request's own.
    """

    function: Function
    trigger: Trigger
    path: str
    uri: str
    own_domain: bool = False
    qualifier: str = ""
    query: str | None = None


class Address(NamedTuple):
    """Where a function answers; `label` is what its name is in `LABEL.localhost`."""

    function: Function
    trigger: Trigger
    name: str
    label: str


class Sites:
    """The addresses of one project. `sources` are those of triggers that HTTP requests fire."""

    def __init__(self, project: Project, sources: frozenset[str]) -> None:
        twice = Counter(each.name for each in project.functions)
        self.addresses = tuple(
            Address(each, trigger, *_names(each, alone=twice[each.name] == 1))
            for each in project.functions
            if (trigger := _trigger(each, sources)) is not None
        )
        self._by_name = {
            spelled: each for each in self.addresses for spelled in (each.name, each.function.key)
        }
        self._by_label = {each.label: each for each in self.addresses}
        self._by_key = {each.function.key: each for each in self.addresses}
        self._functions = {each.key: each for each in project.functions}
        self._routes = sorted(project.routes, key=_precision)
        self._domains = frozenset(each.domain for each in self._routes if each.domain)

    def by_host(self, host: str, request: HttpRequest) -> Found | None:
        """Return what answers on a name of its own: `LABEL.localhost` or a custom domain."""
        label = host.removesuffix(LOCAL_NAMES)
        if host.endswith(LOCAL_NAMES) and label in self._by_label:
            address = self._by_label[label]
            return Found(address.function, address.trigger, request.path, _uri(request))
        return self._by_route(request, label) if label in self._domains else None

    def is_named(self, host: str) -> bool:
        """Return whether a host's name stands for a function or a custom domain."""
        return host.endswith(LOCAL_NAMES) or host in self._domains

    def by_name(self, request: HttpRequest) -> Found | None:
        """Return what answers at `/_fn/NAME/…`."""
        rest = request.path.removeprefix(FUNCTIONS)
        name, slash, below = rest.partition("/")
        address = self._by_name.get(_plain(name))
        if address is None and slash:
            # `service/function` written as it is.
            second, slash, below = below.partition("/")
            address = self._by_name.get(f"{_plain(name)}/{_plain(second)}")
        if address is None:
            return None
        inner = request._replace(path=f"/{below}")
        return Found(address.function, address.trigger, inner.path, _uri(inner))

    def by_path(self, request: HttpRequest) -> Found | None:
        """Return what answers at a plain path: a custom domain's, or the only function there is."""
        found = self._by_route(request, "")
        if found is None and len(self.addresses) == 1:
            only = self.addresses[0]
            return Found(only.function, only.trigger, request.path, _uri(request))
        return found

    def trigger_of(self, function: Function) -> Trigger | None:
        """Return the trigger by which requests reach a function, None where they do not."""
        address = self._by_key.get(function.key)
        return address.trigger if address else None

    def urls(self, port: int) -> Sequence[tuple[str, str, str]]:
        """Return (function's key, what for, URL) of everything that answers."""
        base = f"http://127.0.0.1:{port}"
        rows = [
            (each.function.key, _told(each.trigger), f"{base}{FUNCTIONS}{each.name}/")
            for each in self.addresses
        ]
        rows += [
            (each.function, f"domain {each.domain or 'auto'}", f"{base}{each.path}")
            for each in self._routes
        ]
        if not self._routes and len(self.addresses) == 1:
            only = self.addresses[0]
            rows.append((only.function.key, _told(only.trigger), f"{base}/"))
        return rows

    def _by_route(self, request: HttpRequest, domain: str) -> Found | None:
        for route in self._routes:
            if domain and route.domain != domain:
                continue
            if route.methods and request.method not in route.methods:
                continue
            if _leads(route.path, request.path):
                function = self._functions[route.function]
                trigger = self.trigger_of(function) or NO_TRIGGER
                uri = _rewritten(_uri(request), route.rewrites)
                path, _, query = uri.partition("?")
                return Found(function, trigger, path, uri, True, route.qualifier, query)
        return None


def _trigger(function: Function, sources: frozenset[str]) -> Trigger | None:
    return next((each for each in function.triggers if each.source in sources), None)


def _names(function: Function, *, alone: bool) -> tuple[str, str]:
    """Return the name of a function in a path, and in the name of a host."""
    name = function.name if alone or not function.service else f"{function.service}${function.name}"
    label = ".".join(reversed(name.split("$"))).lower()
    return name, label


def _precision(route: DomainRoute) -> tuple[bool, int]:
    """Exact paths come before patterns, longer ones before shorter ones."""
    return route.path.endswith("*"), -len(route.path)


def _leads(pattern: str, path: str) -> bool:
    if not pattern.endswith("*"):
        return path == pattern
    return path.startswith(pattern[:-1]) or path == pattern[:-2]


def _rewritten(uri: str, rewrites: Sequence[Rewrite]) -> str:
    """Return path and query as a route's function sees them."""
    for rule in rewrites:
        path, mark, query = uri.partition("?") if rule.of_path else (uri, "", "")
        found = re.search(rule.pattern, path)
        if found is not None:
            return _filled(rule.replacement, found) + mark + query
    return uri


def _filled(replacement: str, found: "re.Match[str]") -> str:
    """Return a replacement with the groups it names; one that is not there is left empty."""
    groups = (found[0], *found.groups(""))

    def group(named: "re.Match[str]") -> str:
        number = int(named[1] or named[2])
        return groups[number] if number < len(groups) else ""

    return re.sub(r"\$(?:(\d+)|\{(\d+)\})", group, replacement)


def _plain(name: str) -> str:
    return name.replace("%24", "$")


def _uri(request: HttpRequest) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _told(trigger: Trigger) -> str:
    """Return methods and kind of authentication in a few words."""
    methods = trigger.options.get("methods")
    auth = trigger.options.get("auth") or "anonymous"
    listed = ",".join(methods) if isinstance(methods, tuple) and methods else "all methods"
    return f"{listed} ({'anonymous' if auth == 'anonymous' else f'signed: {auth}'})"
