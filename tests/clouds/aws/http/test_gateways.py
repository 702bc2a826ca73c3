"""A request becomes what a handler receives, a result what a client gets, gateway by gateway."""

import json
from pathlib import Path

import pytest

from localfn.model import (
    BrokenBody,
    Failure,
    FailureKind,
    HttpReply,
    HttpRequest,
    Part,
    Result,
    WebRules,
)
from localfn.providers.aws import http
from tests.clouds.aws.http.conftest import RAISED, function, result, visit

HERE = Path(__file__).parent
EVENTS = json.loads((HERE / "events.json").read_text())
ANSWERS = json.loads((HERE / "answers.json").read_text())
OWN_HEADERS = ("x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id", "apigw-requestid")
OF_API = {"path": "/orders/{id}", "api_id": "Shop", "stage_variables": {"table": "t"}}
OPTIONS = {
    "api": {**OF_API, "operation_name": "PostOrder"},
    "http-api": {**OF_API, "methods": ("POST",)},
    "alb": {"target_group": "orders-tg"},
}


def request_of(told: dict) -> HttpRequest:
    headers = tuple((name, value) for name, value in told["headers"])
    return HttpRequest(
        told["method"], told["path"], told["query"], headers, told["body"].encode(), "203.0.113.7"
    )


def event_of(asked: HttpRequest, source: str, values: dict | None = None, **options: object):
    event = http.event_from_http(visit(asked, source, values, **options), WebRules())
    assert event.source == source
    return json.loads(event.payload)


@pytest.mark.parametrize("source", OPTIONS)
def test_a_request_becomes_an_event(source: str) -> None:
    asked = request_of(EVENTS["request"])

    told = event_of(asked, source, {"id": "4%202"}, **OPTIONS[source])

    assert told == EVENTS[source]


def test_what_there_is_nothing_of_is_null_in_the_first_format_and_left_out_in_the_second() -> None:
    asked = HttpRequest("GET", "/")

    first, second = event_of(asked, "api"), event_of(asked, "http-api")

    nothing = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters")
    assert {first[each] for each in (*nothing, "stageVariables", "body")} == {None}
    assert not {*nothing, "stageVariables", "body", "cookies"} & second.keys()


def test_an_http_api_hands_over_the_first_format_where_its_integration_asks_for_it() -> None:
    asked = request_of(EVENTS["request"])

    told = event_of(asked, "http-api", path="/orders/{id}", payload_format="1.0")

    assert told["version"] == "1.0"
    assert told["multiValueHeaders"]["X-Twice"] == ["1", "2"]
    assert told["requestContext"]["resourceId"] is None
    assert told["requestContext"]["stage"] == "$default"
    assert told["requestContext"]["path"] == "/orders/4%202"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"path": "/a/{id}", "methods": ("GET",)}, "GET /a/{id}"),
        ({"path": "/a/{id}"}, "ANY /a/{id}"),
        ({"path": "$default"}, "$default"),
        ({}, "$default"),
    ],
)
def test_an_http_api_tells_which_route_was_taken(options: dict, key: str) -> None:
    told = event_of(HttpRequest("GET", "/a/1"), "http-api", **options)

    assert (told["routeKey"], told["requestContext"]["routeKey"]) == (key, key)


def test_a_url_keeps_the_path_as_it_was_sent() -> None:
    told = event_of(HttpRequest("GET", "/pa2%Fth/1"), "function-url")

    assert (told["rawPath"], told["requestContext"]["http"]["path"]) == ("/pa2%Fth/1",) * 2
    assert told["routeKey"] == "$default"
    assert "authorizer" not in told["requestContext"]


def test_a_url_that_wants_signatures_tells_who_asks() -> None:
    told = event_of(HttpRequest("GET", "/"), "function-url", auth_type="AWS_IAM")

    assert told["requestContext"]["authorizer"]["iam"]["accountId"] == "123456789012"


def test_a_load_balancer_hands_over_all_values_instead_of_one_where_its_group_says_so() -> None:
    asked = request_of(EVENTS["request"])

    told = event_of(asked, "alb", multi_value_headers=True)

    assert told["multiValueHeaders"]["x-twice"] == ["1", "2"]
    assert told["multiValueQueryStringParameters"] == {"tag": ["a", "b%26c"], "n": [""]}
    assert not {"headers", "queryStringParameters"} & told.keys()


def test_a_load_balancer_says_nothing_as_an_empty_map_and_an_empty_text() -> None:
    told = event_of(HttpRequest("GET", "/"), "alb")

    assert (told["queryStringParameters"], told["body"]) == ({}, "")


@pytest.mark.parametrize(
    ("content_type", "binary", "is_base64"),
    [
        ("image/png", (), False),
        ("image/png", ("image/png",), True),
        ("image/png; q=1", ("image/png",), True),
        ("image/png", ("image/*",), True),
        ("image/png", ("*/*",), True),
        ("", ("*/*",), True),
        ("image/jpeg", ("image/png",), False),
    ],
)
def test_a_rest_api_hands_over_base64_where_it_calls_a_type_binary(
    content_type: str, binary: tuple[str, ...], is_base64: bool
) -> None:
    headers = (("Content-Type", content_type),) if content_type else ()

    told = event_of(
        HttpRequest("POST", "/", headers=headers, body=b"ok"), "api", binary_types=binary
    )

    assert (told["body"], told["isBase64Encoded"]) == ("b2s=" if is_base64 else "ok", is_base64)


@pytest.mark.parametrize("source", ["http-api", "function-url", "alb"])
@pytest.mark.parametrize(
    ("content_type", "body", "text", "is_base64"),
    [
        ("text/plain; charset=utf-8", b"ok", "ok", False),
        ("application/json", b"{}", "{}", False),
        ("application/xml", b"<a/>", "<a/>", False),
        ("application/javascript", b"1", "1", False),
        ("multipart/form-data; boundary=x", b"ok", "b2s=", True),
        ("image/png", b"\xff", "/w==", True),
        ("text/plain", b"\xff", "/w==", True),
    ],
)
def test_other_gateways_hand_over_base64_where_a_type_is_no_text(
    source: str, content_type: str, body: bytes, text: str, is_base64: bool
) -> None:
    asked = HttpRequest("POST", "/", headers=(("Content-Type", content_type),), body=body)

    told = event_of(asked, source)

    assert (told["body"], told["isBase64Encoded"]) == (text, is_base64)


def test_a_client_behind_a_proxy_is_told_with_it() -> None:
    asked = HttpRequest("GET", "/", headers=(("X-Forwarded-For", "198.51.100.1"),))

    assert event_of(asked, "api")["headers"]["X-Forwarded-For"] == "198.51.100.1, 127.0.0.1"


CASES = [
    (source, case)
    for source in ("api", "http-api", "function-url", "alb")
    for case in ANSWERS[source]
]


@pytest.mark.parametrize(
    ("source", "case"), CASES, ids=[f"{source}: {case['why']}" for source, case in CASES]
)
def test_an_answer_becomes_a_reply(source: str, case: dict, rules: WebRules) -> None:
    asked = HttpRequest("GET", "/", headers=(("Accept", case.get("accept", "*/*")),))
    output = case["text"].encode() if "text" in case else json.dumps(case["output"]).encode()

    reply = http.http_from_result(
        result(output), visit(asked, source, **case.get("options", {})), rules
    )

    assert reply.status == case["status"]
    if "body" in case:
        assert reply.body == case["body"].encode()
    if "headers" in case:
        told = [list(each) for each in reply.headers if each[0].lower() not in OWN_HEADERS]
        assert told == case["headers"]
    if case["status"] >= 500:
        assert reply.why
    if source == "api" and case["status"] == 502:
        assert json.loads(reply.body) == {"message": "Internal server error"}
        assert reply.header("x-amzn-errortype") == "InternalServerErrorException"
    if source == "http-api" and case["status"] == 500:
        assert json.loads(reply.body) == {"message": "Internal Server Error"}


THROTTLED = Failure(FailureKind.THROTTLED, "orders")


@pytest.mark.parametrize(
    ("source", "failure", "status", "body"),
    [
        ("api", RAISED, 502, '{"message":"Internal server error"}'),
        ("api", Failure(FailureKind.TIMED_OUT), 502, '{"message":"Internal server error"}'),
        ("api", Failure(FailureKind.EXITED), 502, '{"message":"Internal server error"}'),
        ("api", THROTTLED, 500, '{"message":"Internal server error"}'),
        ("http-api", RAISED, 500, '{"message":"Internal Server Error"}'),
        ("http-api", Failure(FailureKind.TIMED_OUT), 500, '{"message":"Internal Server Error"}'),
        ("http-api", Failure(FailureKind.EXITED), 500, '{"message":"Internal Server Error"}'),
        ("function-url", RAISED, 502, "Internal Server Error"),
        ("function-url", THROTTLED, 429, None),
        ("alb", RAISED, 502, None),
    ],
)
def test_a_failure_becomes_the_gateways_own_answer(
    source: str, failure: Failure, status: int, body: str | None, rules: WebRules
) -> None:
    # What a failed function says looks like a good answer, and must not be taken for one.
    reply = http.http_from_result(result({"statusCode": 200}, failure), visit(source=source), rules)

    assert reply.status == status
    assert body is None or reply.body == body.encode()


PRELUDE = json.dumps(
    {"statusCode": 201, "headers": {"content-type": "text/x"}, "cookies": ["a=b"]}
).encode()
DESCRIBED = HttpReply(
    200, (("Content-Type", "application/vnd.awslambda.http-integration-response"),)
)
PLAIN = HttpReply(200, (("Content-Type", "text/event-stream"),))


def streamed(source: str, *parts: Part | Result) -> HttpReply:
    streams = visit(source=source, invoke_mode="RESPONSE_STREAM")
    return http.http_from_parts(iter(parts), streams, WebRules())


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ({"statusCode": 200, "message": "x"}, "the answer holds `message`; a REST API takes only"),
        ({"statusCode": 200, "body": {"a": 1}}, '`body` is `{"a": 1}`, not text'),
        ("hello", "the answer is `hello`, no object"),
        ({"statusCode": 200, "body": "b2s=", "isBase64Encoded": True}, "`BinaryMediaTypes`"),
    ],
)
def test_the_person_at_the_terminal_is_told_what_is_wrong_with_an_answer(
    output: object, why: str, rules: WebRules
) -> None:
    assert why in http.http_from_result(result(output), visit(), rules).why


@pytest.mark.parametrize("source", ["function-url", "api"])
@pytest.mark.parametrize("cut", [1, 10, len(PRELUDE), len(PRELUDE) + 3, len(PRELUDE) + 9])
def test_a_streamed_answer_is_described_before_its_body(source: str, cut: int) -> None:
    whole = PRELUDE + b"\0" * 8 + b"body\0\xff"

    reply = streamed(source, Part(whole[:cut], DESCRIBED), Part(whole[cut:]), result(whole))

    assert (reply.status, b"".join(reply.body)) == (201, b"body\0\xff")
    assert reply.headers[:2] == (("content-type", "text/x"), ("set-cookie", "a=b"))


@pytest.mark.parametrize("source", ["function-url", "api"])
def test_a_streamed_answer_without_a_description_is_the_body(source: str) -> None:
    reply = streamed(source, Part(b"one ", PLAIN), Part(b"two"), result(b"one two"))

    assert (reply.status, reply.header("content-type")) == (200, "text/event-stream")
    assert list(reply.body) == [b"one ", b"two"]


@pytest.mark.parametrize(
    ("source", "mode"), [("function-url", "BUFFERED"), ("api", "RESPONSE_STREAM")]
)
def test_a_streamed_answer_that_comes_at_once_is_described_too(
    source: str, mode: str, rules: WebRules
) -> None:
    whole = result(PRELUDE + b"\0" * 8 + b"body", http=DESCRIBED)

    if mode == "BUFFERED":
        reply = http.http_from_result(whole, visit(source=source), rules)
    else:
        reply = streamed(source, whole)

    body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
    assert (reply.status, body) == (201, b"body")


def test_a_function_that_fails_while_it_writes_breaks_its_answer_off() -> None:
    reply = streamed("function-url", Part(b"one ", PLAIN), result(b"{}", RAISED))
    body = iter(reply.body)

    assert next(body) == b"one "
    with pytest.raises(BrokenBody):
        next(body)


@pytest.mark.parametrize(("source", "status"), [("function-url", 502), ("api", 502)])
@pytest.mark.parametrize(
    "parts",
    [
        (result(b"{}", RAISED),),
        (Part(b"{", DESCRIBED), result(b"{")),
        (Part(b"[]" + b"\0" * 8, DESCRIBED), result(b"[]")),
        (Part(b'{"statusCode": "soon"}' + b"\0" * 8, DESCRIBED), result(b"")),
    ],
)
def test_a_stream_that_is_none_is_answered_for_by_the_gateway(
    source: str, status: int, parts: tuple
) -> None:
    assert streamed(source, *parts).status == status


@pytest.mark.parametrize(
    ("source", "output"), [("function-url", "hello"), ("api", {"statusCode": 202})]
)
def test_a_function_that_does_not_stream_is_answered_for_as_ever(
    source: str, output: object
) -> None:
    reply = streamed(source, result(output))

    assert (reply.status, reply.body) == ((202, b"") if source == "api" else (200, b"hello"))


@pytest.mark.parametrize(
    ("source", "most", "status", "body"),
    [
        ("api", 10 << 20, 413, None),
        ("http-api", 10 << 20, 413, None),
        ("function-url", 6 << 20, 413, None),
        ("alb", 1 << 20, 413, None),
    ],
)
def test_a_body_that_is_too_long_is_refused(
    source: str, most: int, status: int, body: None, rules: WebRules
) -> None:
    headers = (("Content-Length", str(most + 1)),)
    asked = HttpRequest("POST", "/", headers=headers, body=iter(()))

    refused = http.refuse(visit(asked, source), rules)

    assert refused is not None
    assert refused.status == status
    fits = asked._replace(headers=(("Content-Length", str(most)),))
    assert http.refuse(visit(fits, source), rules) is None


@pytest.mark.parametrize(
    ("source", "status"), [("api", 500), ("http-api", 500), ("function-url", 429), ("alb", 502)]
)
def test_a_function_that_may_never_run_is_throttled(
    source: str, status: int, rules: WebRules
) -> None:
    never = visit(source=source)
    never = never._replace(function=function(attributes={"reserved_concurrency": "0"}))

    refused = http.refuse(never, rules)

    assert refused is not None
    assert refused.status == status


def test_a_load_balancer_takes_no_web_sockets(rules: WebRules) -> None:
    asked = HttpRequest("GET", "/", headers=(("Upgrade", "websocket"),))

    refused = http.refuse(visit(asked, "alb"), rules)

    assert refused is not None
    assert refused.status == 400


def test_a_rest_api_asks_for_a_key_where_that_is_asked_for() -> None:
    strict, keyed = WebRules(verifies=True), HttpRequest("GET", "/", headers=(("X-Api-Key", "k"),))

    refused = http.refuse(visit(api_key=True), strict)

    assert refused is not None
    assert (refused.status, json.loads(refused.body)) == (403, {"message": "Forbidden"})
    assert http.refuse(visit(keyed, api_key=True), strict) is None
