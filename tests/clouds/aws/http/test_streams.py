"""Answers that reach the client while their function still writes them."""

import http.client
import json
import os
import stat
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localfn.model import Function, Trigger
from tests import interpreters
from tests.clouds.aws.serving import LIMIT_S, Served, api, function, serving

# Writes a part, waits until the test has read it (then there is a file), and writes the other.
NODEJS = """\
const fs = require('fs');
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const asked = JSON.parse(event.body || JSON.stringify(event));
  const told = {statusCode: 201, headers: {'x-a': 'b', 'content-type': 'text/x'}};
  const answer = asked.plain ? stream : awslambda.HttpResponseStream.from(stream, told);
  answer.write('one ');
  while (!fs.existsSync(asked.read)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (asked.fail) {
    throw new Error('boom');
  }
  answer.end('two');
  fs.writeFileSync(asked.read + '.over', '');
});
"""
# The same, as a program that speaks the Runtime API.
PROGRAM = """\
#!{python}
import base64, http.client, json, os, time
link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    link.request("GET", "/2018-06-01/runtime/invocation/next")
    got = link.getresponse()
    event, id_ = json.loads(got.read()), got.headers["Lambda-Runtime-Aws-Request-Id"]
    asked = json.loads(event["body"]) if "body" in event else event
    prelude = json.dumps({{"statusCode": 201, "headers": {{"x-a": "b", "content-type": "text/x"}}}})
    kind = "application/vnd.awslambda.http-integration-response"

    def pieces():
        yield b"one " if asked.get("plain") else prelude.encode() + bytes(8) + b"one "
        while not os.path.exists(asked["read"]):
            time.sleep(0.005)
        if not asked.get("fail"):
            yield b"two"
        open(asked["read"] + ".over", "w").close()

    link.putrequest("POST", "/2018-06-01/runtime/invocation/" + id_ + "/response")
    link.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    link.putheader("Transfer-Encoding", "chunked")
    link.putheader("Content-Type", "text/x" if asked.get("plain") else kind)
    link.putheader("Trailer", "Lambda-Runtime-Function-Error-Type")
    link.endheaders()
    for piece in pieces():
        link.send(b"%x\\r\\n%b\\r\\n" % (len(piece), piece))
    body = base64.b64encode(b'{{"errorMessage": "boom", "errorType": "Error"}}')
    trailers = b"Lambda-Runtime-Function-Error-Type: Function.Error\\r\\n"
    trailers += b"Lambda-Runtime-Function-Error-Body: " + body + b"\\r\\n"
    link.send(b"0\\r\\n" + (trailers if asked.get("fail") else b"") + b"\\r\\n")
    link.getresponse().read()
"""


def made(kind: str, folder: Path) -> Function:
    if kind == "nodejs":
        (folder / "app.js").write_text(NODEJS)
    else:
        program = folder / "bootstrap"
        program.write_text(PROGRAM.format(python=sys.executable))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return function(
        "writer",
        folder,
        runtime="nodejs20.x" if kind == "nodejs" else "provided.al2023",
        timeout_s=LIMIT_S,
        triggers=(
            Trigger("function-url", "url", {"invoke_mode": "RESPONSE_STREAM"}),
            api("Rest", "/rest", "POST", invoke_mode="RESPONSE_STREAM"),
        ),
    )


@pytest.fixture(scope="module", params=["nodejs", "program"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    if request.param == "nodejs" and "20" not in interpreters.nodes():
        pytest.skip("Node.js 20 is not here")
    folder: Path = tmp_path_factory.mktemp("streams")
    with serving(folder, made(request.param, folder)) as running:
        yield running


@contextmanager
def answer(served: Served, path: str, event: dict) -> Iterator[http.client.HTTPResponse]:
    link = http.client.HTTPConnection("127.0.0.1", served.port, timeout=LIMIT_S)
    try:
        told = {"Content-Type": "application/json"}
        link.request("POST", path, json.dumps(event).encode(), told)
        yield link.getresponse()
    finally:
        link.close()


@pytest.mark.parametrize("path", ["/_fn/writer/", "/rest"])
@pytest.mark.parametrize("plain", [False, True])
def test_a_client_reads_while_the_function_writes(
    served: Served, path: str, plain: bool, tmp_path: Path
) -> None:
    event = {"read": str(tmp_path / "read"), "plain": plain}

    with answer(served, path, event) as came:
        first = came.read1(100)
        # Only now may the function go on.
        (tmp_path / "read").touch()
        rest = came.read()

    assert (first, rest) == (b"one ", b"two")
    assert came.headers["transfer-encoding"] == "chunked"
    if not plain:
        assert (came.status, came.headers["x-a"]) == (201, "b")
        assert came.headers["content-type"] == "text/x"


def test_an_sdk_reads_while_the_function_writes(served: Served, tmp_path: Path) -> None:
    path = "/2021-11-15/functions/writer/response-streaming-invocations"
    event = {"read": str(tmp_path / "read"), "plain": True}

    with answer(served, path, event) as came:
        first = frame(came)
        (tmp_path / "read").touch()
        second, last = frame(came), frame(came)

    assert (first, second, last) == (b"one ", b"two", b"{}")


def test_a_function_that_fails_while_it_writes_is_told_at_the_end(
    served: Served, tmp_path: Path
) -> None:
    path = "/2021-11-15/functions/writer/response-streaming-invocations"
    event = {"read": str(tmp_path / "read"), "plain": True, "fail": True}

    with answer(served, path, event) as came:
        first = frame(came)
        (tmp_path / "read").touch()
        told = json.loads(frame(came))

    assert first == b"one "
    assert "boom" in told["ErrorDetails"]


def test_an_answer_breaks_off_where_its_function_fails_and_the_next_one_is_whole(
    served: Served, tmp_path: Path
) -> None:
    broken = {"read": str(tmp_path / "read"), "fail": True}
    (tmp_path / "read").touch()

    with answer(served, "/_fn/writer/", broken) as came, pytest.raises(http.client.IncompleteRead):
        came.read()
    with answer(served, "/_fn/writer/", {"read": broken["read"]}) as whole:
        assert whole.read() == b"one two"


def test_a_client_that_leaves_does_not_end_the_function(served: Served, tmp_path: Path) -> None:
    gone = {"read": str(tmp_path / "read")}

    with answer(served, "/_fn/writer/", gone) as came:
        assert came.read1(100) == b"one "
    (tmp_path / "read").touch()

    deadline = time.monotonic() + LIMIT_S
    while not (tmp_path / "read.over").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with answer(served, "/_fn/writer/", gone) as whole:
        assert whole.read() == b"one two"


def test_a_plain_call_gets_all_of_it_at_once(served: Served, tmp_path: Path) -> None:
    (tmp_path / "read").touch()
    event = {"read": str(tmp_path / "read"), "plain": True}

    with answer(served, "/2015-03-31/functions/writer/invocations", event) as came:
        assert came.read() == b"one two"


@pytest.mark.docker
def test_a_client_reads_while_a_container_writes(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    # What lies beside the code is the one thing that both see.
    (code / "app.js").write_text(NODEJS.replace("fs.writeFileSync(asked.read + '.over', '');", ""))
    streams = Trigger("function-url", "url", {"invoke_mode": "RESPONSE_STREAM"})
    writer = function("writer", code, runtime="nodejs20.x", timeout_s=LIMIT_S, triggers=(streams,))

    with serving(tmp_path, writer, runner="docker") as served:
        for number in range(2):
            event = {"read": f"/var/task/read{number}"}
            with answer(served, "/_fn/writer/", event) as came:
                if came.status == 500 and os.environ.get("CI") != "true":
                    pytest.skip(came.read().decode())
                first = came.read1(100)
                (code / f"read{number}").touch()
                assert (first, came.read()) == (b"one ", b"two")


def frame(came: http.client.HTTPResponse) -> bytes:
    """The payload of the next frame."""
    total, size, _ = struct.unpack(">III", came.read(12))
    return came.read(total - 12)[size:-4]
