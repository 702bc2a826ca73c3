"""The API of the SDKs, without SDKs: paths, names, qualifiers, headers, errors."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from localfn.model import (
    CallMode,
    Container,
    Failure,
    FailureKind,
    HttpReply,
    HttpRequest,
    Trigger,
    WebRules,
)
from localfn.providers.aws.lookup import NOBODY
from localfn.providers.aws.web import WEB
from localfn.providers.aws.wording import opening_lines
from tests.clouds.aws.http.conftest import ID, RAISED, Recorder, function, result

ORDERS = function(attributes={"logical_id": "OrdersFunction", "alias": "live"})
OTHER = function("other")
INVOKE = "/2015-03-31/functions/{}/invocations"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
URLS = Map(
    [
        Rule(each.rule, endpoint=number, methods=[each.method])
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
    body: bytes = b"{}",
) -> HttpReply:
    request = HttpRequest(method, path, query, tuple((headers or {}).items()), body)
    try:
        endpoint, values = URLS.match(unquote(path), method)
    except HTTPException:
        return WEB.no_route(request, "lost")
    return WEB.routes[endpoint].handle(request, values, calls)


def told(reply: HttpReply) -> dict:
    assert isinstance(reply.body, bytes)
    return json.loads(reply.body)


@pytest.mark.parametrize(
    ("name", "query", "qualifier"),
    [
        ("orders", "", ""),
        ("orders", "Qualifier=live", "live"),
        ("orders", "Qualifier=%24LATEST", "$LATEST"),
        ("orders:7", "", "7"),
        ("orders:live", "Qualifier=live", "live"),
        ("orders%3Alive", "", "live"),
        ("OrdersFunction", "", ""),
        ("123456789012:function:orders", "", ""),
        ("123456789012:orders", "", ""),
        (ARN, "", ""),
        (f"{ARN}:live", "", "live"),
        (ARN.replace(":", "%3A"), "", ""),
        (ARN.replace("us-east-1", "eu-west-1").replace("123456789012", "000000000000"), "", ""),
    ],
)
def test_a_function_is_called_by_every_spelling(name: str, query: str, qualifier: str) -> None:
    calls = Recorder(result({"a": 1}), ORDERS, OTHER)

    reply = ask(calls, "POST", INVOKE.format(name), query, body=b'{"b": 2}')

    (call,) = calls.made
    assert (reply.status, told(reply)) == (200, {"a": 1})
    assert (call.function, call.qualifier, call.mode) == (ORDERS, qualifier, CallMode.SYNC)
    assert call.event.payload == b'{"b": 2}'


def test_the_only_function_is_called_as_the_emulator_of_the_images_calls_it() -> None:
    alone, two = Recorder(result(), ORDERS), Recorder(result(), ORDERS, OTHER)

    assert ask(alone, "POST", INVOKE.format("function")).status == 200
    assert ask(two, "POST", INVOKE.format("function")).status == 404


def test_an_answer_carries_the_clouds_headers() -> None:
    reply = ask(Recorder(result({"a": 1})), "POST", INVOKE.format("orders"))

    assert dict(reply.headers) == {
        "Content-Type": "application/json",
        "x-amzn-RequestId": ID,
        "X-Amz-Executed-Version": "$LATEST",
        "X-Amzn-Trace-Id": reply.header("x-amzn-trace-id"),
    }


@pytest.mark.parametrize(
    ("qualifier", "executed"), [("7", "7"), ("$LATEST", "$LATEST"), ("live", "1")]
)
def test_an_answer_tells_which_version_ran(qualifier: str, executed: str) -> None:
    calls = Recorder(result(), ORDERS)

    reply = ask(calls, "POST", INVOKE.format("orders"), f"Qualifier={qualifier}")

    assert reply.header("x-amz-executed-version") == executed


@pytest.mark.parametrize(
    "failure",
    [
        RAISED,
        RAISED._replace(handled=True),
        Failure(FailureKind.TIMED_OUT),
        Failure(FailureKind.EXITED),
        Failure(FailureKind.OUT_OF_MEMORY),
        Failure(FailureKind.IMPORT_FAILED),
        Failure(FailureKind.BAD_REPLY),
        Failure(FailureKind.ANSWER_TOO_LARGE, "7"),
    ],
)
def test_a_failed_function_is_told_by_a_header(failure: Failure) -> None:
    calls = Recorder(result({"errorMessage": "boom"}, failure))

    reply = ask(calls, "POST", INVOKE.format("orders"))

    assert (reply.status, reply.header("x-amz-function-error")) == (200, "Unhandled")
    assert told(reply) == {"errorMessage": "boom"}


def test_a_good_answer_that_looks_like_an_error_is_none() -> None:
    answer = {"errorMessage": "boom", "errorType": "ValueError", "stackTrace": []}

    reply = ask(Recorder(result(answer)), "POST", INVOKE.format("orders"))

    assert (reply.header("x-amz-function-error"), told(reply)) == ("", answer)


def test_the_end_of_the_log_is_sent_where_it_is_asked_for() -> None:
    opening = opening_lines(result().invocation)
    short, long = opening + b"printed\n", opening + b"x" * 5000
    tail = {"X-Amz-Log-Type": "Tail"}

    def log_of(logs: bytes, headers: Mapping[str, str]) -> bytes:
        reply = ask(Recorder(result(logs=logs)), "POST", INVOKE.format("orders"), headers=headers)
        return base64.b64decode(reply.header("x-amz-log-result"))

    assert log_of(b"INIT_START\n" + short, tail) == short
    assert log_of(long, tail) == long[-4096:]
    assert log_of(short, {}) == b""


def test_a_call_that_nobody_waits_for_is_queued() -> None:
    calls = Recorder(result())

    reply = ask(calls, "POST", INVOKE.format("orders"), headers={"X-Amz-Invocation-Type": "Event"})

    assert (reply.status, reply.body, reply.header("x-amzn-requestid")) == (202, b"", ID)
    assert [each.mode for each in calls.queued] == [CallMode.ASYNC]
    assert calls.made == []


@pytest.mark.parametrize("end", ["", "/"])
def test_the_old_call_that_nobody_waits_for_is_queued_too(end: str) -> None:
    calls = Recorder(result())

    reply = ask(calls, "POST", f"/2014-11-13/functions/orders/invoke-async{end}", body=b'"x"')

    assert (reply.status, [each.event.payload for each in calls.queued]) == (202, [b'"x"'])


def test_a_dry_run_calls_nobody() -> None:
    calls = Recorder(result())

    reply = ask(calls, "POST", INVOKE.format("orders"), headers={"X-Amz-Invocation-Type": "DryRun"})

    assert (reply.status, reply.body) == (204, b"")
    assert calls.made == calls.queued == []


def test_the_clients_context_is_handed_on() -> None:
    calls, context = Recorder(result()), '{"custom": {"a": "ä"}}'
    header = base64.b64encode(context.encode()).decode()

    ask(calls, "POST", INVOKE.format("orders"), headers={"X-Amz-Client-Context": header})

    assert calls.made[0].client_context == context


def test_nothing_is_an_empty_object() -> None:
    calls = Recorder(result())

    ask(calls, "POST", INVOKE.format("orders"), body=b"")

    assert calls.made[0].event.payload == b"{}"


@pytest.mark.parametrize(
    ("name", "query", "headers", "body", "status", "code", "said"),
    [
        (
            "nope",
            "",
            {},
            b"{}",
            404,
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nope:$LATEST",
        ),
        ("nope:7", "", {}, b"{}", 404, "ResourceNotFoundException", "function:nope:7"),
        (
            "orders",
            "",
            {},
            b"xyz",
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json",
        ),
        (
            "orders",
            "",
            {"X-Amz-Client-Context": "???"},
            b"{}",
            400,
            "InvalidRequestContentException",
            "Client context",
        ),
        (
            "orders",
            "",
            {"X-Amz-Client-Context": "YQ=="},
            b"{}",
            400,
            "InvalidRequestContentException",
            "Client context",
        ),
        (
            "orders",
            "",
            {"X-Amz-Client-Context": "Y" * 3584},
            b"{}",
            400,
            "InvalidRequestContentException",
            "3584 bytes",
        ),
        (
            "orders",
            "",
            {"X-Amz-Invocation-Type": "Later"},
            b"{}",
            400,
            "InvalidParameterValueException",
            "'Later'",
        ),
        ("orders:1", "Qualifier=2", {}, b"{}", 400, "InvalidParameterValueException", "qualifier"),
        ("a b", "", {}, b"{}", 400, "ValidationException", "'a b' at 'functionName'"),
    ],
)
def test_a_request_that_cannot_be_served_gets_the_services_own_error(
    name: str, query: str, headers: dict, body: bytes, status: int, code: str, said: str
) -> None:
    calls = Recorder(result())

    reply = ask(calls, "POST", INVOKE.format(name), query, headers, body)

    answer = told(reply)
    assert (reply.status, reply.header("x-amzn-errortype")) == (status, code)
    assert said in (answer.get("message") or answer["Message"])
    assert reply.header("x-amzn-requestid") == ID
    assert calls.made == calls.queued == []


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Failure(FailureKind.TOO_LARGE, "6291456"), 413, "RequestTooLargeException"),
        (Failure(FailureKind.THROTTLED, "orders"), 429, "TooManyRequestsException"),
    ],
)
def test_a_call_that_was_not_made_is_an_error_of_the_service(
    failure: Failure, status: int, code: str
) -> None:
    calls = Recorder(result({"message": "told"}, failure))

    for path in (
        INVOKE.format("orders"),
        "/2021-11-15/functions/orders/response-streaming-invocations",
    ):
        reply = ask(calls, "POST", path)
        assert (reply.status, reply.header("x-amzn-errortype")) == (status, code)
        assert reply.header("x-amz-function-error") == ""


def test_a_function_that_may_never_run_is_throttled() -> None:
    never = function(attributes={"reserved_concurrency": "0"})
    calls = Recorder(result(), never)

    reply = ask(calls, "POST", INVOKE.format("orders"))

    assert (reply.status, told(reply)["Reason"]) == (
        429,
        "ReservedFunctionConcurrentInvocationLimitExceeded",
    )
    assert calls.made == []


@pytest.mark.parametrize(
    ("path", "headers", "most"),
    [
        (INVOKE.format("orders"), {}, 6 << 20),
        (INVOKE.format("orders"), {"X-Amz-Invocation-Type": "Event"}, 1 << 20),
        ("/2014-11-13/functions/orders/invoke-async", {}, 1 << 20),
        ("/orders/42", {}, 10 << 20),
    ],
)
def test_a_body_may_be_so_long(path: str, headers: dict, most: int) -> None:
    request = HttpRequest("POST", path, headers=tuple(headers.items()))

    assert WEB.most_body_bytes(request) == most


def test_what_is_no_operation_is_told(rules: WebRules) -> None:
    reply = ask(Recorder(result()), "DELETE", "/2015-03-31/functions/orders")

    assert (reply.status, reply.header("x-amzn-errortype")) == (404, "UnknownOperationException")


# --- what it tells of functions --------------------------------------------------------------

FULL = function(
    layers=("arn:aws:lambda:us-east-1:1:layer:deps:1",),
    environment={"A": "1"},
    attributes={"alias": "live", "async_retries": "1", "reserved_concurrency": "5"},
    triggers=(
        Trigger("sqs", "Queue", {"queue": "jobs", "batch": 5}),
        Trigger("function-url", "url", {"auth_type": "AWS_IAM", "invoke_mode": "RESPONSE_STREAM"}),
        Trigger("api", "Rest", {"path": "/"}),
    ),
)
IMAGE = function("img", runtime="image", container=Container("localhost/img:1"))


def get(path: str, query: str = "", headers: Mapping[str, str] | None = None) -> dict:
    reply = ask(Recorder(result(), FULL, IMAGE), "GET", path, query, headers)
    assert reply.status == 200, reply
    return told(reply)


def test_a_function_is_described() -> None:
    found = get("/2015-03-31/functions/orders")
    configuration = get("/2015-03-31/functions/orders/configuration")

    assert found["Configuration"] == configuration
    assert found["Code"] == {"RepositoryType": "S3", "Location": Path("code").absolute().as_uri()}
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    expected = {
        "FunctionName": "orders",
        "FunctionArn": ARN,
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "MemorySize": 128,
        "Timeout": 3,
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Environment": {"Variables": {"A": "1"}},
    }
    assert {name: configuration[name] for name in expected} == expected


def test_a_function_in_an_image_has_neither_runtime_nor_handler() -> None:
    found = get("/2015-03-31/functions/img")

    assert found["Configuration"]["PackageType"] == "Image"
    assert not {"Runtime", "Handler"} & found["Configuration"].keys()
    assert found["Code"] == {"RepositoryType": "ECR", "ImageUri": "localhost/img:1"}


def test_a_qualifier_is_told_in_the_arn() -> None:
    found = get("/2015-03-31/functions/orders/configuration", "Qualifier=3")

    assert (found["FunctionArn"], found["Version"]) == (f"{ARN}:3", "3")


@pytest.mark.parametrize("path", ["/2015-03-31/functions", "/2015-03-31/functions/"])
def test_functions_are_listed_page_by_page(path: str) -> None:
    first = get(path, "MaxItems=1")
    second = get(path, f"MaxItems=1&Marker={first['NextMarker']}")

    names = [each["FunctionName"] for page in (first, second) for each in page["Functions"]]
    assert names == ["orders", "img"]
    assert "NextMarker" not in second


def test_versions_and_aliases_are_listed() -> None:
    versions = get("/2015-03-31/functions/orders/versions")["Versions"]
    (alias,) = get("/2015-03-31/functions/orders/aliases")["Aliases"]

    assert [each["Version"] for each in versions] == ["$LATEST", "1"]
    assert (alias["Name"], alias["AliasArn"]) == ("live", f"{ARN}:live")
    assert get("/2015-03-31/functions/img/aliases")["Aliases"] == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "FunctionName=orders",
        f"FunctionName={ARN}",
        "EventSourceArn=arn:aws:sqs:us-east-1:123456789012:jobs",
    ],
)
def test_sources_of_records_are_listed(query: str) -> None:
    (mapping,) = get("/2015-03-31/event-source-mappings/", query)["EventSourceMappings"]

    assert mapping["EventSourceArn"] == "arn:aws:sqs:us-east-1:123456789012:jobs"
    assert (mapping["BatchSize"], mapping["FunctionArn"], mapping["State"]) == (5, ARN, "Enabled")
    assert (
        get("/2015-03-31/event-source-mappings/", "FunctionName=img")["EventSourceMappings"] == []
    )


def test_a_url_is_told_as_it_is_reached_here() -> None:
    found = get("/2021-10-31/functions/orders/url", headers={"Host": "127.0.0.1:8000"})

    assert found["FunctionUrl"] == "http://127.0.0.1:8000/_fn/orders/"
    assert (found["AuthType"], found["InvokeMode"]) == ("AWS_IAM", "RESPONSE_STREAM")
    lost = ask(Recorder(result(), IMAGE), "GET", "/2021-10-31/functions/img/url")
    assert (lost.status, lost.header("x-amzn-errortype")) == (404, "ResourceNotFoundException")


def test_settings_of_calls_and_of_the_account_are_told() -> None:
    assert get("/2019-09-25/functions/orders/event-invoke-config")["MaximumRetryAttempts"] == 1
    assert get("/2019-09-30/functions/orders/concurrency") == {"ReservedConcurrentExecutions": 5}
    assert get("/2016-08-19/account-settings")["AccountUsage"]["FunctionCount"] == 2


def test_calls_that_nobody_waits_for_are_repeated_as_the_template_says() -> None:
    told_of = {"async_retries": "0", "async_max_age_s": "60", "dead_letter": "arn:aws:sqs:x"}

    asked, default = WEB.repeats(function(attributes=told_of)), WEB.repeats(NOBODY)

    assert (asked.attempts, asked.max_age_s, asked.on_failure) == (0, 60, "arn:aws:sqs:x")
    assert (default.attempts, default.max_age_s) == (2, 21600)


def test_signatures_are_asked_for_where_that_is_wanted() -> None:
    strict = Recorder(result(), rules=WebRules(verifies=True))
    wrong = {
        "Authorization": "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00, "
        "Credential=other/20251124/us-east-1/lambda/aws4_request"
    }
    bad = {"Authorization": wrong["Authorization"].replace("other", "localfn-key-id")}

    codes = [
        ask(strict, "POST", INVOKE.format("orders"), headers=headers).header("x-amzn-errortype")
        for headers in ({}, {"Authorization": "Basic x"}, wrong, bad)
    ]

    assert codes == [
        "MissingAuthenticationTokenException",
        "IncompleteSignatureException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
    ]
    assert strict.made == []
