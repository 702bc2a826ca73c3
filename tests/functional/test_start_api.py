"""`localfn start-api` as a user runs it, in processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.gateways import LIMIT_S, Started, gateway, plain_environ

TEMPLATE = """\
edition: 3.0.0
name: shop
resources:
  web:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: web
      runtime: python3.10
      handler: index.handler
      code: ./code
      triggers:
        - triggerName: web
          triggerType: http
          triggerConfig: {authType: anonymous, methods: [GET, POST]}
  job:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: job
      runtime: python3.10
      handler: index.job
      code: ./code
      timeout: 5
      asyncInvokeConfig: {maxAsyncRetryAttempts: 1}
  native:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: old}
      function: {name: native, runtime: python3, handler: index.wsgi, codeUri: ./code}
      triggers:
        - {name: web, type: http, config: {authType: function, methods: [GET]}}
      customDomains:
        - {domainName: shop.example.com, protocol: HTTP, routeConfigs: [{path: /old/*}]}
"""
CODE = """\
import json, os, time

def handler(event, context):
    told = json.loads(event)
    print("asked for", told["rawPath"])
    if told["rawPath"] == "/boom":
        raise ValueError("boom")
    if told["rawPath"] == "/late":
        time.sleep(60)
    headers = {"Content-Type": "application/json", "X-Id": context.request_id}
    return {"statusCode": 201, "headers": headers, "body": json.dumps(told)}

def job(event, context):
    print("job", context.retry_count, context.service.qualifier)
    if event == b"fail":
        raise ValueError("no")
    return event

def wsgi(environ, start_response):
    start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [json.dumps([environ["PATH_INFO"], environ["fc.request_uri"]]).encode()]
"""


def project(folder: Path) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "index.py").write_text(CODE)
    (folder / "s.yaml").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = project(tmp_path_factory.mktemp("shop") / "project")
    with gateway(folder, "--retry-pause", "0.05") as running:
        yield running


def until(satisfied, limit_s: float = LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not satisfied():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_request_becomes_an_event_and_its_answer_a_reply(started: Started) -> None:
    answer = started.ask("POST", "/_fn/web/a%20b?q=1&q=2", b"hi", {"Content-Type": "text/plain"})

    told = answer.json()
    assert answer.status == 201
    assert (told["rawPath"], told["queryParameters"], told["body"]) == (
        "/a%20b",
        {"q": "1,2"},
        "hi",
    )
    assert told["requestContext"]["requestId"] == answer.headers["X-Id"]
    assert answer.headers["X-Fc-Request-Id"] == answer.headers["X-Id"]


def test_a_function_has_a_name_of_its_own(started: Started) -> None:
    answer = started.ask(path="/_fn/x", host=f"web.localhost:{started.port}")

    assert answer.json()["rawPath"] == "/_fn/x"


def test_the_first_call_is_cold_and_the_next_one_warm(tmp_path: Path) -> None:
    with gateway(project(tmp_path / "p")) as fresh:
        starts = [fresh.ask(path="/_fn/web/").headers["X-Localfn-Start"] for _ in range(3)]

    assert starts == ["cold", "warm", "warm"]


def test_a_native_handler_answers_with_repeated_headers_by_all_its_addresses(
    started: Started,
) -> None:
    by_name = started.ask(path="/_fn/native/a%20b?q=1")
    by_domain = started.ask(path="/old/x", host="shop.example.com.localhost")
    by_proxy = started.ask(path="/2016-08-15/proxy/old.LATEST/native/a%2Fb?q=1")

    assert by_name.json() == ["/a b", "/a%20b?q=1"]
    assert by_name.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert by_domain.json() == ["/old/x", "/old/x"]
    assert by_proxy.json() == ["/a/b", "/2016-08-15/proxy/old.LATEST/native/a%2Fb?q=1"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/_fn/web/", 405),
        ("GET", "/_fn/web/boom", 502),
        ("GET", "/_fn/web/late", 502),
        ("GET", "/_fn/job/", 404),
        ("GET", "/nothing", 404),
    ],
)
def test_what_goes_wrong_is_told_and_the_next_call_works(
    started: Started, method: str, path: str, status: int
) -> None:
    assert started.ask(method, path).status == status
    assert started.ask(path="/_fn/web/").status == 201


def test_an_unknown_address_is_answered_with_those_that_are_known(started: Started) -> None:
    told = started.ask(path="/_fn/nope/").body.decode()

    assert f"http://127.0.0.1:{started.port}/_fn/web/" in told
    assert "GET (signed: function)" in told


def test_the_clouds_api_calls_functions_and_lists_them(started: Started) -> None:
    path = "/2023-03-30/functions/job/invocations?qualifier=prod"

    answer = started.ask("POST", path, b"event", {"X-Fc-Log-Type": "Tail"})

    assert (answer.status, answer.body) == (200, b"event")
    assert answer.headers["X-Fc-Log-Result"]
    listed = started.ask(path="/2023-03-30/functions").json()["functions"]
    assert [each["functionName"] for each in listed] == ["web", "job", "old$native"]


def test_an_asynchronous_call_is_accepted_repeated_and_given_up(started: Started) -> None:
    path = "/2023-03-30/functions/job/invocations"

    answer = started.ask("POST", path, b"fail", {"X-Fc-Invocation-Type": "Async"})

    assert (answer.status, answer.body) == (202, b"")
    id_ = answer.headers["X-Fc-Request-Id"]
    until(lambda: f"gave up the asynchronous call {id_} after 2".encode() in started.said)
    until(lambda: b"async (try 2)" in started.printed and b"job 1 LATEST" in started.printed)


def test_bodies_over_the_clouds_limits_are_refused_in_its_words(started: Started) -> None:
    path = "/2023-03-30/functions/job/invocations"

    large = started.ask("POST", "/_fn/web/", bytes((32 << 20) + 1))
    late = started.ask("POST", path, bytes((128 << 10) + 1), {"X-Fc-Invocation-Type": "Async"})

    assert (large.status, large.json()["Code"]) == (400, "EntityTooLarge")
    assert large.json()["Message"] == "payload size exceeds maximum allowed size (33554432 bytes)"
    assert (late.status, late.json()["Code"]) == (400, "EntityTooLarge")
    assert late.json()["Message"] == "payload size exceeds maximum allowed size (131072 bytes)"


def test_a_name_that_points_here_from_elsewhere_is_refused(started: Started) -> None:
    rebound = started.ask(path="/_fn/web/", host="evil.example.com")

    assert rebound.status == 403
    assert b"--allow-host evil.example.com" in rebound.body


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example.com"}, {"Origin": "null"}])
def test_a_page_of_another_site_reaches_triggers_and_no_api(
    started: Started, headers: dict[str, str]
) -> None:
    api = started.ask("POST", "/2023-03-30/functions/job/invocations", b"", headers)
    own = started.ask(path="/_localfn/invocations", headers=headers)

    assert (api.status, own.status) == (403, 403)
    assert started.ask(path="/_fn/web/", headers=headers).status == 201


def test_our_own_api_tells_functions_calls_and_health(started: Started) -> None:
    id_ = started.ask(path="/_fn/web/remembered").headers["X-Fc-Request-Id"]

    told = started.ask(path=f"/_localfn/invocations/{id_}").json()

    assert (told["function"], told["door"], told["request"]) == ("web", "http", "GET /remembered")
    assert "asked for /remembered" in told["logs"]
    assert json.loads(told["event"])["rawPath"] == "/remembered"
    assert started.ask(path="/_localfn/invocations").json()["invocations"][0]["id"] == id_
    assert started.ask(path="/_localfn/health").json()["status"] == "ok"
    assert len(started.ask(path="/_localfn/functions").json()["functions"]) == 3
    assert started.ask(path="/_localfn/invocations/nope").status == 404
    assert started.ask("POST", "/_localfn/functions/job/invoke", b"1").status == 403


def test_the_log_can_be_followed_live(started: Started) -> None:
    with socket.create_connection(("127.0.0.1", started.port), LIMIT_S) as link:
        link.sendall(b"GET /_localfn/logs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard = b""
        while b": localfn" not in heard:
            heard += link.recv(1000)
        until(lambda: bool(started.ask(path="/_fn/web/live")))
        while b"event: result" not in heard:
            heard += link.recv(10_000)

    assert b"text/event-stream" in heard
    assert b"event: call" in heard
    # One `print` may come in several pieces.
    told = [json.loads(line[6:]) for line in heard.splitlines() if line.startswith(b"data: ")]
    assert "asked for /live" in "".join(each.get("text", "") for each in told)


def test_invoke_uses_the_gateways_warm_instances_and_says_the_same(started: Started) -> None:
    def invoke(*words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "localfn", "invoke", "job", "--runner", "process", *words],
            cwd=started.folder,
            env=plain_environ(),
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )

    through = [invoke("-e", '{"a": 1}') for _ in range(2)]
    alone = invoke("-e", '{"a": 1}', "--no-gateway")
    failed = invoke("-e", "fail.txt")

    assert [each.stdout for each in through] == [alone.stdout] * 2 == [b'{"a": 1}'] * 2
    assert [each.returncode for each in (*through, alone)] == [0, 0, 0]
    assert b"job 0 LATEST" in through[1].stderr
    assert b"runtime inited" not in through[1].stderr
    assert b"runtime inited" in alone.stderr
    assert failed.returncode == 2
    until(lambda: b"  job  invoke  200" in started.printed)


def test_a_failed_function_has_the_same_exit_code_through_a_gateway(started: Started) -> None:
    words = ["invoke", "job", "--runner", "process", "--output", "json", "-e", "-"]
    told = [
        subprocess.run(
            [sys.executable, "-m", "localfn", *words, *more],
            cwd=started.folder,
            env=plain_environ(),
            input=b"fail",
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
        for more in ([], ["--no-gateway"])
    ]

    bodies = [json.loads(each.stdout) for each in told]
    assert [each.returncode for each in told] == [1, 1]
    assert bodies[0]["failure"] == bodies[1]["failure"]
    assert bodies[0]["payload"] == bodies[1]["payload"]


def test_two_gateways_cannot_have_one_port(started: Started) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localfn", "start-api", "--port", str(started.port)],
        cwd=started.folder,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert done.returncode == 2
    assert b"is in use by" in done.stderr
    assert str(started.process.pid).encode() in done.stderr


def test_signatures_are_asked_for_where_one_wants_them(tmp_path: Path) -> None:
    with gateway(project(tmp_path / "p"), "--auth") as strict:
        unsigned = strict.ask("POST", "/2023-03-30/functions/job/invocations", b"x")
        trigger = strict.ask(path="/_fn/native/")
        open_ = strict.ask(path="/_fn/web/")

    assert (unsigned.status, unsigned.json()["Code"]) == (400, "MissingRequiredHeader")
    assert trigger.status == 400
    assert open_.status == 201


def test_what_the_documents_leave_open_can_be_set(tmp_path: Path) -> None:
    options = ("--status", "function-error=500", "--attachment", "--allow-host", "dev.example.com")
    with gateway(project(tmp_path / "p"), *options) as set_:
        failed = set_.ask(path="/_fn/web/boom", host="dev.example.com")
        fine = set_.ask(path="/_fn/web/")

    assert failed.status == 500
    assert fine.headers["Content-Disposition"] == "attachment"


def test_a_status_nobody_knows_is_refused_with_those_that_are(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localfn", "start-api", "--status", "nope=1"],
        cwd=project(tmp_path / "p"),
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert done.returncode == 2
    assert b"function-error=502" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--claims", "me", b"no JSON object"),
        ("--claims", "[1]", b"no JSON object"),
        ("--token-keys", "broken.json", b"cannot be read"),
        ("--token-keys", "nowhere", b"does not exist"),
    ],
)
def test_claims_and_keys_that_are_none_are_refused(
    tmp_path: Path, option: str, value: str, said: bytes
) -> None:
    folder = project(tmp_path / "p")
    (folder / "broken.json").write_text('{"keys": [')

    done = subprocess.run(
        [sys.executable, "-m", "localfn", "start-api", option, value],
        cwd=folder,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert done.returncode == 2
    assert said in done.stderr
    assert b"Traceback" not in done.stderr


def test_machines_can_read_the_journal(tmp_path: Path) -> None:
    with gateway(project(tmp_path / "p"), "--log", "json") as running:
        running.ask(path="/_fn/web/a")
        running.ask(path="/_fn/web/boom")
        until(lambda: running.printed.count(b"\n") == 2)

    first, second = (json.loads(line) for line in running.printed.splitlines())
    assert (first["function"], first["request"], first["status"]) == ("web", "GET /a", 201)
    assert second["failure"]["kind"] == "handler-raised"
    assert b"\x1b[" not in running.printed


def test_ctrl_c_ends_everything_within_a_second(tmp_path: Path) -> None:
    with gateway(project(tmp_path / "p")) as running:
        running.ask(path="/_fn/web/")
        children = subprocess.run(
            ["pgrep", "-P", str(running.process.pid)], capture_output=True, check=False
        ).stdout.split()
        link = socket.create_connection(("127.0.0.1", running.port), LIMIT_S)
        link.sendall(b"GET /_fn/web/late HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.3)

        began = time.monotonic()
        code = running.stop()
        took_s = time.monotonic() - began
        link.close()

    assert code == 130
    assert took_s < 2
    assert children
    until(lambda: not any(Path(f"/proc/{int(each)}").exists() for each in children), 2)
    assert not (running.folder / ".localfn" / "gateway.json").exists()


@pytest.mark.parametrize("later_s", [0, 0.05, 0.08, 0.12])
def test_a_second_ctrl_c_kills_at_once(tmp_path: Path, later_s: float) -> None:
    with gateway(project(tmp_path / "p")) as running:
        running.process.send_signal(signal.SIGINT)
        time.sleep(later_s)
        running.process.send_signal(signal.SIGINT)

        assert running.process.wait(LIMIT_S) == 130


def test_a_reader_of_the_journal_who_leaves_disturbs_no_call(tmp_path: Path) -> None:
    with gateway(project(tmp_path / "p")) as running:
        assert running.process.stdout
        os.close(os.dup(running.process.stdout.fileno()))
        assert [running.ask(path="/_fn/web/").status for _ in range(3)] == [201] * 3


def test_flask_is_loaded_by_nothing_but_a_gateway() -> None:
    program = (
        "import sys\nfrom localfn.cli.root import _outcome\n_outcome(['list', '--help'])\n"
        "import localfn.cli.invoke\nsys.exit('flask' in sys.modules or 'httptools' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
