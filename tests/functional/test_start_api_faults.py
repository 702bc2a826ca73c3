"""Functions and clients that misbehave harm only their own call, in both backends."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.gateways import LIMIT_S, RUNNERS, Started, gateway, runs_with

TEMPLATE = """\
edition: 3.0.0
name: bad
resources:
  bad:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: bad
      runtime: python3.10
      handler: index.handler
      code: ./code
      timeout: 20
      memorySize: 512
  short:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: short
      runtime: python3.10
      handler: index.handler
      code: ./code
      timeout: 1
  good:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: good
      runtime: python3.10
      handler: index.good
      code: ./code
      triggers:
        - {triggerName: web, triggerType: http, triggerConfig: {authType: anonymous}}
"""
CODE = """\
import os, signal, sys, tempfile, time

def good(event, context):
    return "good"

def handler(event, context):
    return globals()[event.decode()]()

def flood():
    line = b"x" * 1023 + b"\\n"
    for _ in range(100 * 1024):
        os.write(1, line)
    return "printed"

def huge():
    return b"y" * (60 << 20)

def fork():
    if not os.fork():
        time.sleep(1)
        os._exit(0)
    return "forked"

def leave():
    os._exit(3)

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)

def fill():
    with open(os.path.join(tempfile.gettempdir(), "big"), "wb") as big:
        for _ in range(64):
            big.write(bytes(1 << 20))
    return "filled"

def nested():
    return b'{"statusCode": 200, "a": ' + b"[" * 100000

def fine():
    return "fine"
"""
INVOKE = "/2023-03-30/functions/{}/invocations"


@pytest.fixture(scope="module", params=RUNNERS)
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Started]:
    options, environ = runs_with(request.param)
    folder: Path = tmp_path_factory.mktemp("bad")
    folder.chmod(0o755)
    (folder / "code").mkdir()
    (folder / "code" / "index.py").write_text(CODE)
    (folder / "s.yaml").write_text(TEMPLATE)
    with gateway(folder, *options, environ=environ) as running:
        running.ask(path="/")
        yield running


@pytest.fixture
def bystander(started: Started) -> Iterator[list[float]]:
    """Calls of another function all the while; yields how long each took."""
    over = threading.Event()
    took: list[float] = []
    wrong: list[object] = []

    def call() -> None:
        while not over.wait(0.05):
            began = time.monotonic()
            answer = started.ask(path="/")
            took.append(time.monotonic() - began)
            if (answer.status, answer.body) != (200, b"good"):
                wrong.append((answer.status, answer.body))

    thread = threading.Thread(target=call)
    thread.start()
    yield took
    deadline = time.monotonic() + LIMIT_S
    while not took and time.monotonic() < deadline:
        time.sleep(0.01)
    over.set()
    thread.join(LIMIT_S)
    assert wrong == []
    assert took


@pytest.mark.parametrize(
    ("name", "deed", "status", "said"),
    [
        ("bad", "flood", 200, b"printed"),
        ("bad", "huge", 502, b"exceeds 32 MB"),
        ("bad", "fork", 200, b"forked"),
        ("bad", "leave", 200, b"Process exited unexpectedly"),
        ("bad", "kill", 200, b"Process exited unexpectedly"),
        ("short", "deaf", 200, b"timed out after 1 seconds"),
        ("bad", "fill", 200, b"filled"),
        ("bad", "nested", 200, b"statusCode"),
    ],
)
def test_a_function_that_misbehaves_harms_only_its_own_call(
    started: Started, bystander: list[float], name: str, deed: str, status: int, said: bytes
) -> None:
    answer = started.ask("POST", INVOKE.format(name), deed.encode())
    after = started.ask("POST", INVOKE.format(name), b"fine")

    assert answer.status == status
    assert said in answer.body
    assert (after.status, after.body) == (200, b"fine")


def test_clients_that_say_nothing_hold_up_nobody(started: Started, bystander: list[float]) -> None:
    head = b"POST /2023-03-30/functions/bad/invocations HTTP/1.1\r\nHost: localhost\r\n"
    silent = [socket.create_connection(("127.0.0.1", started.port), LIMIT_S) for _ in range(60)]
    for number, link in enumerate(silent):
        link.sendall((head + b"Content-Length: 9\r\n\r\nhalf")[: number * 2])

    answers = [started.ask("POST", INVOKE.format("bad"), b"fine").body for _ in range(5)]

    assert answers == [b"fine"] * 5
    for link in silent:
        link.close()


def calls_of(started: Started) -> list[dict]:
    return started.ask(path="/_localfn/invocations").json()["invocations"]


def test_a_call_whose_client_has_left_is_cancelled_and_the_next_one_is_served(
    started: Started,
) -> None:
    path, host = INVOKE.format("bad"), "Host: localhost"
    with socket.create_connection(("127.0.0.1", started.port), LIMIT_S) as link:
        link.sendall(f"POST {path} HTTP/1.1\r\n{host}\r\nContent-Length: 4\r\n\r\ndeaf".encode())
        time.sleep(0.5)

    deadline = time.monotonic() + LIMIT_S
    while not (left := [each for each in calls_of(started) if each["status"] == 499]):
        assert time.monotonic() < deadline, calls_of(started)
        time.sleep(0.05)
    assert left[0]["failure"]["kind"] == "canceled"
    told = started.ask(path=f"/_localfn/invocations/{left[0]['id']}").json()["logs"]
    assert "Error: Invocation canceled by client (duration: " in told
    after = started.ask("POST", path, b"fine")
    assert (after.status, after.body) == (200, b"fine")


def test_a_body_over_the_clouds_limit_is_refused_and_the_next_call_works(started: Started) -> None:
    path = INVOKE.format("bad")

    answer = started.ask("POST", path, bytes((32 << 20) + 1))

    assert (answer.status, answer.json()["Code"]) == (400, "EntityTooLarge")
    assert started.ask("POST", path, b"fine").body == b"fine"
