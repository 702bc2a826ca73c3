"""The bootstrap answers frames in every Python that is here, the oldest included."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from localfn import assets
from localfn.wires.frames import Assembly, Frame, encode
from localfn.wires.tape import mark
from tests import interpreters

BOOTSTRAP = assets.folder("runtimes") / "python" / "bootstrap.py"
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
CODE = """
import json, os, sys

def handler(event, context):
    print("printed")
    os.write(1, b"written to descriptor 1\\n")
    return json.dumps([type(event).__name__, context.request_id, context.requestId,
        context.credentials.accessKeyId, context.function.memory, context.service.name,
        context.getLogger() is context.logger, json.loads(context.to_json())["accountId"]])

def echo(event, context):
    return event

def fail(event, context):
    raise KeyError("k")

def odd(event, context):
    import datetime, decimal
    class Own(object):
        def to_json(self):
            return "own"
    return {"b": decimal.Decimal("1.5"), "a": datetime.date(2026, 1, 2), "c": Own()}

def unicode_text(event, context):
    return u"\\u4f60\\u597d"
"""


@pytest.fixture(params=interpreters.found().items(), ids=lambda item: item[0])
def python(request: pytest.FixtureRequest) -> tuple[str, Path]:
    return request.param


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "index.py").write_text(CODE)
    return tmp_path


def converse(program: Path, code: Path, *asked: tuple[dict, bytes]) -> tuple[list[Frame], bytes]:
    """Run the bootstrap on these frames; return its answers and all that was printed."""
    stream = b"".join(b"".join(encode(header, payload)) for header, payload in asked)
    stream += b"".join(encode({"kind": "stop"}))
    done = subprocess.run(
        [str(program), "-u", "-B", str(BOOTSTRAP)],
        input=stream,
        capture_output=True,
        cwd=code,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8:surrogateescape"},
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Assembly().feed(done.stdout), done.stderr


def init(code: Path, handler: str, **changes: object) -> tuple[dict, bytes]:
    header = {
        "kind": "init",
        "id": "init",
        "shim": "alibaba",
        "runtime": "python3",
        "handler": handler,
        "hooks": {},
        "code": str(code),
        "shown_code": "/code",
        "layers": [],
        "alone": False,
        "mark": "m",
        "context": CONTEXT,
    }
    return {**header, **changes}, b""


INVOKE = {"kind": "invoke", "id": "id-1", "deadline_ms": None, "context": CONTEXT}


def test_a_handler_gets_bytes_and_the_context(python: tuple[str, Path], code: Path) -> None:
    version, program = python

    frames, printed = converse(program, code, init(code, "index.handler"), (INVOKE, b"x"))

    assert [each.kind for each in frames] == ["ready", "result"]
    told = json.loads(frames[1].payload)
    kind = "str" if version == "2.7" else "bytes"
    assert told == [kind, "id-1", "id-1", "a", 128, "svc", True, "123"]
    expected = mark("m", "init") + b"printed\nwritten to descriptor 1\n" + mark("m", "id-1")
    assert printed == expected


def test_bytes_travel_unchanged(python: tuple[str, Path], code: Path) -> None:
    payload = bytes(range(256)) * 8192

    frames, _ = converse(python[1], code, init(code, "index.echo"), (INVOKE, payload))

    assert frames[1].payload == payload


def test_an_answer_that_json_does_not_know_is_worded_as_documented(
    python: tuple[str, Path], code: Path
) -> None:
    frames, _ = converse(python[1], code, init(code, "index.odd"), (INVOKE, b""))

    text = "\n".join(line.rstrip() for line in frames[1].payload.decode().splitlines())
    assert text == '{\n    "a": "2026-01-02",\n    "b": 1.5,\n    "c": "own"\n}'


def test_text_is_sent_as_utf_8(python: tuple[str, Path], code: Path) -> None:
    frames, _ = converse(python[1], code, init(code, "index.unicode_text"), (INVOKE, b""))

    assert frames[1].payload.decode() == "你好"


def test_an_exception_is_told_with_the_users_frames_only(
    python: tuple[str, Path], code: Path
) -> None:
    frames, _ = converse(
        python[1], code, init(code, "index.fail"), (INVOKE, b""), (INVOKE, b"again")
    )

    told = frames[1].header
    assert (told["kind"], told["failure"], told["type"]) == (
        "failure",
        "handler-raised",
        "KeyError",
    )
    assert told["stack"] == [['File "/code/index.py"', "line 15", "in fail", 'raise KeyError("k")']]
    assert frames[2].kind == "failure"


def test_a_module_beside_the_bootstrap_cannot_be_imported_by_the_user(
    python: tuple[str, Path], code: Path
) -> None:
    (code / "index.py").write_text("import bootstrap\n")

    frames, _ = converse(python[1], code, init(code, "index.handler"))

    assert frames[0].header["type"] == "ImportModuleError"


def test_the_bootstrap_leaves_quietly_when_nobody_asks_any_more(
    python: tuple[str, Path], code: Path
) -> None:
    done = subprocess.run(
        [str(python[1]), str(BOOTSTRAP)], input=b"", capture_output=True, timeout=30, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_log_lines_have_the_platforms_form_whoever_imports_logging_first(
    python: tuple[str, Path], code: Path
) -> None:
    (code / "eager.py").write_text(
        "import logging\nlogging.info('loaded')\n"
        "def handler(event, context):\n    context.logger.info('called')\n    return ''\n"
    )
    (code / "lazy.py").write_text(
        "def handler(event, context):\n"
        "    assert context.logger is context.getLogger()\n"
        "    context.logger.info('called')\n    return ''\n"
    )

    for name in ("eager", "lazy"):
        _, printed = converse(python[1], code, init(code, f"{name}.handler"), (INVOKE, b""))

        assert re.search(rb"\d{4}-\d\d-\d\dT[\d:.]+Z id-1 \[INFO\] called\n", printed), printed
    assert printed.count(b"[INFO]") == 1
