"""Browsers of other sites: what the gateways answer by themselves, and what they add."""

import json

import pytest

from localfn.model import HttpReply, HttpRequest, Trigger, WebRules
from localfn.providers.aws import http
from tests.clouds.aws.http.conftest import function, result, visit

RULES = {
    "origins": ("https://shop.example.com", "https://*.example.org"),
    "methods": ("GET", "POST"),
    "headers": ("X-A", "Content-Type"),
    "expose": ("X-B",),
    "credentials": True,
    "max_age": 60,
}
ANYBODY = {"origins": ("*",), "methods": ("*",), "headers": ("*",)}
OURS = "https://shop.example.com"


def asks_first(origin: str = OURS, path: str = "/orders/42") -> HttpRequest:
    headers = (("Origin", origin), ("Access-Control-Request-Method", "PUT"))
    return HttpRequest("OPTIONS", path, headers=headers)


def allowed(reply: HttpReply | None) -> dict[str, str]:
    assert reply is not None
    told = {name.lower(): value for name, value in reply.headers}
    return {name: value for name, value in told.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("source", ["http-api", "function-url"])
def test_a_preflight_is_answered_without_the_function(source: str, rules: WebRules) -> None:
    told = allowed(http.refuse(visit(asks_first(), source, cors=RULES), rules))

    assert told == {
        "access-control-allow-origin": OURS,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "X-A,Content-Type",
        "access-control-max-age": "60",
    }


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("https://a.example.org", "https://a.example.org"),
        ("https://example.net", None),
        ("https://example.org.evil.net", None),
    ],
)
def test_only_origins_of_the_rules_are_let_in(
    origin: str, told: str | None, rules: WebRules
) -> None:
    reply = http.refuse(visit(asks_first(origin), "http-api", cors=RULES), rules)

    assert allowed(reply).get("access-control-allow-origin") == told


def test_any_origin_is_told_as_a_star(rules: WebRules) -> None:
    told = allowed(http.refuse(visit(asks_first(), "http-api", cors=ANYBODY), rules))

    assert told["access-control-allow-origin"] == "*"


def test_the_functions_own_words_about_origins_are_replaced(rules: WebRules) -> None:
    output = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://evil.net"}}
    asked = HttpRequest("GET", "/", headers=(("Origin", OURS),))

    ours = http.http_from_result(result(output), visit(asked, "http-api", cors=RULES), rules)
    others = http.http_from_result(result(output), visit(source="http-api", cors=RULES), rules)
    plain = http.http_from_result(result(output), visit(asked, "http-api"), rules)

    assert allowed(ours)["access-control-allow-origin"] == OURS
    assert allowed(ours)["access-control-expose-headers"] == "X-B"
    assert allowed(others) == {}
    assert allowed(plain)["access-control-allow-origin"] == "https://evil.net"


def test_an_options_route_gets_what_is_no_preflight(rules: WebRules) -> None:
    asked = HttpRequest("OPTIONS", "/orders/42")

    assert http.refuse(visit(asked, "http-api", cors=RULES), rules) is None


def test_a_rest_api_answers_with_the_mock_of_its_template_beside_a_route_for_any_method(
    rules: WebRules,
) -> None:
    own = visit(asks_first(), "api", cors=ANYBODY, methods=("OPTIONS",))

    told = allowed(http.refuse(visit(asks_first(), "api", cors=ANYBODY), rules))

    assert told["access-control-allow-origin"] == "*"
    assert http.refuse(own, rules) is None


def test_a_rest_api_leaves_answers_to_the_function(rules: WebRules) -> None:
    output = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://own.net"}}
    asked = HttpRequest("GET", "/", headers=(("Origin", OURS),))

    reply = http.http_from_result(result(output), visit(asked, "api", cors=ANYBODY), rules)

    assert allowed(reply) == {"access-control-allow-origin": "https://own.net"}


REST = function("rest", triggers=(Trigger("api", "A", {"api_id": "Rest", "cors": ANYBODY}),))
HTTP = function("http", triggers=(Trigger("http-api", "B", {"api_id": "Http", "cors": RULES}),))
JOB = function("job", triggers=(Trigger("sqs", "C"),))


@pytest.mark.parametrize(
    ("host", "functions", "status", "message"),
    [
        ("127.0.0.1:8000", (REST, JOB), 403, "Missing Authentication Token"),
        ("127.0.0.1:8000", (HTTP,), 404, "Not Found"),
        ("rest.localhost:8000", (HTTP, REST), 403, "Missing Authentication Token"),
        ("http.localhost", (HTTP, REST), 404, "Not Found"),
    ],
)
def test_an_api_says_that_it_has_no_such_route(
    host: str, functions: tuple, status: int, message: str
) -> None:
    asked = HttpRequest("GET", "/nope", headers=(("Host", host),))

    reply = http.unrouted(asked, functions, "id")

    assert reply is not None
    assert (reply.status, json.loads(reply.body)) == (status, {"message": message})


def test_a_page_gets_to_read_that_there_is_no_such_route() -> None:
    asked = HttpRequest("GET", "/nope", headers=(("Origin", OURS),))

    assert allowed(http.unrouted(asked, (HTTP,), "id"))["access-control-allow-origin"] == OURS


def test_where_no_api_is_meant_localfn_answers_itself() -> None:
    asked = HttpRequest("GET", "/nope", headers=(("Host", "other.localhost"),))

    assert http.unrouted(asked, (REST, HTTP), "id") is None
    assert http.unrouted(HttpRequest("GET", "/nope"), (JOB,), "id") is None


@pytest.mark.parametrize("of", [REST, HTTP])
def test_a_preflight_needs_no_route(of) -> None:
    reply = http.unrouted(asks_first(), (of,), "id")

    assert "access-control-allow-origin" in allowed(reply)
