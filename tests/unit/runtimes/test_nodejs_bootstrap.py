"""The bootstrap answers frames in every Node.js that is here.

`LOCALFN_TEST_NODES` may name more of them, separated as in PATH.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localfn import assets
from localfn.instances.instance import Instance
from localfn.instances.process import ProcessBackend
from localfn.languages import Interpreter, Launch, nodejs
from localfn.model import (
    Event,
    Failure,
    FailureKind,
    Function,
    InstancePlan,
    Invocation,
    Site,
)
from localfn.wires.frames import Assembly, Frame, encode
from localfn.wires.tape import mark
from tests import interpreters

FOLDER = assets.folder("runtimes") / "nodejs"
# What the user's code may be written in, by the major version that understands it.
UNDERSTANDS_ASYNC = 8
UNDERSTANDS_ES_MODULES = 14
PLACES_SYNTAX_ERRORS = 8
MAPS_SOURCES = 16
# Looks at the code of a file before it takes it for CommonJS.
DETECTS_ES_MODULES = 20
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
INVOKE = {"kind": "invoke", "id": "id-1", "deadline_ms": None, "context": CONTEXT}
LINE = re.compile(rb"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")


@pytest.fixture(
    params=interpreters.nodes().items() or [None], ids=lambda item: item[0] if item else "none"
)
def node(request: pytest.FixtureRequest) -> tuple[int, Path]:
    if request.param is None:
        pytest.skip("there is no Node.js on this machine")
    version, path = request.param
    return int(version), path


def needs(node: tuple[int, Path], version: int) -> None:
    if node[0] < version:
        pytest.skip(f"Node.js {node[0]} does not know it, {version} does")


class Code:
    """A code folder, and conversations with a bootstrap that runs it."""

    def __init__(self, folder: Path, node: tuple[int, Path]) -> None:
        self.folder = folder
        self.node = node
        self.environ = {"PATH": os.environ["PATH"]}

    def write(self, text: str, name: str = "index.js") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def init(self, handler: str = "index.handler", **changes: object) -> tuple[dict, bytes]:
        header = {
            "kind": "init",
            "id": "init",
            "shim": "alibaba",
            "runtime": "nodejs20",
            "handler": handler,
            "hooks": {},
            "code": str(self.folder),
            "shown_code": "/code",
            "layers": [],
            "alone": False,
            "mark": "m",
            "context": CONTEXT,
        }
        return {**header, **changes}, b""

    def command(self) -> tuple[str, ...]:
        interpreter = Interpreter(self.node[1], str(self.node[0]))
        return nodejs.process_command(interpreter, FOLDER, Launch(64))

    def converse(
        self, *asked: tuple[dict, bytes], code: int = 0, stop: bool = True
    ) -> tuple[list[Frame], bytes]:
        """Return the answers to these frames and all that was printed."""
        asked = (*asked, *([({"kind": "stop"}, b"")] if stop else []))
        with tempfile.TemporaryFile() as printed:
            with subprocess.Popen(
                self.command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                cwd=self.folder,
                env=self.environ,
            ) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(b"".join(b"".join(encode(*each)) for each in asked))
                process.stdin.flush()
                frames = Assembly().feed(process.stdout.read())
                returned = process.wait(30)
            printed.seek(0)
            text = printed.read()
        assert returned == code, text
        return frames, text

    def call(
        self, body: str, runtime: str = "nodejs20", payload: bytes = b"", code: int = 0
    ) -> tuple[Frame, str]:
        """Run a module once; return the answer and what the call printed."""
        self.write(body)
        frames, printed = self.converse(self.init(runtime=runtime), (INVOKE, payload), code=code)
        assert frames[0].kind == "ready", frames[0].header
        return frames[-1], between(printed)


def between(printed: bytes) -> str:
    """What was printed after loading, without the moments."""
    after = printed.partition(mark("m", "init"))[2].partition(mark("m", "id-1"))[0]
    return LINE.sub(b"MOMENT ", after).decode()


@pytest.fixture
def code(tmp_path: Path, node: tuple[int, Path]) -> Iterator[Code]:
    return Code(tmp_path, node)


# --- frames --------------------------------------------------------------------------------


def test_a_handler_gets_a_buffer_and_the_context(code: Code) -> None:
    frame, _ = code.call(
        "exports.handler = (event, context, callback) =>"
        " callback(null, {event: Buffer.isBuffer(event) && event.toString(), context});",
        payload=b"x",
    )

    assert json.loads(frame.payload) == {
        "event": "x",
        "context": {
            "requestId": "id-1",
            "credentials": {"accessKeyId": "a", "accessKeySecret": "b", "securityToken": "c"},
            "function": {"name": "fn", "handler": "index.handler", "memory": 128, "timeout": 3},
            "service": {
                "name": "svc",
                "logProject": "p",
                "logStore": "s",
                "qualifier": "LATEST",
                "versionId": "1",
            },
            "region": "cn-hangzhou",
            "accountId": "123",
            "retryCount": 0,
            "tracing": {
                "openTracingSpanContext": "",
                "openTracingSpanBaggages": {},
                "jaegerEndpoint": "",
            },
            "logger": {},
            "waitsForEmptyEventLoopBeforeCallback": False,
        },
    }


def test_bytes_travel_unchanged(code: Code) -> None:
    payload = bytes(range(256)) * (6 << 12)

    frame, _ = code.call(
        "exports.handler = (event, context, callback) => callback(null, event);", payload=payload
    )

    assert frame.payload == payload


def test_everything_printed_comes_in_order_and_away_from_the_frames(code: Code) -> None:
    frame, printed = code.call("""
        const fs = require('fs'), spawn = require('child_process').spawnSync;
        exports.handler = (event, context, callback) => {
          console.log('one %d', 1);
          process.stdout.write('two\\n');
          fs.writeSync(1, 'three\\n');
          spawn('sh', ['-c', 'echo four; echo five >&2'], {stdio: 'inherit'});
          process.stderr.write('six\\n');
          callback(null, 'said');
          console.error('seven');
        };
    """)

    assert frame.payload == b"said"
    assert printed.splitlines() == [
        "MOMENT id-1 [verbose] one 1",
        *("two", "three", "four", "five", "six"),
        "MOMENT id-1 [error] seven",
    ]


def test_more_than_a_pipe_holds_is_printed_before_the_answer(code: Code) -> None:
    frame, printed = code.call("""
        exports.handler = (event, context, callback) => {
          for (var i = 0; i < 20000; i++) process.stdout.write('line ' + i + '\\n');
          callback(null, 'done');
        };
    """)

    assert frame.payload == b"done"
    assert len(printed.splitlines()) == 20000


def test_children_do_not_inherit_the_frames(code: Code) -> None:
    frame, _ = code.call("""
        const spawn = require('child_process').spawnSync;
        exports.handler = (event, context, callback) => {
          const stdio = ['ignore', 'ignore', 'ignore'];
          callback(null, String(spawn('sh', ['-c', 'echo nonsense >&4'], {stdio}).status !== 0));
        };
    """)

    assert frame.payload == b"true"


def test_waiting_for_the_next_frame_does_not_hold_up_timers(code: Code) -> None:
    frame, _ = code.call("""
        exports.handler = (event, context, callback) => {
          const started = Date.now();
          setTimeout(() => callback(null, Date.now() - started), 30);
        };
    """)

    assert 25 <= int(frame.payload) < 2000


def test_it_leaves_quietly_when_nobody_asks_any_more(code: Code) -> None:
    done = subprocess.run(code.command(), input=b"", capture_output=True, timeout=30, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_it_leaves_with_localfn_in_the_middle_of_an_asynchronous_call(code: Code) -> None:
    code.write("exports.handler = () => { console.log('working'); setInterval(() => {}, 1000); };")
    asked = (code.init(alone=True, runtime="nodejs14"), (INVOKE, b""))
    process = subprocess.Popen(
        code.command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"".join(b"".join(encode(*each)) for each in asked))
        process.stdin.flush()
        while not process.stderr.readline().endswith(b"working\n"):
            pass

        process.stdin.close()

        assert process.wait(10) == -9


# --- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        ("null", ""),
        ("undefined", ""),
        ("'text'", "text"),
        ("'你好'", "你好"),
        ("42", "42"),
        ("true", "true"),
        ("Buffer.from('bytes')", "bytes"),
        ("{a: [1, 'b']}", '{"a":[1,"b"]}'),
    ],
)
def test_an_answer_is_sent_as_the_platform_sends_it(code: Code, answer: str, sent: str) -> None:
    frame, _ = code.call(
        f"exports.handler = (event, context, callback) => callback(null, {answer});"
    )

    assert frame.payload.decode() == sent


def test_from_18_on_the_value_of_an_async_handler_is_the_answer(code: Code) -> None:
    needs(code.node, UNDERSTANDS_ASYNC)
    frame, _ = code.call(
        "exports.handler = async (event) => ({got: event.length});", payload=b"abc"
    )

    assert frame.payload == b'{"got":3}'


def test_from_18_on_a_plain_function_without_a_callback_answers_by_its_value(code: Code) -> None:
    frame, _ = code.call("exports.handler = (event, context) => 'plain';")

    assert frame.payload == b"plain"


def test_up_to_16_the_value_of_a_handler_is_ignored(code: Code) -> None:
    frame, _ = code.call(
        """
        exports.handler = (event, context, callback) => {
          setTimeout(() => callback(null, 'by callback'), 20);
          return Promise.resolve('by value');
        };
        """,
        runtime="nodejs16",
    )

    assert frame.payload == b"by callback"


def test_the_answer_waits_for_the_event_loop_where_the_handler_says_so(code: Code) -> None:
    frame, printed = code.call(
        """
        exports.handler = (event, context, callback) => {
          context.waitsForEmptyEventLoopBeforeCallback = event.length > 0;
          setTimeout(() => process.stdout.write('late\\n'), 50);
          callback(null, 'ok');
        };
    """,
        payload=b"wait",
    )

    assert (frame.payload, printed) == (b"ok", "late\n")


def test_the_answer_does_not_wait_for_the_event_loop_by_default(code: Code) -> None:
    code.write("""
        exports.handler = (event, context, callback) => {
          setTimeout(() => process.stdout.write('late\\n'), 5000);
          callback(null, 'ok');
        };
    """)

    frames, printed = code.converse(code.init(), (INVOKE, b""), (INVOKE, b""))

    assert [each.kind for each in frames] == ["ready", "result", "result"]
    assert b"late" not in printed


# --- logs ----------------------------------------------------------------------------------


def test_log_lines_carry_their_level_and_newlines_become_carriage_returns(code: Code) -> None:
    _, printed = code.call("""
        exports.handler = (event, context, callback) => {
          console.info('two\\nlines'); console.warn({a: 1}); context.logger.debug('quiet %s', 'x');
          callback();
        };
    """)

    assert printed == (
        "MOMENT id-1 [info] two\rlines\nMOMENT id-1 [warn] { a: 1 }\nMOMENT id-1 [debug] quiet x\n"
    )


@pytest.mark.parametrize("who", ["console", "context.logger"])
def test_a_log_level_silences_what_is_below_it(code: Code, who: str) -> None:
    _, printed = code.call(f"""
        exports.handler = (event, context, callback) => {{
          {who}.setLogLevel('warn');
          console.log('log'); console.info('info'); console.warn('warn'); console.error('error');
          callback();
        }};
    """)

    assert printed.splitlines() == ["MOMENT id-1 [warn] warn", "MOMENT id-1 [error] error"]


def test_loading_is_announced_once(code: Code) -> None:
    code.write("exports.handler = (event, context, callback) => callback();", "src/app.js")

    _, printed = code.converse(code.init("src/app.handler"), (INVOKE, b""), (INVOKE, b""))

    assert printed.count(b"load code for handler:src/app.handler\n") == 1


# --- loading -------------------------------------------------------------------------------


def load_failure(code: Code, handler: str = "index.handler", **changes: object) -> dict:
    frames, _ = code.converse(code.init(handler, **changes))
    told = frames[0].header
    return {key: told.get(key) for key in ("kind", "failure", "type", "message", "stack")}


@pytest.mark.parametrize("name", ["index", ".handler", "index.", "src/.handler", ""])
def test_a_handler_string_without_a_file_and_an_export_is_refused(code: Code, name: str) -> None:
    assert load_failure(code, name) == {
        "kind": "failure",
        "failure": "handler-missing",
        "type": "InvalidHandlerName",
        "message": f"Invalid handler '{name}'",
        "stack": [],
    }


def test_a_file_that_is_not_there_is_named_as_in_the_cloud(code: Code) -> None:
    told = load_failure(code, "src/app.handler")

    assert (told["failure"], told["type"]) == ("import-failed", "ImportModuleError")
    assert told["message"] == "Module '/code/src/app.js' is missing."


@pytest.mark.parametrize(
    "export", ["", "exports.handler = 'no function';", "module.exports = null;"]
)
def test_an_export_that_is_no_function_is_named_as_in_the_cloud(code: Code, export: str) -> None:
    code.write(export)

    told = load_failure(code)

    assert (told["failure"], told["type"]) == ("handler-missing", "HandlerNotFound")
    assert told["message"] == "Handler 'handler' is missing on module 'index'"


def test_a_dependency_that_is_not_there_is_told_without_our_own_files(code: Code) -> None:
    code.write("\nrequire('not-there/deep');")

    frames, _ = code.converse(code.init())

    told = frames[0].header
    assert told["failure"] == "import-failed"
    assert told["message"].splitlines()[0] == "Cannot find module 'not-there/deep'"
    assert told["advice"].startswith("`not-there` is neither")
    text = json.dumps(told)
    assert str(FOLDER) not in text
    assert str(code.folder) not in text
    assert told["stack"][-1] == "    at Object.<anonymous> (/code/index.js:2:1)"


def test_code_that_throws_while_it_is_loaded_is_told_with_the_users_frames_only(
    code: Code,
) -> None:
    code.write("function start() {\n  throw new RangeError('not today');\n}\nstart();\n")

    assert load_failure(code) == {
        "kind": "failure",
        "failure": "import-failed",
        "type": "RangeError",
        "message": "not today",
        "stack": [
            "RangeError: not today",
            "    at start (/code/index.js:2:9)",
            "    at Object.<anonymous> (/code/index.js:4:1)",
        ],
    }


def test_a_syntax_error_is_told_with_its_place_where_the_nodejs_knows_it(code: Code) -> None:
    code.write("exports.handler = (\n")

    told = load_failure(code)

    assert (told["failure"], told["type"]) == ("import-failed", "SyntaxError")
    if code.node[0] >= PLACES_SYNTAX_ERRORS:
        assert told["stack"][0].startswith("/code/index.js:")
    assert not [line for line in told["stack"] if line.startswith("    at ")]


@pytest.mark.parametrize(
    ("name", "package"), [("index.mjs", "{}"), ("index.js", '{"type": "module"}')]
)
def test_from_18_on_es_modules_are_loaded(code: Code, name: str, package: str) -> None:
    needs(code.node, UNDERSTANDS_ES_MODULES)
    code.write(package, "package.json")
    code.write("import {EOL} from 'os';\nexport const handler = async () => 'esm' + EOL;", name)

    frames, _ = code.converse(code.init(), (INVOKE, b""))

    assert frames[1].payload == b"esm\n"


def test_up_to_16_an_mjs_file_is_not_looked_for(code: Code) -> None:
    code.write("export const handler = 1;", "index.mjs")

    assert load_failure(code, runtime="nodejs16")["type"] == "ImportModuleError"


# --- advice --------------------------------------------------------------------------------


def advice(code: Code, handler: str = "index.handler", **changes: object) -> str:
    frames, _ = code.converse(code.init(handler, **changes))
    assert frames[0].kind == "failure", frames[0].header
    return frames[0].header["advice"]


@pytest.mark.parametrize(
    ("file", "runtime", "told"),
    [
        ("other.js", "nodejs20", "There is no `index.js` in the function's code folder;"),
        ("index.mjs", "nodejs16", "There is `index.mjs`, but nodejs16 loads CommonJS only:"),
        ("index.ts", "nodejs20", "There is `index.ts`: compile it"),
    ],
)
def test_a_file_that_is_not_there_gets_advice_on_what_is_there(
    code: Code, file: str, runtime: str, told: str
) -> None:
    code.write("", file)

    assert advice(code, runtime=runtime).startswith(told)


@pytest.mark.parametrize(
    ("runtime", "told"),
    [
        ("nodejs14", "This is an ES module, but nodejs14 loads CommonJS only:"),
        ("nodejs20", "This is an ES module: name it `index.mjs`, or write"),
    ],
)
@pytest.mark.parametrize("line", ["import fs from 'fs';", "export const handler = () => 1;"])
def test_an_es_module_in_a_commonjs_file_gets_advice_where_nodejs_refuses_it(
    code: Code, runtime: str, told: str, line: str
) -> None:
    if code.node[0] >= DETECTS_ES_MODULES:
        pytest.skip(f"Node.js {code.node[0]} loads it")
    code.write(line)

    assert advice(code, runtime=runtime).startswith(told)


@pytest.mark.parametrize("word", ["require('fs')", "module.exports.a", "exports.a"])
def test_commonjs_in_an_es_module_gets_advice(code: Code, word: str) -> None:
    needs(code.node, UNDERSTANDS_ES_MODULES)
    code.write(f"const found = {word};\nexport const handler = () => found;", "index.mjs")

    name = word.partition("(")[0].partition(".")[0]
    assert advice(code).startswith(f"`{name}` is CommonJS, but `index.mjs` is loaded as an ES mod")


def test_an_es_module_that_is_imported_without_its_ending_gets_advice(code: Code) -> None:
    needs(code.node, UNDERSTANDS_ES_MODULES)
    code.write('{"type": "module"}', "package.json")
    code.write("export const a = 1;", "lib/a.js")
    code.write("import {a} from './lib/a';\nexport const handler = () => a;")

    assert advice(code) == "ES modules are imported with their ending: `.js`."


def test_an_es_module_whose_import_is_in_a_layer_gets_advice(code: Code, tmp_path: Path) -> None:
    needs(code.node, UNDERSTANDS_ES_MODULES)
    code.write("", "layer/shared/index.js")
    code.write("import 'shared';\nexport const handler = () => 1;", "index.mjs")
    code.environ["NODE_PATH"] = str(tmp_path / "layer")

    assert advice(code).startswith("`shared` is in a layer, where `import` does not look;")


def test_a_default_export_gets_advice(code: Code) -> None:
    needs(code.node, UNDERSTANDS_ES_MODULES)
    code.write("export default async () => 1;", "index.mjs")

    assert advice(code) == (
        "It is exported as `default`; the platform wants `export const handler = …`."
    )


def test_up_to_16_a_promise_gets_advice_while_the_answer_is_awaited(code: Code) -> None:
    frame, _ = code.call(
        "exports.handler = () => { setTimeout(() => process.exit(0), 50);"
        " return Promise.resolve(1); };",
        "nodejs16",
    )

    assert frame.kind == "advice"
    assert frame.header["advice"].startswith("The handler returned a promise, which nodejs16 ig")


# --- failures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runtime", "type_"),
    [("nodejs8", "FunctionUnhandledError: TypeError"), ("nodejs20", "TypeError")],
)
def test_a_throw_is_told_with_the_users_frames_only(code: Code, runtime: str, type_: str) -> None:
    frame, _ = code.call(
        "\nfunction fail() { throw new TypeError('boom'); }\n"
        "exports.handler = (event, context, callback) => { fail(); };",
        runtime,
    )

    told = frame.header
    assert (told["kind"], told["failure"], told["type"]) == ("failure", "handler-raised", type_)
    assert "handled" not in told
    assert told["message"] == "boom"
    assert told["stack"][:2] == ["TypeError: boom", "    at fail (/code/index.js:2:25)"]
    assert re.fullmatch(r" {4}at [\w.]+ \(/code/index\.js:3:51\)", told["stack"][2])
    assert len(told["stack"]) == 3


def test_a_rejected_promise_is_a_failure_and_the_next_call_works(code: Code) -> None:
    code.write("""
        exports.handler = (event) => event.length
          ? Promise.reject(new Error('refused')) : Promise.resolve('fine');
    """)

    frames, _ = code.converse(code.init(), (INVOKE, b"x"), (INVOKE, b""))

    assert (frames[1].header["type"], frames[1].header["message"]) == ("Error", "refused")
    assert frames[2].payload == b"fine"


def test_an_error_for_the_callback_is_a_handled_failure(code: Code) -> None:
    frame, _ = code.call("""'use strict';
        class Own extends Error { constructor(text) { super(text); this.name = 'Own'; } }
        exports.handler = (event, context, callback) => callback(new Own('known'));
    """)

    told = frame.header
    assert (told["kind"], told["handled"]) == ("failure", True)
    assert (told["type"], told["message"]) == ("Own", "known")
    assert told["stack"][0] in ("Own: known", "Error: known")


@pytest.mark.parametrize(("value", "text"), [("'plain'", "plain"), ("{code: 7}", '{"code":7}')])
def test_another_value_for_the_callback_is_a_handled_failure_without_a_stack(
    code: Code, value: str, text: str
) -> None:
    frame, _ = code.call(f"exports.handler = (event, context, callback) => callback({value});")

    told = frame.header
    assert (told["handled"], told["type"], told["message"]) == (True, "FunctionHandledError", text)
    assert "stack" not in told


def test_an_answer_that_json_does_not_know_is_a_bad_reply(code: Code) -> None:
    frame, _ = code.call("""
        exports.handler = (event, context, callback) => {
          const round = {}; round.round = round;
          callback(null, round);
        };
    """)

    assert (frame.header["failure"], frame.header["type"]) == ("bad-reply", "TypeError")
    assert "stringify" in frame.header["stack"][-1]
    assert str(FOLDER) not in json.dumps(frame.header)


@pytest.mark.parametrize(
    "astray",
    [
        "setTimeout(() => { throw new Error('astray'); }, 10)",
        "Promise.reject(new Error('astray'))",
    ],
)
@pytest.mark.parametrize("runtime", ["nodejs14", "nodejs20"])
def test_an_exception_that_nobody_catches_is_the_answer_and_the_last_one(
    code: Code, runtime: str, astray: str
) -> None:
    frame, _ = code.call(
        f"exports.handler = (event, context, callback) => {{ {astray}; }};", runtime, code=1
    )

    assert (frame.kind, frame.header["last"]) == ("failure", True)
    assert frame.header["message"] == "astray"


@pytest.mark.parametrize(("runtime", "left_with"), [("nodejs14", 0), ("nodejs16", 1)])
def test_a_rejection_after_the_answer_ends_the_process_where_that_nodejs_would(
    code: Code, runtime: str, left_with: int
) -> None:
    code.write("""
        exports.handler = (event, context, callback) => {
          callback(null, 'ok');
          setTimeout(() => Promise.reject(new Error('too late')), 20);
          setTimeout(() => process.exit(0), 60);
        };
    """)

    frames, printed = code.converse(
        code.init(runtime=runtime), (INVOKE, b""), code=left_with, stop=False
    )

    assert [each.kind for each in frames] == ["ready", "result"]
    assert b"Error: too late" in printed


def test_leaving_in_the_middle_of_a_call_ends_the_stream(code: Code) -> None:
    code.write("exports.handler = () => { console.log('bye'); process.exit(3); };")

    frames, printed = code.converse(code.init(), (INVOKE, b""), code=3)

    assert [each.kind for each in frames] == ["ready"]
    assert between(printed) == "MOMENT id-1 [verbose] bye\n"


def test_a_stack_names_the_lines_of_the_typescript(code: Code, root: Path) -> None:
    needs(code.node, MAPS_SOURCES)
    folder = root / "tests" / "functions" / "alibaba" / "nodejs"

    frames, _ = code.converse(code.init("typed.handler", code=str(folder)), (INVOKE, b""))

    assert frames[1].header["stack"][:2] == [
        "Error: from TypeScript",
        "    at refuse (/code/typed.ts:7:9)",
    ]


# --- hooks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runtime", "initializer"),
    [
        ("nodejs16", "(context, callback) => { said = context.requestId; callback(); }"),
        ("nodejs20", "(context, callback) => { said = context.requestId; callback(); }"),
        ("nodejs20", "(context) => { said = context.requestId; }"),
        ("nodejs20", "(context) => Promise.resolve().then(() => { said = context.requestId; })"),
    ],
)
def test_an_initializer_runs_before_the_handler_in_both_styles(
    code: Code, runtime: str, initializer: str
) -> None:
    code.write(f"""'use strict';
        let said = '';
        exports.initialize = {initializer};
        exports.handler = (event, context, callback) => callback(null, said);
    """)
    init = code.init(runtime=runtime, hooks={"initializer": "index.initialize"})

    frames, _ = code.converse(init, (INVOKE, b""))

    assert [each.kind for each in frames] == ["ready", "result"]
    assert frames[1].payload == b"id-1"


def test_an_initializer_that_gives_its_callback_an_error_fails_handled(code: Code) -> None:
    code.write("exports.initialize = (context, callback) => callback(new Error('no database'));")

    frames, _ = code.converse(code.init(hooks={"initializer": "index.initialize"}))

    told = frames[0].header
    assert (told["kind"], told["handled"], told["message"]) == ("failure", True, "no database")


def test_other_hooks_are_called_by_name(code: Code) -> None:
    code.write("""
        exports.handler = (event, context, callback) => callback();
        exports.freeze = (context, callback) => { console.log('freezing'); callback(); };
    """)
    hook = {"kind": "hook", "id": "pre_freeze", "hook": "pre_freeze", "context": CONTEXT}

    frames, printed = code.converse(code.init(hooks={"pre_freeze": "index.freeze"}), (hook, b""))

    assert [each.kind for each in frames] == ["ready", "result"]
    assert b"[verbose] freezing\n" in printed


# --- the end -------------------------------------------------------------------------------


def test_a_full_heap_ends_the_process_with_words_that_the_language_knows(code: Code) -> None:
    code.write("""
        exports.handler = () => {
          for (var held = [], number = 0; ; number++) held.push({ number: [number] });
        };
    """)

    frames, printed = code.converse(code.init(), (INVOKE, b""), code=-signal.SIGABRT)

    assert [each.kind for each in frames] == ["ready"]
    assert nodejs.HEAP_EXHAUSTED in printed


def test_an_instance_whose_heap_is_full_has_run_out_of_memory(code: Code) -> None:
    code.write("""
        exports.handler = (event, context, callback) => {
          if (event.length) process.abort();
          for (var held = [], number = 0; ; number++) held.push({ number: [number] });
        };
    """)
    function = Function("heap", "nodejs20", "index.handler", code.folder)
    plan = InstancePlan(
        function=function,
        site=Site.PROCESS,
        wire="bootstrap",
        command=code.command(),
        folder=code.folder,
        environment={},
        init=code.init()[0],
        memory_mb=4096,  # what is watched from outside is not reached
        heap_exhausted=nodejs.LANGUAGE.heap_exhausted,
    )

    def ended_by(payload: bytes) -> Failure | None:
        instance = Instance(plan, backend, lambda line: None)
        instance.start()
        instance.load(CONTEXT, 20, lambda text: None)
        invocation = Invocation("id-1", function, Event(payload), 0.0, 20)
        reply = instance.call(invocation, CONTEXT, 20, lambda text: None)
        instance.stop()
        return reply.failure

    backend = ProcessBackend(os.environ)
    full, aborted = ended_by(b""), ended_by(b"x")
    backend.close()

    assert full is not None
    assert full.kind is FailureKind.OUT_OF_MEMORY
    assert aborted is not None
    assert aborted.kind is FailureKind.EXITED
