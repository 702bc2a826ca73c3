from pathlib import Path

import pytest

from localfn import providers
from localfn.gateway.guard import host_of
from localfn.gateway.sites import Found, Sites
from localfn.model import DomainRoute, Function, HttpRequest, Rewrite, Trigger
from localfn.project import Project

HTTP = Trigger("http", "web", {"methods": ("GET",), "auth": "function"})
CLOUD = providers.load(providers.names()[0])


def function(name: str, service: str = "", *triggers: Trigger) -> Function:
    return Function(name, "any", "index.handler", Path(), service=service, triggers=triggers)


def sites(*functions: Function, routes: tuple[DomainRoute, ...] = ()) -> Sites:
    return Sites(Project(Path(), None, CLOUD, functions, routes=routes), frozenset({"http"}))


def find(where: Sites, url: str, method: str = "GET") -> Found | None:
    host, _, rest = url.partition("/")
    path, _, query = f"/{rest}".partition("?")
    request = HttpRequest(method, path, query, (("Host", host),))
    name = host_of(request)
    if where.is_named(name):
        return where.by_host(name, request)
    return where.by_name(request) if path.startswith("/_fn/") else where.by_path(request)


WEB, JOB = function("Web", "", HTTP), function("job")
A, B = function("fn", "a", HTTP), function("fn", "b", HTTP)


@pytest.mark.parametrize(
    ("url", "path", "uri"),
    [
        ("localhost/_fn/Web/a%20b?q=1", "/a%20b", "/a%20b?q=1"),
        ("localhost/_fn/Web", "/", "/"),
        ("web.localhost:8000/_fn/x", "/_fn/x", "/_fn/x"),
        ("WEB.localhost/a?b", "/a", "/a?b"),
        ("127.0.0.1:8000/a/b", "/a/b", "/a/b"),
    ],
)
def test_a_lone_function_answers_by_its_names_and_at_the_root(
    url: str, path: str, uri: str
) -> None:
    found = find(sites(WEB, JOB), url)

    assert found == Found(WEB, HTTP, path, uri)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("localhost/_fn/a$fn/x", A),
        ("localhost/_fn/b%24fn/x", B),
        ("localhost/_fn/b/fn/x", B),
        ("fn.a.localhost/x", A),
        ("fn.b.localhost/x", B),
    ],
)
def test_functions_of_the_same_name_answer_by_their_services(url: str, wanted: Function) -> None:
    found = find(sites(A, B), url)

    assert found is not None
    assert (found.function, found.path) == (wanted, "/x")


@pytest.mark.parametrize(
    "url",
    ["localhost/_fn/fn/", "localhost/_fn/job/", "localhost/", "nope.localhost/", "a.localhost/"],
)
def test_nothing_answers_where_it_is_not_clear_who_should(url: str) -> None:
    assert find(sites(A, B, JOB), url) is None


ROUTES = (
    DomainRoute("shop.example.com", "/*", "a/fn"),
    DomainRoute("shop.example.com", "/img/*", "b/fn", ("GET",), "prod"),
    DomainRoute("shop.example.com", "/img/exact", "a/fn"),
    DomainRoute("", "/only-auto", "job"),
)


@pytest.mark.parametrize(
    ("url", "method", "wanted"),
    [
        ("localhost/x", "GET", A),
        ("localhost/img/x", "GET", B),
        ("localhost/img", "GET", B),
        ("localhost/img/x", "POST", A),
        ("localhost/img/exact", "GET", A),
        ("localhost/only-auto", "GET", JOB),
        ("shop.example.com/img/x", "GET", B),
        ("shop.example.com.localhost:8000/img/x", "GET", B),
        ("shop.example.com/only-auto", "GET", A),
    ],
)
def test_the_most_precise_route_of_a_domain_leads(url: str, method: str, wanted: Function) -> None:
    found = find(sites(A, B, JOB, routes=ROUTES), url, method)

    assert found is not None
    assert (found.function, found.own_domain) == (wanted, True)
    assert found.qualifier == ("prod" if wanted is B else "")


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("localhost/old?a=b", "/new?a=b"),
        ("localhost/test/old", "/test/old"),
        ("localhost/api/getName&Version=1", "/getName&Version=1"),
        ("localhost/css/style.css?v=2", "/public/css/style.css?v=2"),
        ("localhost/id/7", "/item?id=7&unknown="),
    ],
)
def test_a_route_may_show_its_function_another_address(url: str, uri: str) -> None:
    rewrites = (
        Rewrite(r"^/old\Z", "/new", of_path=True),
        Rewrite("/api/(.*)", "/$1"),
        Rewrite("^/css/(.*)", "/public/css/${1}"),
        Rewrite("^/id/([0-9]+)$", "/item?id=$1&unknown=$2"),
    )

    found = find(sites(JOB, routes=(DomainRoute("", "/*", "job", rewrites=rewrites),)), url)

    assert found is not None
    assert found.uri == uri
    assert f"{found.path}?{found.query}".rstrip("?") == uri


def test_a_function_behind_a_domain_needs_no_trigger_of_its_own() -> None:
    found = find(sites(JOB, routes=(DomainRoute("", "/*", "job"),)), "localhost/a")

    assert found is not None
    assert found.trigger.options == {}


def test_every_address_is_told_with_methods_and_authentication() -> None:
    rows = sites(WEB, JOB).urls(81)

    assert rows == [
        ("Web", "GET (signed: function)", "http://127.0.0.1:81/_fn/Web/"),
        ("Web", "GET (signed: function)", "http://127.0.0.1:81/"),
    ]
    assert [each[1:] for each in sites(A, B, JOB, routes=ROUTES).urls(81)[2:4]] == [
        ("domain shop.example.com", "http://127.0.0.1:81/img/exact"),
        ("domain auto", "http://127.0.0.1:81/only-auto"),
    ]


ONE, ANY, PLAIN = (
    Trigger("http", name, {"methods": methods})
    for name, methods in (("one", ("GET",)), ("any", ()), ("plain", ()))
)
ROUTED, ALONE = function("routed", "", ONE, ANY, PLAIN), function("alone", "", ONE)
NAMED = (
    DomainRoute("first", "/a/{id}", "routed", ("GET",), trigger="one"),
    DomainRoute("first", "/a/{id}", "routed", trigger="any"),
    DomainRoute("second", "/b", "alone", trigger="one"),
)


@pytest.mark.parametrize(
    ("url", "method", "trigger", "values"),
    [
        ("localhost/a/1", "GET", ONE, {"id": "1"}),
        ("localhost/a/1", "PUT", ANY, {"id": "1"}),
        ("first.localhost/a/1", "GET", ONE, {"id": "1"}),
        ("localhost/_fn/routed/a/1", "GET", PLAIN, {}),
        ("localhost/_fn/alone/b", "GET", ONE, {}),
        ("localhost/_fn/alone/c", "GET", ONE, {}),
    ],
)
def test_a_route_leads_to_the_trigger_that_it_names(
    url: str, method: str, trigger: Trigger, values: dict[str, str]
) -> None:
    found = find(sites(ROUTED, ALONE, routes=NAMED), url, method)

    assert found is not None
    assert (found.trigger, dict(found.values)) == (trigger, values)


@pytest.mark.parametrize("url", ["second.localhost/a/1", "localhost/c", "first.localhost/b"])
def test_a_route_of_another_domain_leads_nowhere(url: str) -> None:
    assert find(sites(ROUTED, ALONE, routes=NAMED), url) is None


def test_functions_with_routes_are_told_by_these() -> None:
    rows = sites(ROUTED, ALONE, routes=NAMED).urls(81)

    assert rows == [
        ("routed", "all methods (anonymous)", "http://127.0.0.1:81/_fn/routed/"),
        ("alone", "all methods (second.localhost)", "http://127.0.0.1:81/b"),
        ("routed", "GET (first.localhost)", "http://127.0.0.1:81/a/{id}"),
        ("routed", "all methods (first.localhost)", "http://127.0.0.1:81/a/{id}"),
    ]
