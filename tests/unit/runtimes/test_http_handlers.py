"""Handlers that take a request and not an event, in every Python and Node.js that is here."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from localfn import assets
from localfn.languages import Interpreter, Launch, nodejs
from localfn.wires.frames import Assembly, Frame, encode
from tests import interpreters

CONTEXT = {
    "form": "first",
    "request_id": "id-1",
    "credentials": {"access_key_id": "a", "access_key_secret": "b", "security_token": "c"},
    "function": {"name": "fn", "handler": "index.handler", "memory": 128, "timeout": 3},
    "service": {
        "name": "svc",
        "log_project": "p",
        "log_store": "s",
        "qualifier": "LATEST",
        "version_id": "1",
    },
    "region": "cn-hangzhou",
    "account_id": "123",
    "retry_count": 0,
    "tracing": {"span_context": "", "jaeger_endpoint": "", "span_baggages": {}},
}
HTTP = {
    "path": "/a b/ü",
    "method": "POST",
    "requestURI": "/2016-08-15/proxy/svc/fn/a%20b/%C3%BC?q=1&q=2&n",
    "clientIP": "203.0.113.7",
    "host": "127.0.0.1:8000",
    "queriesMap": {"q": ["1", "2"], "n": [""]},
    "headersMap": {
        "Content-Type": ["text/plain"],
        "Content-Length": ["4"],
        "X-List": ["1", "2"],
        "Host": ["127.0.0.1:8000"],
    },
}


def converse(
    command: list[str], code: Path, runtime: str, body: bytes, handler: str = "index.handler"
) -> Frame:
    """Call a handler once with the request above; return its answer."""
    init = {
        "kind": "init",
        "id": "init",
        "shim": "alibaba",
        "runtime": runtime,
        "handler": handler,
        "hooks": {},
        "code": str(code),
        "shown_code": "/code",
        "layers": [],
        "alone": False,
        "mark": "m",
        "context": CONTEXT,
    }
    invoke = {"kind": "invoke", "id": "id-1", "deadline_ms": None, "context": CONTEXT, "http": HTTP}
    asked = [(init, b""), (invoke, body), ({"kind": "stop"}, b"")]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=code,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8:surrogateescape"},
    ) as process:
        assert process.stdin
        assert process.stdout
        # Left open until all is answered: its end would be localfn's.
        process.stdin.write(b"".join(b"".join(encode(*each)) for each in asked))
        process.stdin.flush()
        frames = Assembly().feed(process.stdout.read())
    assert frames[0].kind == "ready", frames[0].header
    return frames[1]


# --- Python --------------------------------------------------------------------------------

PYTHON = """
import json

def handler(environ, start_response):
    told = dict((k, v) for k, v in environ.items() if isinstance(v, str) and k.isupper())
    told["uri"] = environ["fc.request_uri"]
    told["id"] = environ["fc.context"].request_id
    told["body"] = environ["wsgi.input"].read().decode("utf-8")
    start_response("201 Created", [("Content-Type", "application/json"),
                                   ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [json.dumps(told).encode("utf-8")]

def pieces(environ, start_response):
    write = start_response("200 OK", [])
    write(b"one ")
    yield b"two "
    yield b"three"

class Application(object):
    def __call__(self, environ, start_response):
        start_response("204 No Content", [("X-Name", "v\\xe9")])
        return Closing()

class Closing(object):
    def __iter__(self):
        return iter(())
    def close(self):
        print("closed")

application = Application()

def silent(environ, start_response):
    return [b"never said how"]

def fail(environ, start_response):
    raise KeyError("no such thing")

def fail_late(environ, start_response):
    start_response("200 OK", [])
    yield b"x"
    raise ValueError("late")

def textual(environ, start_response):
    start_response("200 OK", [])
    return [u"text, not bytes \\u4f60"]
"""


@pytest.fixture(params=interpreters.found().items(), ids=lambda item: item[0])
def python(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[str], Path]:
    _version, program = request.param
    (tmp_path / "index.py").write_text(PYTHON)
    bootstrap = assets.folder("runtimes") / "python" / "bootstrap.py"
    return [str(program), "-u", "-B", str(bootstrap)], tmp_path


def ask_python(python: tuple[list[str], Path], handler: str, body: bytes = b"") -> Frame:
    command, code = python
    return converse(command, code, "python3", body, f"index.{handler}")


def test_a_wsgi_callable_is_told_all_of_the_request(python: tuple[list[str], Path]) -> None:
    frame = ask_python(python, "handler", b"body")

    told = json.loads(frame.payload)
    assert frame.header["http"] == {
        "status": 201,
        "headers": [
            ["Content-Type", "application/json"],
            ["Set-Cookie", "a=1"],
            ["Set-Cookie", "b=2"],
        ],
    }
    wanted = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "q=1&q=2&n",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "REMOTE_ADDR": "203.0.113.7",
        "SERVER_NAME": "FCRUNTIME",
        "SERVER_PORT": "9000",
        "SERVER_SOFTWARE": "FCRUNTIME/1.0",
        "HTTP_X_LIST": "1,2",
        "HTTP_HOST": "127.0.0.1:8000",
        "PYTHONIOENCODING": "utf-8:surrogateescape",
        "uri": HTTP["requestURI"],
        "id": "id-1",
        "body": "body",
    }
    assert {name: told.get(name) for name in wanted} == wanted
    assert "HTTP_CONTENT_TYPE" not in told
    assert told["PATH_INFO"] in ("/a b/Ã¼", "/a b/ü")


def test_a_wsgi_answer_may_come_in_pieces(python: tuple[list[str], Path]) -> None:
    assert ask_python(python, "pieces").payload == b"one two three"


def test_a_wsgi_application_may_be_any_callable(python: tuple[list[str], Path]) -> None:
    frame = ask_python(python, "application")

    assert frame.header["http"] == {"status": 204, "headers": [["X-Name", "vé"]]}


@pytest.mark.parametrize(
    ("handler", "failure", "message"),
    [
        ("silent", "bad-reply", "start_response"),
        ("fail", "handler-raised", "no such thing"),
        ("fail_late", "handler-raised", "late"),
    ],
)
def test_a_wsgi_callable_that_fails_is_told_as_a_failure(
    python: tuple[list[str], Path], handler: str, failure: str, message: str
) -> None:
    frame = ask_python(python, handler)

    assert frame.kind == "failure"
    assert frame.header["failure"] == failure
    assert message in str(frame.header["message"])


# --- Node.js -------------------------------------------------------------------------------

NODES = [Path(each) for each in os.environ.get("LOCALFN_TEST_NODES", "").split(os.pathsep) if each]


def nodes() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in [*NODES, *(each.path for each in nodejs.candidates(os.environ))]:
        found.setdefault(nodejs.version_of(path), path)
    return {each: found[each] for each in sorted(found, key=int)}


@pytest.fixture(params=nodes().items() or [None], ids=lambda item: item[0] if item else "none")
def node(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[str], Path]:
    if request.param is None:
        pytest.skip("there is no Node.js on this machine")
    version, path = request.param
    folder = assets.folder("runtimes") / "nodejs"
    return list(nodejs.process_command(Interpreter(path, version), folder, Launch(64))), tmp_path


def ask_node(node: tuple[list[str], Path], code: str, runtime: str = "nodejs14") -> Frame:
    command, folder = node
    (folder / "index.js").write_text(code)
    return converse(command, folder, runtime, b"body")


def test_a_handler_of_requests_is_told_all_of_the_request(node: tuple[list[str], Path]) -> None:
    frame = ask_node(
        node,
        """
exports.handler = (req, resp, context) => {
  const pieces = [];
  req.on('data', (piece) => pieces.push(piece));
  req.on('end', () => {
    resp.setStatusCode(201);
    resp.setHeader('Content-Type', 'application/json');
    resp.setHeader('Set-Cookie', ['a=1', 'b=2']);
    resp.setHeader('x-gone', '1');
    resp.deleteHeader('X-Gone');
    resp.send(JSON.stringify({
      message: req instanceof require('http').IncomingMessage,
      method: req.method, path: req.path, url: req.url, queries: req.queries,
      ip: req.clientIP, list: req.headers['x-list'], header: req.getHeader('Content-Type'),
      has: resp.hasHeader('content-type'), id: context.requestId,
      body: Buffer.concat(pieces).toString(),
    }));
  });
};
""",
    )

    assert frame.header["http"] == {
        "status": 201,
        "headers": [
            ["Content-Type", "application/json"],
            ["Set-Cookie", "a=1"],
            ["Set-Cookie", "b=2"],
        ],
    }
    assert json.loads(frame.payload) == {
        "message": True,
        "method": "POST",
        "path": "/a b/ü",
        "url": HTTP["requestURI"],
        "queries": {"q": ["1", "2"], "n": ""},
        "ip": "203.0.113.7",
        "list": "1, 2",
        "header": "text/plain",
        "has": True,
        "id": "id-1",
        "body": "body",
    }


def test_a_body_may_be_read_by_a_pipe_and_answered_by_a_stream(
    node: tuple[list[str], Path],
) -> None:
    frame = ask_node(
        node,
        "exports.handler = (req, resp) => resp.send("
        "req.pipe(new (require('stream').PassThrough)()));",
    )

    assert frame.header["http"] == {"status": 200, "headers": []}
    assert frame.payload == b"body"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("exports.handler = () => { throw new Error('boom'); };", "boom"),
        ("exports.handler = (req, resp) => resp.send({});", "Buffer, a string or a Readable"),
    ],
)
def test_a_handler_of_requests_that_fails_is_told_as_a_failure(
    node: tuple[list[str], Path], code: str, message: str
) -> None:
    frame = ask_node(node, code)

    assert frame.kind == "failure"
    assert message in str(frame.header["message"])
