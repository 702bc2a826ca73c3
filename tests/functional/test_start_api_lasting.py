"""A gateway that lasts: it follows its files, loads ahead, and says when it is full."""

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.gateways import LIMIT_S, Answer, Started, gateway

TEMPLATE = """\
edition: 3.0.0
name: shop
resources:
"""
FUNCTION = """\
  {name}:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: {name}
      runtime: python3.10
      handler: index.handler
      code: ./code
      timeout: 20
      triggers:
        - triggerName: web
          triggerType: http
          triggerConfig: {{authType: anonymous, methods: [GET]}}
"""
SERVER = """\
  site:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: site
      runtime: custom.debian12
      handler: index.handler
      code: ./site
      timeout: 20
      instanceConcurrency: 2
      customRuntimeConfig: {command: [PYTHON, server.py], port: 9000}
      triggers:
        - triggerName: web
          triggerType: http
          triggerConfig: {authType: anonymous, methods: [GET]}
"""
SOURCE = """\
import json, os, time

def handler(event, context):
    told = json.loads(event)
    while told["rawPath"] == "/hold" and not os.path.exists(HOLD):
        time.sleep(0.01)
    return {"statusCode": 200, "body": "ANSWER"}
"""
SERVER_SOURCE = """\
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(b"ANSWER")))
        self.end_headers()
        self.wfile.write(b"ANSWER")

ThreadingHTTPServer(("0.0.0.0", int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()
"""
START = "X-Localfn-Start"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "s.yaml").write_text(TEMPLATE + FUNCTION.format(name="web"))
    save(tmp_path, "one")
    return tmp_path


def save(folder: Path, answer: str) -> None:
    held = json.dumps(str(folder / "go"))
    text = SOURCE.replace("ANSWER", answer).replace("HOLD", held)
    (folder / "code" / "index.py").write_text(text)


def save_server(folder: Path, answer: str) -> None:
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / "server.py").write_text(SERVER_SOURCE.replace("ANSWER", answer))


def ask(running: Started, name: str = "web", path: str = "/") -> Answer:
    return running.ask("GET", path, host=f"{name}.localhost")


def until(satisfied: Callable[[], bool], running: Started) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not satisfied():
        assert time.monotonic() < deadline, running.said
        time.sleep(0.01)


def test_the_first_request_after_a_save_is_answered_by_the_new_code_in_one_line(
    folder: Path,
) -> None:
    with gateway(folder) as running:
        assert ask(running).body == b"one"
        for answer in ("two", "three", "four"):
            save(folder, answer)
            assert ask(running).body == answer.encode()
        until(lambda: b"web: revision 4 ready in " in running.said, running)

    assert running.said.count(b"revision 2 ") == 1


def test_a_save_changes_nothing_where_files_are_not_followed(folder: Path) -> None:
    with gateway(folder, "--no-reload") as running:
        assert ask(running).body == b"one"
        save(folder, "two")

        assert ask(running).body == b"one"
        assert ask(running).body == b"one"


def test_a_function_that_is_new_in_the_template_is_served_and_a_broken_template_changes_nothing(
    folder: Path,
) -> None:
    with gateway(folder) as running:
        assert ask(running, "more").status == 404
        both = "".join(FUNCTION.format(name=each) for each in ("web", "more"))
        (folder / "s.yaml").write_text(TEMPLATE + both)
        until(lambda: b"more: new in the template" in running.said, running)
        assert ask(running, "more").body == b"one"

        (folder / "s.yaml").write_text("edition: [\n")
        until(lambda: b"s.yaml:2:" in running.said, running)
        assert ask(running, "more").body == b"one"
        assert ask(running).body == b"one"


def test_a_server_of_ones_own_is_started_anew_when_it_was_saved(folder: Path) -> None:
    save_server(folder, "one")
    (folder / "s.yaml").write_text(TEMPLATE + SERVER.replace("PYTHON", sys.executable))
    with gateway(folder) as running:
        assert ask(running, "site").body == b"one"
        for answer in ("two", "three"):
            save_server(folder, answer)
            assert ask(running, "site").body == answer.encode()


def test_functions_are_warm_before_their_first_call_where_that_is_wanted(folder: Path) -> None:
    with gateway(folder, "--warm", "eager") as running:
        # Said by nobody: it is asked for at once, and waits for what is being loaded.
        answer = ask(running)

    assert answer.body == b"one"
    assert answer.headers[START] == "warm"


def test_a_function_that_cannot_be_loaded_ahead_is_told(folder: Path) -> None:
    (folder / "code" / "index.py").write_text("import nothing_of_this_name\n")

    with gateway(folder, "--warm", "eager") as running:
        until(lambda: b"web: revision 1 failed: " in running.said, running)

    assert b"index.py:1: ModuleNotFoundError: No module named 'nothing_of_this_name'" in (
        running.said
    )
    assert b"Traceback" not in running.said


def test_a_request_that_gets_no_instance_in_time_is_told_429_and_the_next_one_is_served(
    folder: Path,
) -> None:
    full = {"LOCALFN_MAX_INSTANCES": "1", "LOCALFN_QUEUE_TIMEOUT": "0.3"}
    with gateway(folder, environ=full) as running:
        assert ask(running).body == b"one"
        answers: list[Answer] = []
        held = threading.Thread(target=lambda: answers.append(ask(running, path="/hold")))
        held.start()
        until(lambda: running.ask("GET", "/_localfn/invocations").body.count(b"/hold") > 0, running)

        refused = ask(running)
        (folder / "go").touch()
        held.join(LIMIT_S)

        assert refused.status == 429
        assert b"ResourceExhausted" in refused.body
        assert [each.body for each in answers] == [b"one"]
        assert ask(running).body == b"one"


def test_a_request_for_a_server_that_gets_no_instance_in_time_is_told_429(folder: Path) -> None:
    save_server(folder, "one")
    server = SERVER.replace("PYTHON", sys.executable)
    (folder / "s.yaml").write_text(TEMPLATE + FUNCTION.format(name="web") + server)
    full = {"LOCALFN_MAX_INSTANCES": "1", "LOCALFN_QUEUE_TIMEOUT": "0.3"}
    with gateway(folder, environ=full) as running:
        held = threading.Thread(target=lambda: ask(running, path="/hold"))
        held.start()
        until(lambda: running.ask("GET", "/_localfn/invocations").body.count(b"/hold") > 0, running)

        refused = ask(running, "site")
        (folder / "go").touch()
        held.join(LIMIT_S)

        assert refused.status == 429
        assert b"ResourceExhausted" in refused.body
        assert ask(running, "site").body == b"one"


def test_cold_and_warm_are_told_at_every_door(folder: Path) -> None:
    api, web = "/2023-03-30/functions/web/invocations", FUNCTION.format(name="web")
    save_server(folder, "one")
    (folder / "s.yaml").write_text(TEMPLATE + web + SERVER.replace("PYTHON", sys.executable))
    with gateway(folder) as running:
        by_api = [running.ask("POST", api, b'{"rawPath": "/"}').headers[START] for _ in range(2)]
        passed_on = [ask(running, "site").headers[START] for _ in range(2)]
        by_trigger = [ask(running).headers[START] for _ in range(2)]
        until(lambda: running.printed.count(b"GET /  200") == 4, running)

    assert (by_api, passed_on, by_trigger) == (["cold", "warm"], ["cold", "warm"], ["warm"] * 2)
    told = [line for line in running.printed.splitlines() if b"  site  " in line]
    assert [b"  cold " in told[0], b"  warm" in told[1]] == [True, True]
