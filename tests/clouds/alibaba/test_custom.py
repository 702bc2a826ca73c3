"""What Function Compute says to a custom runtime, and what it makes of the answer."""

import json
from pathlib import Path

import pytest

from localfn import providers
from localfn.model import (
    Container,
    Event,
    Failure,
    FailureKind,
    Fault,
    FaultKind,
    Function,
    Hook,
    Hooks,
    HttpContract,
    HttpReply,
    HttpRequest,
    Invocation,
    Result,
)

ALIBABA = providers.load("alibaba")
FUNCTION = Function(
    "site",
    "custom.debian12",
    "index.handler",
    Path("/code"),
    memory_mb=256,
    timeout_s=30,
    hooks=Hooks(initializer=Hook("init", 5), pre_stop=Hook("stop", 5)),
)


@pytest.fixture
def http() -> HttpContract:
    assert ALIBABA.http is not None
    return ALIBABA.http


@pytest.fixture
def context() -> dict[str, object]:
    invocation = Invocation("1-abc", FUNCTION, Event(b""), 0.0, 30.0)
    return dict(ALIBABA.context(invocation, {}))


def test_an_event_is_posted_with_the_whole_set_of_headers(
    http: HttpContract, context: dict[str, object]
) -> None:
    request = http.request("invoke", FUNCTION, context, b"event")

    assert request is not None
    assert (request.method, request.path, request.body) == ("POST", "/invoke", b"event")
    told = dict(request.headers)
    assert told["Content-Type"] == "application/octet-stream"
    assert told["x-fc-control-path"] == "/invoke"
    assert told["x-fc-request-id"] == "1-abc"
    assert told["x-fc-function-memory"] == "256"
    assert told["x-fc-function-timeout"] == "30"
    assert told["x-fc-initialization-timeout"] == "5"
    assert told["x-fc-instance-lifecycle-pre-stop-handler"] == "stop"
    assert told["x-fc-region"] == "cn-hangzhou"
    assert "x-fc-service-name" not in told


def test_hooks_are_asked_by_their_own_paths(http: HttpContract, context: dict[str, object]) -> None:
    asked = {kind: http.request(kind, FUNCTION, context, b"") for kind in ("load", "pre_stop")}
    bare = FUNCTION._replace(hooks=Hooks())

    assert asked["load"] is not None
    assert (asked["load"].method, asked["load"].path) == ("POST", "/initialize")
    assert asked["pre_stop"] is not None
    assert (asked["pre_stop"].method, asked["pre_stop"].path) == ("GET", "/pre-stop")
    assert http.request("load", bare, context, b"") is None


@pytest.mark.parametrize(
    ("status", "headers", "failed"),
    [(200, (), False), (500, (), False), (200, (("X-Fc-Status", "200"),), False),
     (200, (("x-fc-status", "404"),), True)],
)  # fmt: skip
def test_only_its_own_header_reports_a_function_error(
    http: HttpContract, status: int, headers: tuple[tuple[str, str], ...], failed: bool
) -> None:
    reply = http.reply("invoke", HttpReply(status, headers, b"body"))

    assert (reply.failure is not None) is failed
    assert reply.payload == b"body"


@pytest.mark.parametrize(
    ("status", "failed", "again"),
    [(200, False, False), (204, False, False), (400, True, True), (404, True, True),
     (500, True, False), (302, True, False)],
)  # fmt: skip
def test_an_initializer_that_fails_is_tried_again_or_replaced_by_its_status(
    http: HttpContract, status: int, failed: bool, again: bool
) -> None:
    reply = http.reply("load", HttpReply(status, (), b"why"))

    assert (reply.failure is not None) is failed
    assert reply.again is again


@pytest.mark.parametrize("status", [200, 404, 500])
def test_what_last_hooks_answer_is_not_looked_at(http: HttpContract, status: int) -> None:
    assert http.reply("pre_stop", HttpReply(status)).failure is None


def test_a_clients_request_is_passed_on_without_what_is_the_platforms(
    http: HttpContract, context: dict[str, object]
) -> None:
    asked = HttpRequest(
        "POST",
        "/a%20b",
        "q=1",
        (("X-Fc-Request-Id", "forged"), ("Cookie", "a"), ("Cookie", "b"), ("Keep-Alive", "5")),
        b"body",
    )

    passed = http.passed_on(asked, FUNCTION, context)

    assert (passed.method, passed.path, passed.query) == ("POST", "/a%20b", "q=1")
    assert passed.headers[:2] == (("Cookie", "a"), ("Cookie", "b"))
    assert passed.header("x-fc-request-id") == "1-abc"
    assert passed.header("x-fc-control-path") == "/http-invoke"
    assert passed.header("keep-alive") == ""


def test_a_request_to_switch_protocols_keeps_its_connection_header(
    http: HttpContract, context: dict[str, object]
) -> None:
    headers = (("Connection", "Upgrade"), ("Upgrade", "websocket"))

    passed = http.passed_on(HttpRequest("GET", "/", headers=headers), FUNCTION, context)

    assert passed.headers[:2] == headers


def test_an_answer_is_passed_back_without_what_the_platform_writes_itself(
    http: HttpContract,
) -> None:
    answer = HttpReply(
        201,
        (("Content-Type", "text/plain"), ("X-Fc-Status", "200"), ("Server", "mine"),
         ("Content-Disposition", "attachment"), ("Set-Cookie", "a"), ("Set-Cookie", "b")),
    )  # fmt: skip

    passed = http.passed_back(answer)

    assert passed.status == 201
    assert passed.headers == (
        ("Content-Type", "text/plain"), ("Set-Cookie", "a"), ("Set-Cookie", "b"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("container", "words"),
    [
        (None, ("/code/bootstrap",)),
        (Container(), ("/code/bootstrap",)),
        (Container(command=("python3", "app.py")), ("python3", "app.py")),
        (Container(image="shop/site:1"), ()),
        (Container(image="shop/site:1", entrypoint=("a",), command=("b",)), ("a", "b")),
    ],
)
def test_the_start_command_is_the_templates_else_a_bootstrap_file(
    http: HttpContract, container: Container | None, words: tuple[str, ...]
) -> None:
    assert http.command(FUNCTION._replace(container=container), "/code/") == words


def test_a_health_check_takes_the_templates_numbers(http: HttpContract) -> None:
    written = json.dumps({"httpGetUrl": "/up", "failureThreshold": 5, "periodSeconds": "2"})
    function = FUNCTION._replace(attributes={"health_check": written})

    health = http.health(function)

    assert (health.path, health.failures, health.period_s, health.successes) == ("/up", 5, 2.0, 1)
    assert health.limit_s == 10
    assert http.health(FUNCTION).path == ""


@pytest.mark.parametrize(("code", "meaning"), [(1, ", message:operation not permitted"),
    (127, ", message:key has expired"), (137, ""), (0, "")])  # fmt: skip
def test_an_exit_code_is_told_with_what_the_platform_takes_it_for(
    http: HttpContract, code: int, meaning: str
) -> None:
    failure = http.fault(Fault(FaultKind.EXITED, "npm run start", code=code, printed=b"why\n"))

    assert failure.message == (
        f"Function instance exited unexpectedly(code {code}{meaning}) with start command "
        "'npm run start '.\nLogs:why"
    )
    assert failure.during_init


@pytest.mark.parametrize(("failure", "status"), [
    (Failure(FailureKind.EXITED, "gone", "CAExited", during_init=True), 412),
    (Failure(FailureKind.BAD_REPLY, "no answer"), 502),
    (Failure(FailureKind.TIMED_OUT), 502)])  # fmt: skip
def test_a_client_is_refused_where_there_was_no_answer(
    http: HttpContract, failure: Failure, status: int
) -> None:
    invocation = Invocation("1-abc", FUNCTION, Event(b""), 0.0, 30.0)
    result = Result(invocation, b"", failure, b"", 1.0, None, 0.0)

    reply = http.refusal(result._replace(payload=ALIBABA.error_body(result)))

    assert reply.status == status
    assert reply.header("X-Fc-Request-Id") == "1-abc"
    assert isinstance(reply.body, bytes)
    assert json.loads(reply.body)
