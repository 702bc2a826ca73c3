"""Functions that are images: their program asks for events, wherever it comes from (4.1, 4.4)."""

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.instances import leftovers
from localfn.model import Container, FailureKind, Function
from tests.clouds.aws.conftest import Invoke, opened
from tests.clouds.aws.test_runtime_api import CLIENT

pytestmark = pytest.mark.docker

PROGRAM = (
    CLIENT
    + """
if os.environ["_HANDLER"] == "badly.handler":
    ask("POST", "init/error", '{"errorType": "NoDatabase"}')
    sys.exit(1)
print("loading", flush=True)
while True:
    told, event = take()
    asked = json.loads(event)
    print("before", flush=True)
    if asked == "leave":
        sys.exit(3)
    if asked == "dawdle":
        time.sleep(30)
    if asked == "fill":
        filled = [b"x" * (8 << 20) for _ in range(1000)]
    if asked == "write":
        try:
            open("/srv/file", "w")
        except OSError as error:
            asked = error.strerror
    answer = [asked, sys.argv[1:], os.getcwd(), open("/tmp/x", "w").write("kept")]
    give(told["Lambda-Runtime-Aws-Request-Id"], json.dumps(answer))
"""
)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """An image whose entry point asks for events."""
    lines = 'COPY program /srv/\nENTRYPOINT ["/srv/program"]\nCMD ["index"]\n'
    with built(lines, {"program": PROGRAM}) as name:
        yield name


@contextmanager
def built(lines: str, files: Mapping[str, str]) -> Iterator[str]:
    """Yield an image made of these files on the base of these tests."""
    base = os.environ.get("LOCALFN_TEST_BASE", "python:3-slim")
    name = f"localfn-test/polls:{os.urandom(4).hex()}"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for path, text in {**files, "Dockerfile": f"FROM {base}\n{lines}"}.items():
            told = tarfile.TarInfo(path)
            told.size, told.mode = len(text), 0o755
            packed.addfile(told, io.BytesIO(text.encode()))
    build = ("docker", "build", "-q", "-t", name, "-")
    subprocess.run(build, input=archive.getvalue(), check=True, capture_output=True)
    yield name
    subprocess.run(("docker", "rmi", "-f", name), check=False, capture_output=True)


@pytest.fixture
def runner() -> str:
    return "docker"


@pytest.fixture
def function(image: str, tmp_path: Path) -> Function:
    told = Function("greet", "image", "", tmp_path, timeout_s=10, memory_mb=128)
    return told._replace(container=Container(image=image))


def test_an_image_answers_events_and_logs_between_the_platforms_lines(
    invoke: Invoke, function: Function
) -> None:
    cold, warm = invoke(function, '"a"'), invoke(function, '"b"')

    assert json.loads(cold.payload) == ["a", ["index"], "/", 4]
    assert b"loading\nSTART RequestId" in cold.logs
    assert f"{cold.invocation.id} Version: $LATEST\nbefore\nEND".encode() in cold.logs
    assert json.loads(warm.payload)[0] == "b"
    assert warm.logs.startswith(f"START RequestId: {warm.invocation.id}".encode())
    assert warm.cold_start_ms is None
    assert 0 < warm.peak_memory_mb < 128


def test_the_template_may_say_how_an_image_is_started(invoke: Invoke, function: Function) -> None:
    container = Container(
        image=function.container.image,
        entrypoint=("/srv/program", "first"),
        command=("app.handler",),
        folder="/srv",
    )

    result = invoke(function._replace(container=container), "1")

    assert json.loads(result.payload)[1:3] == [["first", "app.handler"], "/srv"]


def test_an_image_can_write_to_its_temporary_folder_only(
    invoke: Invoke, function: Function
) -> None:
    assert json.loads(invoke(function, '"write"').payload)[0] == "Read-only file system"


@pytest.mark.parametrize(
    ("event", "kind", "told"),
    [
        ("leave", FailureKind.EXITED, "Runtime exited with error: exit status 3"),
        ("dawdle", FailureKind.TIMED_OUT, "Task timed out after 1.00 seconds"),
        ("fill", FailureKind.OUT_OF_MEMORY, "Runtime exited with error: signal: killed"),
    ],
)
def test_an_image_that_fails_is_worded_as_in_the_cloud_and_the_next_call_works(
    invoke: Invoke, function: Function, event: str, kind: FailureKind, told: str
) -> None:
    limit_s = 1 if kind is FailureKind.TIMED_OUT else 10
    function = function._replace(timeout_s=limit_s)

    failed, after = invoke(function, json.dumps(event)), invoke(function, "1")

    assert failed.failure is not None
    assert failed.failure.kind is kind
    assert json.loads(failed.payload)["errorMessage"].endswith(f"Error: {told}")
    assert b"before\n" in failed.logs
    assert after.failure is None


def test_an_image_that_cannot_begin_says_why(invoke: Invoke, function: Function) -> None:
    failed = invoke(function._replace(handler="badly.handler"), "1")

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.INIT_FAILED
    assert json.loads(failed.payload) == {"errorType": "NoDatabase"}


# A web server that knows nothing of events, and an adapter that does, as an extension.
SERVER = """#!/usr/bin/env python3
import http.server

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("served", self.path, flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"page of " + self.path.encode())

http.server.HTTPServer(("127.0.0.1", 8080), Page).serve_forever()
"""
ADAPTER = (
    CLIENT
    + """
answer, _ = ask(
    "POST", "/2020-01-01/extension/register", '{"events": []}',
    {"Lambda-Extension-Name": os.path.basename(sys.argv[0])},
)
assert answer.status == 200
while True:
    try:
        web = http.client.HTTPConnection("127.0.0.1", 8080)
        web.connect()
        break
    except OSError:
        time.sleep(0.02)
while True:
    told, event = take()
    web.request("GET", json.loads(event)["path"])
    page = web.getresponse().read().decode()
    give(told["Lambda-Runtime-Aws-Request-Id"], json.dumps({"statusCode": 200, "body": page}))
    web.close()
"""
)


def test_an_adapter_in_an_image_serves_a_web_server_with_events(
    invoke: Invoke, function: Function
) -> None:
    lines = 'COPY server /srv/\nCOPY adapter /opt/extensions/adapter\nCMD ["/srv/server"]\n'
    with built(lines, {"server": SERVER, "adapter": ADAPTER}) as name:
        result = invoke(function._replace(container=Container(image=name)), '{"path": "/shop"}')

        assert json.loads(result.payload) == {"statusCode": 200, "body": "page of /shop"}
        assert b"served /shop\n" in result.logs


def test_nothing_is_left_of_an_image_and_of_who_serves_it(
    function: Function, tmp_path: Path
) -> None:
    name = f"short-lived-{os.urandom(4).hex()}"
    session = opened("docker", tmp_path)
    next(session)(function._replace(name=name), "1")
    assert len(containers(name)) == 2

    session.close()

    deadline = time.monotonic() + 10
    while containers(name) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert containers(name) == []


def containers(name: str) -> list[str]:
    """The containers of a function, running or not."""
    line = ["docker", "ps", "-aq", "--filter", f"label={leftovers.FUNCTION}={name}"]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.split()


def test_an_image_needs_an_engine(function: Function, tmp_path: Path) -> None:
    session = opened("process", tmp_path)

    with pytest.raises(MachineError, match="cannot run in a process"):
        next(session)(function, "1")
    session.close()
