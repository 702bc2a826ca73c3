"""A request becomes what a handler receives, a result what a client gets."""

import json
from pathlib import Path

import pytest

from localfn.model import Failure, FailureKind, HttpReply, HttpRequest, WebRules
from localfn.providers.alibaba import http
from tests.clouds.alibaba.http.conftest import ID, result, visit

HERE = Path(__file__).parent
REQUESTS = json.loads((HERE / "requests.json").read_text())
ANSWERS = json.loads((HERE / "answers.json").read_text())


def request_of(told: dict) -> HttpRequest:
    headers = tuple((name, value) for name, value in told["headers"])
    return HttpRequest(
        told["method"], told["path"], told["query"], headers, told["body"].encode(), "203.0.113.7"
    )


@pytest.mark.parametrize("name", REQUESTS["cases"])
def test_fc3_hands_a_request_over_as_json(name: str, rules: WebRules) -> None:
    case = REQUESTS["cases"][name]

    event = http.event_from_http(visit(request_of(case["request"])), rules)

    assert json.loads(event.payload) == case["fc3"]
    assert event.http is None
    assert event.size == len(case["request"]["body"])


@pytest.mark.parametrize("name", REQUESTS["cases"])
def test_fc2_hands_over_the_request_itself(name: str, rules: WebRules) -> None:
    case = REQUESTS["cases"][name]

    event = http.event_from_http(visit(request_of(case["request"]), "fc2"), rules)

    assert event.http == case["fc2"]
    assert event.payload == case["request"]["body"].encode()


@pytest.mark.parametrize("case", REQUESTS["bodies"], ids=lambda case: case["type"] or "none")
def test_bodies_are_text_or_base64(case: dict, rules: WebRules) -> None:
    headers = (("Content-Type", case["type"]), ("Content-Encoding", case.get("encoding", "")))
    asked = HttpRequest("POST", "/", headers=headers, body=bytes.fromhex(case["body_hex"]))

    event = json.loads(http.event_from_http(visit(asked), rules).payload)

    assert (event["body"], event["isBase64Encoded"]) == (case["text"], case["base64"])


def test_a_header_with_other_letters_arrives_as_text(rules: WebRules) -> None:
    asked = HttpRequest("GET", "/", headers=(("X-A", "é".encode().decode("latin-1")),))

    event = json.loads(http.event_from_http(visit(asked), rules).payload)

    assert event["headers"]["X-A"] == "é"


@pytest.mark.parametrize("case", ANSWERS["described"], ids=lambda case: case["why"])
def test_an_answer_becomes_a_reply(case: dict, rules: WebRules) -> None:
    output = case["text"] if "text" in case else json.dumps(case["output"])

    reply = http.http_from_result(result(output.encode()), visit(), rules)

    assert reply.status == case["status"]
    assert [list(each) for each in reply.headers] == [*case["headers"], ["X-Fc-Request-Id", ID]]
    assert reply.body == case["body"].encode()


@pytest.mark.parametrize("case", ANSWERS["malformed"], ids=lambda case: case["said"])
def test_an_answer_that_cannot_be_used_is_a_bad_response(case: dict, rules: WebRules) -> None:
    output = json.dumps(case["output"]).encode()

    reply = http.http_from_result(result(output), visit(), rules)

    told = json.loads(reply.body)
    assert reply.status == 502
    assert told["Code"] == told["ErrorCode"] == "BadResponse"
    assert case["said"] in told["Message"]
    assert reply.header("x-fc-request-id") == ID


TOO_LARGE = Failure(FailureKind.ANSWER_TOO_LARGE, "33554432")


@pytest.mark.parametrize(
    ("output", "failure", "said"),
    [
        (b"{}", TOO_LARGE, "exceeds 32 MB"),
        (
            json.dumps({"statusCode": 200, "headers": {"X": "y" * 8192}}).encode(),
            None,
            "exceed 8 KB",
        ),
    ],
)
def test_an_answer_that_is_too_large_is_a_bad_response(
    output: bytes, failure: Failure | None, said: str, rules: WebRules
) -> None:
    reply = http.http_from_result(result(output, failure), visit(), rules)

    assert reply.status == 502
    assert said in json.loads(reply.body)["Message"]


def test_a_native_answer_keeps_repeated_headers_and_loses_reserved_ones(rules: WebRules) -> None:
    told = HttpReply(207, (("Set-Cookie", "a"), ("Set-Cookie", "b"), ("Server", "x")))

    reply = http.http_from_result(result(b"body", http=told), visit(generation="fc2"), rules)

    assert reply == HttpReply(
        207, (("Set-Cookie", "a"), ("Set-Cookie", "b"), ("X-Fc-Request-Id", ID)), b"body"
    )


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        (Failure(FailureKind.HANDLER_RAISED), 502, "UnhandledInvocationError"),
        (Failure(FailureKind.HANDLER_RAISED, handled=True), 502, "HandledInvocationError"),
        (Failure(FailureKind.TIMED_OUT), 502, "UnhandledInvocationError"),
        (Failure(FailureKind.INIT_FAILED, during_init=True), 502, "InitializationError"),
        (Failure(FailureKind.THROTTLED), 429, ""),
        (Failure(FailureKind.TOO_LARGE, "7"), 400, ""),
    ],
)
def test_a_failure_becomes_a_reply(
    failure: Failure, status: int, kind: str, rules: WebRules
) -> None:
    reply = http.http_from_result(result(b'{"a":1}', failure), visit(), rules)

    assert (reply.status, reply.header("x-fc-error-type")) == (status, kind)
    assert reply.header("content-type") == "application/json"


def test_statuses_that_are_not_documented_can_be_set() -> None:
    rules = WebRules(statuses={"function-error": 500, "timed-out": 504, "method-not-allowed": 400})
    raised = result(b"", Failure(FailureKind.HANDLER_RAISED))
    late = result(b"", Failure(FailureKind.TIMED_OUT))

    assert http.http_from_result(raised, visit(), rules).status == 500
    assert http.http_from_result(late, visit(), rules).status == 504
    assert http.refuse(visit(methods=("POST",)), rules).status == 400


def test_the_end_of_the_log_is_sent_where_it_is_asked_for(rules: WebRules) -> None:
    asked = HttpRequest("GET", "/", headers=(("X-Fc-Log-Type", "Tail"),))

    reply = http.http_from_result(result(b""), visit(asked), rules)

    assert reply.header("x-fc-log-result") == "dGhlIGxvZw=="


def test_default_domains_make_downloads_where_one_wants_it_as_in_the_cloud() -> None:
    rules = WebRules(attachment=True)
    own = visit()._replace(own_domain=True)

    assert (
        http.forwarded(HttpReply(200), visit(), rules).header("content-disposition") == "attachment"
    )
    assert http.forwarded(HttpReply(200), own, rules).header("content-disposition") == ""


@pytest.mark.parametrize(
    ("asked", "options", "status", "code"),
    [
        (HttpRequest("PUT", "/"), {"methods": ("GET", "POST")}, 405, "MethodNotAllowed"),
        (HttpRequest("GET", "/", headers=(("X", "y" * 8192),)), {}, 400, "InvalidArgument"),
    ],
)
def test_requests_are_refused_before_the_function_is_asked(
    asked: HttpRequest, options: dict, status: int, code: str, rules: WebRules
) -> None:
    refused = http.refuse(visit(asked, **options), rules)

    assert refused is not None
    assert (refused.status, json.loads(refused.body)["Code"]) == (status, code)


def test_a_path_that_is_too_long_is_refused(rules: WebRules) -> None:
    refused = http.refuse(visit(uri="/" + "a" * 4096), rules)

    assert json.loads(refused.body)["Message"] == "path and query exceed 4 KB"


def test_a_request_of_any_method_passes_where_the_trigger_names_none(rules: WebRules) -> None:
    assert http.refuse(visit(HttpRequest("PURGE", "/")), rules) is None


def test_a_call_that_nobody_waits_for_may_be_shorter_and_is_accepted() -> None:
    asked = HttpRequest("POST", "/", headers=(("x-fc-invocation-type", "Async"),))

    assert http.is_asynchronous(asked)
    assert http.most_body_bytes(asked) == 128 << 10
    assert http.accepted(visit(asked)) == HttpReply(202, (("X-Fc-Request-Id", ID),))
    assert http.most_body_bytes(HttpRequest("POST", "/")) == 32 << 20
