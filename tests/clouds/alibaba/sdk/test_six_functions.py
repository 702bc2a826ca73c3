"""Six functions of mixed kinds behind one gateway, called while all of their files are edited.

By curl, by clients that keep their connections, by the official SDKs, in both backends.
No call fails and none is stale: answered by code that was replaced before the call began. The
figures are printed. Without the SDKs (an environment of their own) the others call alone.
"""

import http.client
import importlib
import io
import shutil
import statistics
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.functional.gateways import LIMIT_S, RUNNERS, Started, gateway, runs_with

pytestmark = pytest.mark.filterwarnings("ignore")
ROUNDS = 3
PAUSE_S = 0.15
TEMPLATE = """\
edition: 3.0.0
name: six
resources:
  event:
    component: fc3
    props: {region: cn-hangzhou, functionName: event, runtime: python3.10, handler: index.handler,
            code: ./event, timeout: 30}
  script:
    component: fc3
    props: {region: cn-hangzhou, functionName: script, runtime: nodejs20, handler: index.handler,
            code: ./script, timeout: 30}
  served:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: served
      runtime: custom.debian12
      handler: index.handler
      code: ./served
      timeout: 30
      instanceConcurrency: 8
      customRuntimeConfig: {command: [python3, server.py], port: 9000}
      triggers:
        - {triggerName: web, triggerType: http, triggerConfig: {authType: anonymous}}
  wsgi:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: shop}
      function: {name: wsgi, runtime: python3, handler: index.handler, codeUri: ./wsgi, timeout: 30}
      triggers:
        - {name: web, type: http, config: {authType: anonymous, methods: [GET, POST]}}
  page:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: shop}
      function: {name: page, runtime: nodejs14, handler: index.handler, codeUri: ./page,
                 timeout: 30}
      triggers:
        - {name: web, type: http, config: {authType: anonymous, methods: [GET, POST]}}
  shared:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: shop}
      function: {name: shared, runtime: python3, handler: index.handler, codeUri: ./shared,
                 timeout: 30, instanceConcurrency: 4}
"""
PYTHON_EVENT = """\
def handler(event, context):
    return "REVISION"
"""
WSGI = """\
def handler(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"REVISION"]
"""
NODE_EVENT = """\
exports.handler = (event, context, callback) => callback(null, 'REVISION');
"""
NODE_HTTP = """\
exports.handler = (request, response, context) => response.send('REVISION');
"""
SERVER = """\
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(b"REVISION")))
        self.end_headers()
        self.wfile.write(b"REVISION")

    do_POST = do_GET

    def log_message(self, *_):
        pass

port = int(os.environ["FC_SERVER_PORT"])
ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()
"""


class Kind(NamedTuple):
    """A function, its file, and where it is called: an HTTP trigger, or the API of FC2 or FC3."""

    file: str
    source: str
    path: str


KINDS = {
    "event": Kind("index.py", PYTHON_EVENT, "/2023-03-30/functions/event/invocations"),
    "script": Kind("index.js", NODE_EVENT, "/2023-03-30/functions/script/invocations"),
    "served": Kind("server.py", SERVER, "/_fn/served/"),
    "wsgi": Kind("index.py", WSGI, "/_fn/wsgi/"),
    "page": Kind("index.js", NODE_HTTP, "/2016-08-15/proxy/shop/page/"),
    "shared": Kind(
        "index.py", PYTHON_EVENT, "/2016-08-15/services/shop/functions/shared/invocations"
    ),
}
Call = Callable[[], bytes]


class Made(NamedTuple):
    """A call that was made: the answer, or what went wrong."""

    name: str
    door: str
    began: float
    took_ms: float
    answer: str
    wrong: str


class Scene:
    """A project, its gateway, what was called and what was saved."""

    def __init__(self, folder: Path, started: Started) -> None:
        self.folder = folder
        self.started = started
        self.made: list[Made] = []
        self.saved: list[tuple[float, str, int]] = []
        self.over = threading.Event()

    def save(self, name: str, revision: int) -> None:
        write(self.folder, name, revision)
        self.saved.append((time.monotonic(), name, revision))

    def keep_calling(self, door: str, calls: dict[str, Call], pause_s: float) -> None:
        while not self.over.wait(pause_s):
            for name, call in calls.items():
                self.made.append(made(name, door, call))

    def due(self, call: Made) -> int:
        """The oldest revision that a call may be answered by."""
        return max(
            (rev for at, name, rev in self.saved if name == call.name and at < call.began),
            default=0,
        )

    def served_after_ms(self) -> list[float]:
        """How long after each save its revision, or a later one, was answered first."""
        return [
            (min(ends) - at) * 1000
            for at, name, revision in self.saved
            if (
                ends := [
                    each.began + each.took_ms / 1000
                    for each in self.made
                    if each.name == name and each.answer.isdigit() and int(each.answer) >= revision
                ]
            )
        ]


def write(folder: Path, name: str, revision: int) -> None:
    kind = KINDS[name]
    (folder / name / kind.file).write_text(kind.source.replace("REVISION", str(revision)))


def made(name: str, door: str, call: Call) -> Made:
    began, answer, wrong = time.monotonic(), "", ""
    try:
        answer = call().decode()
    except Exception as error:  # noqa: BLE001 - whatever an SDK raises
        wrong = f"{type(error).__name__}: {error}"
    if not wrong and not answer.isdigit():
        wrong = f"answered {answer[:200]!r}"
    return Made(name, door, began, (time.monotonic() - began) * 1000, answer, wrong)


@contextmanager
def kept_alive(started: Started) -> Iterator[dict[str, Call]]:
    """Calls over one connection."""
    link = http.client.HTTPConnection("127.0.0.1", started.port, timeout=LIMIT_S)

    def ask(path: str) -> bytes:
        link.request("POST", path, b"{}")
        answer = link.getresponse()
        body = answer.read()
        assert answer.status == 200, (answer.status, body)
        assert "x-fc-error-type" not in answer.headers, body
        return body

    with suppress(OSError):
        yield {name: lambda kind=kind: ask(kind.path) for name, kind in KINDS.items()}
    link.close()


def by_curl(started: Started) -> dict[str, Call]:
    def ask(path: str) -> bytes:
        url = f"http://127.0.0.1:{started.port}{path}"
        words = ["curl", "-sS", "--fail", "-X", "POST", "-d", "{}", url]
        return subprocess.run(words, check=True, capture_output=True, timeout=LIMIT_S).stdout

    return {name: lambda kind=kind: ask(kind.path) for name, kind in KINDS.items()}


def by_sdks(started: Started) -> dict[str, Call]:
    """Calls by the official SDKs; none where they are not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fc2 = importlib.import_module("fc2")
            fc3 = importlib.import_module("alibabacloud_fc20230330.client")
            models = importlib.import_module("alibabacloud_fc20230330.models")
            tea = importlib.import_module("alibabacloud_tea_openapi.models")
            runtime = importlib.import_module("darabonba.runtime")
        except ImportError:
            return {}
    first = fc2.Client(
        endpoint=f"http://127.0.0.1:{started.port}", accessKeyID="id", accessKeySecret="secret"
    )
    newest = fc3.Client(
        tea.Config(
            access_key_id="id",
            access_key_secret="secret",
            region_id="cn-hangzhou",
            endpoint=f"127.0.0.1:{started.port}",
            protocol="http",
        )
    )

    def invoke(name: str) -> bytes:
        request = models.InvokeFunctionRequest(body=io.BytesIO(b"{}"))
        reply = newest.invoke_function_with_options(
            name, request, models.InvokeFunctionHeaders(), runtime.RuntimeOptions()
        )
        assert "x-fc-error-type" not in reply.headers, reply.body.read()
        return reply.body.read()

    return {
        "event": lambda: invoke("event"),
        "script": lambda: invoke("script"),
        "shared": lambda: first.invoke_function("shop", "shared", b"{}").data,
        "wsgi": lambda: first.do_http_request("GET", "shop", "wsgi", "/").content,
        "page": lambda: first.do_http_request("GET", "shop", "page", "/").content,
    }


@pytest.fixture(params=RUNNERS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    options, environ = runs_with(request.param)
    tmp_path.chmod(0o755)
    (tmp_path / "s.yaml").write_text(TEMPLATE)
    for name in KINDS:
        (tmp_path / name).mkdir()
        write(tmp_path, name, 0)
    with gateway(tmp_path, *options, environ=environ) as started:
        yield Scene(tmp_path, started)


def test_six_functions_are_called_from_all_sides_while_their_files_are_edited(
    scene: Scene, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    started = scene.started
    sdks = by_sdks(started)
    curl = by_curl(started) if shutil.which("curl") else {}
    with kept_alive(started) as first, kept_alive(started) as second:
        doors = [("http", first, 0.0), ("http", second, 0.005), ("curl", curl, 0.1)]
        doors.append(("sdk", sdks, 0.01))
        assert [made(name, "http", first[name]).wrong for name in KINDS] == [""] * 6
        threads = [
            threading.Thread(target=scene.keep_calling, args=door) for door in doors if door[1]
        ]
        for each in threads:
            each.start()
        began = time.monotonic()
        for revision in range(1, ROUNDS + 1):
            for name in KINDS:
                scene.save(name, revision)
                time.sleep(PAUSE_S)
        time.sleep(1)
        spent_s = time.monotonic() - began
        scene.over.set()
        for each in threads:
            each.join(LIMIT_S)

        last = {name: made(name, "http", first[name]).answer for name in KINDS}

    with capsys.disabled():
        print(f"\n{figures(scene, request.node.callspec.id, spent_s)}")
    assert [each for each in scene.made if each.wrong] == []
    assert [each for each in scene.made if int(each.answer) < scene.due(each)] == []
    assert last == dict.fromkeys(KINDS, str(ROUNDS))
    assert {each.door for each in scene.made} == {door for door, calls, _ in doors if calls}


def figures(scene: Scene, runner: str, spent_s: float) -> str:
    calls, after = scene.made, sorted(scene.served_after_ms())
    middle = statistics.median(after)
    rows = [
        f"{runner}: {len(calls)} calls in {spent_s:.1f} s, {len(scene.saved)} saves",
        f"  save to first answer p50 {middle:.0f} ms, max {after[-1]:.0f} ms",
    ]
    for name in KINDS:
        took = sorted(each.took_ms for each in calls if each.name == name and each.door == "http")
        middle, late = statistics.median(took), took[int(len(took) * 0.95)]
        shown = f"p50 {middle:6.1f} ms, p95 {late:7.1f} ms, max {took[-1]:7.1f} ms"
        rows.append(f"  {name:7} {len(took):5} by http, {shown}")
    return "\n".join(rows)
