"""Real handlers behind a running gateway: routes, hosts, authorizers, and what others get wrong.

The tests of the last part are each a defect that was measured in another emulator.
"""

import base64
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localfn.model import Trigger, WebRules
from tests import interpreters
from tests.clouds.aws.serving import LIMIT_S, Served, api, function, serving

CODE = """\
import json
import sys
import time

def number(event, context):
    time.sleep(0.01)
    return event

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps({"event": event, "name": context.function_name})}

def guard(event, context):
    token = event.get("authorizationToken") or event["headers"].get("x-key", "")
    if token == "unknown":
        raise Exception("Unauthorized")
    if event.get("version") == "2.0":
        return {"isAuthorized": token == "good", "context": {"who": token}}
    effect = "Allow" if token == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": token, "policyDocument": document, "context": {"who": token}}

def fail(event, context):
    what = (event.get("queryStringParameters") or event).get("do")
    if what == "raise":
        raise ValueError("boom")
    if what == "exit":
        sys.exit(3)
    if what == "sleep":
        time.sleep(20)
    if what == "malformed":
        return {"statusCode": "soon"}
    if what == "base64":
        return {"statusCode": 200, "isBase64Encoded": True, "body": "???"}
    if what == "print":
        print(json.dumps({"statusCode": 500, "errorMessage": "not this", "errorType": "X"}))
        sys.stdout.flush()
    return {"statusCode": 200, "body": "good"}
"""
TOKEN = {"kind": "token", "function": "guard", "identity": ("method.request.header.Authorization",)}
SIMPLE = {
    "kind": "request",
    "function": "guard",
    "identity": ("$request.header.x-key",),
    "payload_format": "2.0",
    "simple": True,
}
JWT = {"kind": "jwt", "identity": ("$request.header.Authorization",)}


def http_api(name: str, path: str, *methods: str, **options: object) -> Trigger:
    return api(name, path, *methods, source="http-api", **options)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    (folder / "app.py").write_text(CODE)
    rest = function(
        "rest",
        folder,
        "app.echo",
        triggers=(
            api("One", "/orders/{id}", "GET"),
            api("Exact", "/orders/new", "GET"),
            api("Greedy", "/files/{proxy+}"),
            api("Guarded", "/guarded", "GET", authorizer=TOKEN),
        ),
    )
    http = function(
        "http",
        folder,
        "app.echo",
        triggers=(
            http_api("One", "/v2/orders/{id}", "GET"),
            http_api("Any", "/v2/orders/{id}"),
            http_api("Guarded", "/v2/guarded", "GET", authorizer=SIMPLE),
            http_api("Jwt", "/v2/jwt", "GET", authorizer=JWT),
            http_api("Other", "/only", "GET", api_id="Second"),
        ),
    )
    failing = function(
        "failing",
        folder,
        "app.fail",
        timeout_s=1.0,
        triggers=(
            api("Rest", "/fail", "GET", binary_types=("*/*",)),
            http_api("Http", "/v2/fail", "GET"),
            Trigger("function-url", "url", {}),
        ),
    )
    guard = function("guard", folder, "app.guard")
    numbers = function("numbers", folder, "app.number")
    with serving(
        folder, rest, http, failing, guard, numbers, rules=WebRules(claims={"sub": "me"})
    ) as running:
        yield running


def event(served: Served, method: str, path: str, host: str = "", **headers: str) -> dict:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = served.ask(method, path, headers=named, host=host)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["event"]


# --- routes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "resource", "values"),
    [
        ("/orders/42?q=1", "/orders/{id}", {"id": "42"}),
        ("/orders/4%202", "/orders/{id}", {"id": "4 2"}),
        ("/orders/new", "/orders/new", None),
        ("/files/a/b%2Fc/", "/files/{proxy+}", {"proxy": "a/b/c"}),
    ],
)
def test_the_routes_of_a_rest_api_answer_at_the_root(
    served: Served, path: str, resource: str, values: dict | None
) -> None:
    told = event(served, "GET", path)

    assert (told["resource"], told["pathParameters"]) == (resource, values)
    assert told["path"] == path.partition("?")[0]


def test_a_route_for_a_method_comes_before_one_for_any(served: Served) -> None:
    assert event(served, "GET", "/v2/orders/1")["routeKey"] == "GET /v2/orders/{id}"
    assert event(served, "PUT", "/v2/orders/1")["routeKey"] == "ANY /v2/orders/{id}"


def test_every_api_has_a_host_of_its_own(served: Served) -> None:
    assert event(served, "GET", "/only", "second.localhost")["requestContext"]["apiId"] == "Second"
    assert served.ask("GET", "/only", host="serverlesshttpapi.localhost").status == 404
    assert served.ask("GET", "/orders/1", host="serverlessrestapi.localhost").status == 200
    assert served.ask("GET", "/orders/1", host="second.localhost").status == 404


def test_a_function_with_routes_answers_by_its_name_too(served: Served) -> None:
    assert event(served, "GET", "/_fn/rest/orders/7")["pathParameters"] == {"id": "7"}
    assert event(served, "GET", "/orders/7", "rest.localhost")["resource"] == "/orders/{id}"


def test_a_url_of_a_function_comes_before_its_routes_by_its_name(served: Served) -> None:
    assert served.ask("GET", "/_fn/failing/fail?do=raise").status == 502
    assert served.ask("GET", "/_fn/failing/").body == b"good"


# --- who is let in ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "header"), [("/guarded", "Authorization"), ("/v2/guarded", "X_Key")]
)
def test_a_real_authorizer_lets_in_and_turns_away(served: Served, path: str, header: str) -> None:
    told = event(served, "GET", path, **{header: "good"})["requestContext"]["authorizer"]
    bad = served.ask("GET", path, headers={header.replace("_", "-"): "bad"})
    none = served.ask("GET", path)

    assert (told.get("lambda") or told)["who"] == "good"
    assert (bad.status, none.status) == (403, 401)


def test_an_authorizer_that_raises_unauthorized_is_a_no_for_a_rest_api(served: Served) -> None:
    assert served.ask("GET", "/guarded", headers={"Authorization": "unknown"}).status == 401


def test_the_terminal_says_why_somebody_was_turned_away(served: Served) -> None:
    served.ask("GET", "/v2/guarded")
    served.ask("GET", "/guarded", headers={"Authorization": "bad"})
    served.ask("GET", "/fail?do=malformed")

    said = (
        "nothing at `$request.header.x-key`",
        "the policy denies `arn:",
        "`statusCode` is `soon`",
    )
    deadline = time.monotonic() + LIMIT_S
    while not all(each in "".join(served.told) for each in said) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [each for each in said if each not in "".join(served.told)] == []


def test_claims_given_by_hand_reach_the_handler(served: Served) -> None:
    told = event(served, "GET", "/v2/jwt")["requestContext"]["authorizer"]["jwt"]

    assert told["claims"] == {"sub": "me"}


# --- streams ---------------------------------------------------------------------------------


@pytest.mark.skipif("20" not in interpreters.nodes(), reason="Node.js 20 is not here")
def test_a_url_streams_what_its_function_writes(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text(
        "exports.http = awslambda.streamifyResponse(async (event, stream) => {\n"
        "  const told = {statusCode: 201, headers: {'x-a': 'b'}, cookies: ['c=d']};\n"
        "  const answer = awslambda.HttpResponseStream.from(stream, told);\n"
        "  answer.write('one '); answer.end('two');\n"
        "});\n"
        "exports.plain = async () => ({statusCode: 202, body: 'plain'});\n"
    )
    streams, buffers = ({"invoke_mode": each} for each in ("RESPONSE_STREAM", "BUFFERED"))
    http = function(
        "http",
        tmp_path,
        "app.http",
        runtime="nodejs20.x",
        triggers=(Trigger("function-url", "url", streams),),
    )
    plain = function(
        "plain",
        tmp_path,
        "app.plain",
        runtime="nodejs20.x",
        triggers=(Trigger("function-url", "url", buffers),),
    )

    with serving(tmp_path, http, plain) as running:
        answer, other = running.ask("GET", "/_fn/http/"), running.ask("GET", "/_fn/plain/")

    assert (answer.status, answer.body) == (201, b"one two")
    assert (answer.headers["x-a"], answer.headers["set-cookie"]) == ("b", "c=d")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert (other.status, other.body) == (202, b"plain")


# --- what others get wrong -------------------------------------------------------------------


def invoke(served: Served, what: str):
    told = json.dumps({"do": what}).encode()
    return served.ask("POST", "/2015-03-31/functions/failing/invocations", told)


def test_an_exception_is_told_as_one_at_every_door(served: Served) -> None:
    answer = invoke(served, "raise")

    assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")
    assert json.loads(answer.body)["errorType"] == "ValueError"
    assert served.ask("GET", "/v2/fail?do=raise").status == 500
    assert served.ask("GET", "/fail?do=raise").status == 502


@pytest.mark.parametrize("what", ["exit", "malformed", "sleep"])
def test_each_gateway_answers_for_a_function_that_does_not(served: Served, what: str) -> None:
    rest, http = served.ask("GET", f"/fail?do={what}"), served.ask("GET", f"/v2/fail?do={what}")

    assert (rest.status, json.loads(rest.body)) == (502, {"message": "Internal server error"})
    assert (http.status, json.loads(http.body)) == (500, {"message": "Internal Server Error"})
    assert served.ask("GET", "/v2/fail").body == b"good"


def test_a_function_that_is_too_slow_is_a_failed_one(served: Served) -> None:
    answer = invoke(served, "sleep")

    told = json.loads(answer.body)
    assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")
    assert told["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in told["errorMessage"]


def test_a_gateway_waits_only_so_long_and_the_call_goes_on(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import pathlib, time\n"
        "def handler(event, context):\n"
        "    time.sleep(1)\n"
        f"    pathlib.Path({str(tmp_path)!r}, event['httpMethod']).write_text('made')\n"
        "    return {'statusCode': 200}\n"
    )
    patient = api("Patient", "/patient", "PUT", timeout_s=20.0)
    slow = function(
        "slow", tmp_path, timeout_s=60.0, triggers=(api("Slow", "/slow", timeout_s=0.2), patient)
    )

    with serving(tmp_path, slow) as running:
        late, good = running.ask("GET", "/slow"), running.ask("PUT", "/patient")
        deadline = time.monotonic() + LIMIT_S
        while not (tmp_path / "GET").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    assert (late.status, json.loads(late.body)) == (504, {"message": "Endpoint request timed out"})
    assert good.status == 200
    assert (tmp_path / "GET").exists()
    assert (tmp_path / "PUT").exists()


def test_a_function_out_of_memory_is_a_failed_one_and_its_log_is_whole(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "def handler(event, context):\n"
        "    held = []\n"
        "    while event == 'grow':\n"
        "        held.append(b'x' * (8 << 20))\n"
        "    return 'good'\n"
    )
    path, tail = "/2015-03-31/functions/orders/invocations", {"X-Amz-Log-Type": "Tail"}
    orders = function("orders", tmp_path, timeout_s=LIMIT_S)

    with serving(tmp_path, orders) as running:
        failed = running.ask("POST", path, b'"grow"', tail)
        good = running.ask("POST", path, b'"rest"')

    assert failed.headers["x-amz-function-error"] == "Unhandled"
    assert json.loads(failed.body)["errorType"] == "Runtime.ExitError"
    log = base64.b64decode(failed.headers["x-amz-log-result"])
    assert log.startswith(b"START RequestId: ")
    assert b"REPORT RequestId: " in log
    assert (good.status, good.body) == (200, b'"good"')


def test_calls_side_by_side_are_all_answered(served: Served) -> None:
    def ask(number: int) -> bytes:
        told = json.dumps({"number": number}).encode()
        return served.ask("POST", "/2015-03-31/functions/numbers/invocations", told).body

    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(ask, range(24)))

    assert [json.loads(each)["number"] for each in answers] == list(range(24))


def test_no_warm_call_waits_for_a_second(tmp_path: Path) -> None:
    """Every other warm call of another emulator does, on the thread that takes its log."""
    (tmp_path / "app.py").write_text(
        "import time\n"
        "def handler(event, context):\n"
        "    print('printed')\n"
        "    time.sleep(event['s'])\n"
    )

    with serving(tmp_path, function("orders", tmp_path, timeout_s=LIMIT_S)) as running:

        def spent_s(sleeps_s: float) -> float:
            started = time.monotonic()
            told = json.dumps({"s": sleeps_s}).encode()
            assert running.ask("POST", "/2015-03-31/functions/orders/invocations", told).status
            return time.monotonic() - started

        spent_s(0)
        a_second = spent_s(1)
        warm = sorted(spent_s(0) for _ in range(20))

    # Half of them would, so a machine that stands still for a moment is not taken for it.
    assert warm[len(warm) * 3 // 4] < a_second


def test_every_request_has_an_id_and_a_moment_of_its_own(served: Served) -> None:
    first, second = (event(served, "GET", "/orders/1")["requestContext"] for _ in range(2))
    third, fourth = (event(served, "GET", "/v2/orders/1")["requestContext"] for _ in range(2))

    assert len({each["requestId"] for each in (first, second, third, fourth)}) == 4
    moments = [first["requestTimeEpoch"], second["requestTimeEpoch"], third["timeEpoch"]]
    assert moments == sorted(moments)
    # Milliseconds, and not seconds.
    assert min(moments) > 1_000_000_000_000


def test_headers_of_the_second_format_are_whole(served: Served) -> None:
    headers = (("X-A", "1"), ("X-A", "2"), ("Cookie", "a=b; c=d"), ("User-Agent", "me/1"))

    answer = served.ask("GET", "/v2/orders/1", headers=headers)

    told = json.loads(answer.body)["event"]
    assert told["headers"]["x-a"] == "1,2"
    assert told["cookies"] == ["a=b", "c=d"]
    assert "cookie" not in told["headers"]
    context = told["requestContext"]
    assert (context["http"]["userAgent"], context["domainName"]) == (
        "me/1",
        f"127.0.0.1:{served.port}",
    )


def test_a_body_that_is_no_base64_is_an_error(served: Served) -> None:
    assert served.ask("GET", "/fail?do=base64").status == 502
    assert served.ask("GET", "/v2/fail?do=base64").status == 500


def test_an_error_names_the_account_and_the_exception(served: Served) -> None:
    answer = served.ask("POST", "/2015-03-31/functions/nope/invocations", b"{}")

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert json.loads(answer.body)["Message"].endswith(":123456789012:function:nope:$LATEST")


def test_an_unknown_route_is_told_as_each_kind_of_api_does(served: Served) -> None:
    http = served.ask("GET", "/nope", host="serverlesshttpapi.localhost")
    rest = served.ask("GET", "/nope", host="serverlessrestapi.localhost")

    assert (http.status, json.loads(http.body)) == (404, {"message": "Not Found"})
    assert (rest.status, json.loads(rest.body)) == (
        403,
        {"message": "Missing Authentication Token"},
    )


def test_what_a_function_prints_is_never_its_answer(served: Served) -> None:
    assert served.ask("GET", "/fail?do=print").body == b"good"
    assert b"good" in invoke(served, "print").body


def test_the_environment_has_nothing_that_the_cloud_has_not(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    )

    with serving(tmp_path, function("orders", tmp_path)) as running:
        answer = running.ask("POST", "/2015-03-31/functions/orders/invocations", b"{}")

    found = json.loads(answer.body)
    assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/orders"
    assert not {"AWS_SAM_LOCAL", "AWS_ACCOUNT_ID"} & found.keys() - os.environ.keys()
