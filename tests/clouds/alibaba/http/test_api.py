"""The API of the SDKs, without SDKs: paths, names, qualifiers, headers, errors."""

import json
from collections.abc import Mapping
from urllib.parse import unquote

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from localfn.model import CallMode, Failure, FailureKind, Function, HttpReply, HttpRequest, Trigger
from localfn.providers.alibaba.web import WEB
from tests.clouds.alibaba.http.conftest import Recorder, function, result

FC3 = function()
FC2 = function("fc2", name="thumb")
DOLLAR = function(
    name="shop$moved", attributes={"generation": "fc3", "spellings": "shop/moved moved"}
)
URLS = Map(
    [
        Rule(each.rule, endpoint=number, methods=[each.method] if each.method else None)
        for number, each in enumerate(WEB.routes)
    ],
    strict_slashes=False,
    merge_slashes=False,
).bind("localhost")


def ask(
    calls: Recorder,
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"event",
) -> HttpReply:
    request = HttpRequest(method, path, query, tuple((headers or {}).items()), body)
    try:
        endpoint, values = URLS.match(unquote(path), method)
    except HTTPException:
        return WEB.no_route(request, "lost")
    return WEB.routes[endpoint].handle(request, values, calls)


@pytest.mark.parametrize(
    ("path", "query", "wanted", "qualifier"),
    [
        ("/2023-03-30/functions/resize/invocations", "", FC3, ""),
        ("/2023-03-30/functions/resize/invocations", "qualifier=prod", FC3, "prod"),
        ("/2023-03-30/functions/shop$thumb/invocations", "", FC2, ""),
        ("/2023-03-30/functions/shop%24thumb/invocations", "", FC2, ""),
        ("/2023-03-30/functions/shop%2Fthumb/invocations", "", FC2, ""),
        ("/2023-03-30/functions/shop%24moved/invocations", "", DOLLAR, ""),
        ("/2023-03-30/functions/moved/invocations", "", DOLLAR, ""),
        ("/2021-04-06/services/shop/functions/thumb/invocations", "qualifier=1", FC2, "1"),
        ("/2021-04-06/services/shop/functions/moved/invocations", "", DOLLAR, ""),
        ("/2016-08-15/services/shop/functions/thumb/invocations", "", FC2, ""),
        ("/2016-08-15/services/shop.prod/functions/thumb/invocations", "", FC2, "prod"),
    ],
)
def test_a_function_is_called_by_every_spelling(
    path: str, query: str, wanted: Function, qualifier: str
) -> None:
    calls = Recorder(result(b"answer"), FC3, FC2, DOLLAR)

    reply = ask(calls, "POST", path, query, {"Content-Type": "text/x"})

    (call,) = calls.made
    assert (reply.status, reply.body) == (200, b"answer")
    assert (call.function, call.qualifier, call.mode) == (wanted, qualifier, CallMode.SYNC)
    assert (call.event.payload, call.event.content_type) == (b"event", "text/x")


def test_an_answer_carries_the_clouds_headers() -> None:
    reply = ask(Recorder(result(b"x"), FC3), "POST", "/2023-03-30/functions/resize/invocations")

    assert dict(reply.headers) == {
        "Content-Type": "application/octet-stream",
        "X-Fc-Request-Id": "id-of-fc3",
        "X-Fc-Instance-Id": "c-00000000-000000000000000000000000",
        "X-Fc-Invocation-Duration": "1.50",
        "X-Fc-Max-Memory-Usage": "9.20",
        "Access-Control-Expose-Headers": "X-Fc-Request-Id,X-Fc-Instance-Id,"
        "X-Fc-Invocation-Duration,X-Fc-Max-Memory-Usage",
    }


def test_fc2_also_tells_the_version_and_the_log_where_it_is_asked_for() -> None:
    reply = ask(
        Recorder(result(b"x"), FC2),
        "POST",
        "/2016-08-15/services/shop.prod/functions/thumb/invocations",
        headers={"x-fc-log-type": "Tail"},
    )

    assert reply.header("x-fc-invocation-service-version") == "prod"
    assert reply.header("x-fc-log-result") == "dGhlIGxvZw=="


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure(FailureKind.HANDLER_RAISED), "UnhandledInvocationError"),
        (Failure(FailureKind.HANDLER_RAISED, handled=True), "HandledInvocationError"),
        (Failure(FailureKind.EXITED), "UnhandledInvocationError"),
        (Failure(FailureKind.INIT_FAILED, during_init=True), "InitializationError"),
    ],
)
def test_a_failed_function_is_a_good_request(failure: Failure, kind: str) -> None:
    calls = Recorder(result(b"{}", failure), FC3)

    reply = ask(calls, "POST", "/2023-03-30/functions/resize/invocations")

    assert (reply.status, reply.header("x-fc-error-type"), reply.body) == (200, kind, b"{}")


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (result(b"", Failure(FailureKind.TOO_LARGE, "33554432")), 400, "EntityTooLarge"),
        (
            result(b'{"Code": "ResourceExhausted"}', Failure(FailureKind.THROTTLED)),
            429,
            "ResourceExhausted",
        ),
        (result(b"", Failure(FailureKind.ANSWER_TOO_LARGE, "33554432")), 502, "BadResponse"),
    ],
)
def test_what_never_reached_the_function_or_the_caller_is_an_error(
    answer, status: int, code: str
) -> None:
    reply = ask(Recorder(answer, FC3), "POST", "/2023-03-30/functions/resize/invocations")

    assert (reply.status, json.loads(reply.body)["Code"]) == (status, code)
    assert reply.header("x-fc-request-id")


@pytest.mark.parametrize(
    ("path", "given", "told"),
    [
        ("/2023-03-30/functions/resize/invocations", {}, ("X-Fc-Async-Task-Id", "id-of-fc3")),
        (
            "/2023-03-30/functions/resize/invocations",
            {"X-Fc-Async-Task-Id": "mine"},
            ("X-Fc-Async-Task-Id", "mine"),
        ),
        (
            "/2021-04-06/services/shop/functions/thumb/invocations",
            {"X-Fc-Stateful-Async-Invocation-Id": "mine"},
            ("X-Fc-Stateful-Async-Invocation-Id", "mine"),
        ),
    ],
)
def test_an_asynchronous_call_is_accepted_and_queued(
    path: str, given: dict[str, str], told: tuple[str, str]
) -> None:
    calls = Recorder(result(), FC3, FC2)

    reply = ask(calls, "POST", path, headers={"x-fc-invocation-type": "Async", **given})

    assert (reply.status, reply.body) == (202, b"")
    assert reply.headers[1] == told
    assert calls.made == []
    assert [each.mode for each in calls.queued] == [CallMode.ASYNC]


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "message"),
    [
        (
            "POST",
            "/2023-03-30/functions/nope/invocations",
            404,
            "FunctionNotFound",
            "function 'nope' does not exist",
        ),
        (
            "POST",
            "/2021-04-06/services/shop/functions/nope/invocations",
            404,
            "FunctionNotFound",
            "function 'nope' does not exist in service 'shop'",
        ),
        (
            "GET",
            "/2016-08-15/services/nope/functions",
            404,
            "ServiceNotFound",
            "service 'nope' does not exist",
        ),
        (
            "POST",
            "/2023-03-30/functions",
            400,
            "PathNotSupported",
            "'POST' against '/2023-03-30/functions' is not supported",
        ),
        (
            "DELETE",
            "/2016-08-15/services/shop",
            400,
            "PathNotSupported",
            "'DELETE' against '/2016-08-15/services/shop' is not supported",
        ),
    ],
)
def test_an_error_is_told_in_both_spellings(
    method: str, path: str, status: int, code: str, message: str
) -> None:
    reply = ask(Recorder(result(), FC3, FC2), method, path)

    told = json.loads(reply.body)
    assert reply.status == status
    assert (told["Code"], told["Message"]) == (code, message)
    assert (told["ErrorCode"], told["ErrorMessage"]) == (code, message)
    assert told["RequestId"] == reply.header("x-fc-request-id") != ""


@pytest.mark.parametrize(
    ("path", "key", "names"),
    [
        ("/2023-03-30/functions", "functions", ["resize", "shop$thumb", "shop$moved"]),
        ("/2021-04-06/services/shop/functions", "functions", ["thumb", "shop$moved"]),
        ("/2016-08-15/services", "services", ["shop"]),
    ],
)
def test_functions_and_services_are_listed(path: str, key: str, names: list[str]) -> None:
    reply = ask(Recorder(result(), FC3, FC2, DOLLAR), "GET", path)

    told = json.loads(reply.body)
    assert [next(iter(each.values())) for each in told[key]] == names
    assert reply.header("x-fc-request-id")


def test_a_list_comes_in_pages() -> None:
    calls = Recorder(result(), *(function(name=f"f{number}") for number in range(5)))

    first = json.loads(ask(calls, "GET", "/2023-03-30/functions", "limit=2&prefix=f").body)
    last = json.loads(ask(calls, "GET", "/2023-03-30/functions", "limit=2&nextToken=4").body)

    assert [each["functionName"] for each in first["functions"]] == ["f0", "f1"]
    assert first["nextToken"] == "2"
    assert [each["functionName"] for each in last["functions"]] == ["f4"]
    assert "nextToken" not in last


def test_a_function_and_its_triggers_are_described() -> None:
    web = FC2._replace(triggers=(Trigger("http", "web", {"methods": ("GET",)}),))
    calls = Recorder(result(), web)

    told = json.loads(ask(calls, "GET", "/2021-04-06/services/shop/functions/thumb").body)
    triggers = json.loads(
        ask(calls, "GET", "/2021-04-06/services/shop/functions/thumb/triggers").body
    )

    assert (told["functionName"], told["runtime"], told["memorySize"]) == (
        "thumb",
        "python3.10",
        128,
    )
    assert triggers["triggers"][0]["triggerConfig"] == '{"methods": ["GET"]}'


@pytest.mark.parametrize(
    ("path", "query", "inner", "uri"),
    [
        (
            "/2016-08-15/proxy/shop/thumb/a%2Fb/c",
            "q=1",
            "/a%2Fb/c",
            "/2016-08-15/proxy/shop/thumb/a%2Fb/c?q=1",
        ),
        ("/2016-08-15/proxy/shop.LATEST/thumb/", "", "/", "/2016-08-15/proxy/shop.LATEST/thumb/"),
        ("/2016-08-15/proxy/shop/thumb", "", "/", "/2016-08-15/proxy/shop/thumb"),
        ("/2016-08-15/proxy/shop/thumb/a//", "", "/a//", "/2016-08-15/proxy/shop/thumb/a//"),
    ],
)
def test_the_proxy_path_leads_to_an_http_trigger_as_it_was_asked_for(
    path: str, query: str, inner: str, uri: str
) -> None:
    calls = Recorder(result(), FC2)

    for method in ("GET", "PATCH"):
        ask(calls, method, path, query)

    assert [(each.path, told) for _, each, told in calls.visits] == [(inner, uri)] * 2


def test_repeats_come_from_the_template_or_are_the_clouds_own() -> None:
    told = {"async_retries": "0", "async_max_age_s": "60", "async_on_failure": "acs:mns:x"}

    assert WEB.repeats(FC3)[:2] == (3, 18000)
    assert WEB.repeats(function(attributes=told)) == (0, 60, "", "acs:mns:x")
