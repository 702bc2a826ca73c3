"""Which function answers where: names, custom domains, paths."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from localfn.gateway.guard import LOCAL_NAMES
from localfn.gateway.paths import Pattern, pattern
from localfn.model import NOTHING, DomainRoute, Function, HttpRequest, Rewrite, Trigger
from localfn.project import Project

FUNCTIONS = "/_fn/"
# A custom domain leads to functions that need not have a trigger of their own.
NO_TRIGGER = Trigger("http", "")


class Found(NamedTuple):
    """A function, its trigger, and where below it a request goes.

    `uri` and `values` are as in `Visit`. `query` is None where it is the request's own.
    """

    function: Function
    trigger: Trigger
    path: str
    uri: str
    own_domain: bool = False
    qualifier: str = ""
    values: Mapping[str, str] = NOTHING
    query: str | None = None


class Way(NamedTuple):
    """A route that leads to a function, ready to be compared with requests."""

    pattern: Pattern
    route: DomainRoute
    function: Function
    trigger: Trigger


class Address(NamedTuple):
    """Where a function answers; `label` is what its name is in `LABEL.localhost`."""

    function: Function
    trigger: Trigger
    name: str
    label: str


def all_urls(project: Project, port: int) -> Sequence[tuple[str, str, str]]:
    """Return (function's key, what for, URL) of all that a gateway of the project answers."""
    web = project.provider.web()
    rows = Sites(project, web.sources).urls(port)
    if web.sockets is None:
        return rows
    told = web.sockets.urls(project.functions)
    return [*rows, *((key, what, f"ws://127.0.0.1:{port}{path}") for key, what, path in told)]


class Sites:
    """The addresses of one project. `sources` are those of triggers that HTTP requests fire."""

    def __init__(self, project: Project, sources: frozenset[str]) -> None:
        twice = Counter(each.name for each in project.functions)
        # These triggers have paths of their own.
        self._routed = frozenset(
            (each.function, each.trigger) for each in project.routes if each.trigger
        )
        self.addresses = tuple(
            Address(each, trigger, *_names(each, alone=twice[each.name] == 1))
            for each in project.functions
            if (trigger := self._trigger(each, sources)) is not None
        )
        self._by_name = {
            spelled: each for each in self.addresses for spelled in (each.name, each.function.key)
        }
        self._by_label = {each.label: each for each in self.addresses}
        self._by_key = {each.function.key: each for each in self.addresses}
        self._ways = tuple(sorted(self._all_ways(project), key=_precision))
        self._domains = frozenset(each.domain for each in project.routes if each.domain)

    def by_host(self, host: str, request: HttpRequest) -> Found | None:
        """Return what answers on a name of its own: `LABEL.localhost` or a custom domain."""
        label = host.removesuffix(LOCAL_NAMES)
        if host.endswith(LOCAL_NAMES) and label in self._by_label:
            address = self._by_label[label]
            return self._at(address, request)
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
        return self._at(address, request._replace(path=f"/{below}"))

    def by_path(self, request: HttpRequest) -> Found | None:
        """Return what answers at a plain path: a custom domain's, or the only function there is."""
        found = self._by_route(request, "")
        if found is not None or len(self.addresses) != 1:
            return found
        only = self.addresses[0]
        # A trigger with paths of its own answers nowhere else.
        return None if self._is_routed(only.function, only.trigger) else self._at(only, request)

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
            if not self._is_routed(each.function, each.trigger)
        ]
        rows += [
            (each.route.function, _way_told(each.route), _url(each, base)) for each in self._ways
        ]
        if not self._ways and len(self.addresses) == 1:
            only = self.addresses[0]
            rows.append((only.function.key, _told(only.trigger), f"{base}/"))
        return rows

    def _at(self, address: Address, request: HttpRequest) -> Found:
        """Return the function of an address, by the trigger whose path is meant if it has paths."""
        function, trigger = address.function, address.trigger
        if self._is_routed(function, trigger):
            found = self._by_route(request, "", function.key)
            if found is not None:
                return found._replace(own_domain=False)
        return Found(function, trigger, request.path, _uri(request))

    def _by_route(self, request: HttpRequest, domain: str, key: str = "") -> Found | None:
        for way in self._ways:
            route = way.route
            if (domain and route.domain != domain) or (key and route.function != key):
                continue
            if route.methods and request.method not in route.methods:
                continue
            values = way.pattern.match(request.path)
            if values is not None:
                uri = _rewritten(_uri(request), route.rewrites)
                path, _, query = uri.partition("?")
                function, trigger, qualifier = way.function, way.trigger, route.qualifier
                return Found(function, trigger, path, uri, True, qualifier, values, query)
        return None

    def _all_ways(self, project: Project) -> Iterable[Way]:
        functions = {each.key: each for each in project.functions}
        for route in project.routes:
            function = functions.get(route.function)
            if function is not None:
                named = (each for each in function.triggers if each.name == route.trigger)
                trigger = next(named, None) if route.trigger else self.trigger_of(function)
                yield Way(pattern(route.path), route, function, trigger or NO_TRIGGER)

    def _trigger(self, function: Function, sources: frozenset[str]) -> Trigger | None:
        """Return the trigger that answers to a function's name: rather one without paths."""
        fired = [each for each in function.triggers if each.source in sources]
        plain = (each for each in fired if not self._is_routed(function, each))
        return next(plain, fired[0] if fired else None)

    def _is_routed(self, function: Function, trigger: Trigger) -> bool:
        return (function.key, trigger.name) in self._routed


def _names(function: Function, *, alone: bool) -> tuple[str, str]:
    """Return the name of a function in a path, and in the name of a host."""
    name = function.name if alone or not function.service else f"{function.service}${function.name}"
    label = ".".join(reversed(name.split("$"))).lower()
    return name, label


def _precision(way: Way) -> tuple[object, ...]:
    """Exact paths come before patterns, and a method of their own before any."""
    return (*way.pattern.rank, not way.route.methods)


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


def _way_told(route: DomainRoute) -> str:
    """Return where a route belongs in a few words."""
    if not route.trigger:
        return f"domain {route.domain or 'auto'}"
    host = f" ({route.domain}{LOCAL_NAMES})" if route.domain else ""
    return f"{','.join(route.methods) or 'all methods'}{host}"


def _url(way: Way, base: str) -> str:
    return f"{base}{way.route.path}"
