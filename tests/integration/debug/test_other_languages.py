"""Custom runtimes in Go and PHP: delve through the relay, Xdebug that calls its editor."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.dap import Client
from tests.integration.debug.conftest import Connect, Start, line_of

LIMIT_S = 60.0
SAMPLES = Path(__file__).parents[3] / "samples"
OSS = ("--generate", "oss/put-object", "--set", "key=inbox/rome.txt", "--set", "size=27")


class Folder:
    """A copy of a sample, or an empty project."""

    def __init__(self, root: Path, sample: str, file: str) -> None:
        if sample:
            shutil.copytree(SAMPLES / sample, root, dirs_exist_ok=True)
        self.root = root
        self.file = root / "code" / file
        self.file.parent.mkdir(exist_ok=True)

    def tell_language(self, function: str, language: str) -> None:
        words = ("debug-config", "vscode", function, "--language", language, "--print")
        subprocess.run(
            [sys.executable, "-m", "localfn", *words],
            cwd=self.root,
            capture_output=True,
            check=True,
        )


def need(*tools: str) -> None:
    """Skip where a tool is not there, which is a failure in CI."""
    for tool in tools:
        if shutil.which(tool) is None:
            absent = f"there is no `{tool}`"
            if os.environ.get("CI") == "true":
                pytest.fail(absent)
            pytest.skip(absent)


def invoke(project: Folder, *words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "localfn", "invoke", "--runner", "process", *words],
        cwd=project.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def build(project: Folder) -> None:
    subprocess.run(
        ["go", "build", "-gcflags=all=-N -l", "-o", "main", "."],
        cwd=project.file.parent,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"},
        check=True,
        capture_output=True,
    )


@pytest.fixture
def go(tmp_path: Path) -> Folder:
    need("go", "dlv")
    made = Folder(tmp_path, "alibaba-custom-go", "main.go")
    build(made)
    made.tell_language("invoices", "go")
    return made


def attach(editor: Client, file: Path, line: int) -> None:
    """Go through the beginning of a session as delve has it."""
    editor.ask("initialize", adapterID="go", pathFormat="path", linesStartAt1=True)
    editor.ask("attach", mode="remote", substitutePath=[])
    editor.event("initialized")
    body = editor.ask("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line}])
    assert body["breakpoints"][0]["verified"], body
    # An older delve says of a program that runs already that it runs; breakpoints are set by then.
    editor.answer(editor.send("configurationDone"))


CALL = ("--generate", "mns-queue", "--set", 'body={"customer": "Anna", "amount": 12.5}')
ANSWER = b'{"currency":"CNY","customers":{"Anna":12.5}}'


def test_delve_stops_in_a_server_that_waits_for_its_editor(
    go: Folder, start: Start, port: int, connect: Connect
) -> None:
    words = ("invoke", "invoices", "--runner", "process", *CALL, "--debug", str(port))
    running = start(go, *words)
    running.await_line("invoices waits for an editor at")
    editor = connect()
    line = line_of(go.file, "owes %.2f")
    attach(editor, go.file, line)

    stop = editor.stopped()

    assert (stop.line, stop.path) == (line, str(go.file))
    assert '"Anna"' in stop.evaluate("found.Customer")
    stop.resume()
    assert running.answer().strip() == ANSWER


def test_delve_stops_in_the_gateway_and_the_call_runs_on_when_the_editor_is_killed(
    go: Folder, start: Start, port: int, connect: Connect
) -> None:
    words = ("start-api", "--port", "0", "--runner", "process", "--debug", str(port))
    running = start(go, *words)
    running.await_line("localfn: ready at")
    editor = connect()
    attach(editor, go.file, line_of(go.file, "owes %.2f"))
    call = invoke(go, *CALL)
    editor.stopped()

    editor.close()

    assert call.communicate(timeout=LIMIT_S)[0].strip() == ANSWER


POLLS = """\
package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	base := "http://" + os.Getenv("FC_RUNTIME_API") + "/2020-11-11/runtime/invocation/"
	for {
		asked, err := http.Get(base + "next")
		if err != nil {
			os.Exit(1)
		}
		event, _ := io.ReadAll(asked.Body)
		told := strings.ToUpper(string(event))
		id := asked.Header.Get("x-fc-request-id")
		http.Post(base+id+"/response", "text/plain", bytes.NewReader([]byte(told))) // here
	}
}
"""
TEMPLATE = """\
edition: 3.0.0
resources:
  polls:
    component: fc3
    props: {functionName: polls, runtime: go1, handler: main, code: ./code}
"""


def test_delve_stops_in_a_program_that_asks_for_its_events(
    tmp_path: Path, start: Start, port: int, connect: Connect
) -> None:
    need("go", "dlv")
    made = Folder(tmp_path, "", "main.go")
    made.file.write_text(POLLS)
    (tmp_path / "code" / "go.mod").write_text("module polls\n\ngo 1.19\n")
    (tmp_path / "s.yaml").write_text(TEMPLATE)
    build(made)
    running = start(
        made, "invoke", "--runner", "process", "-e", '"a"', "--debug", str(port), "--debug-wait"
    )
    editor = connect()
    attach(editor, made.file, line_of(made.file, "// here"))

    stop = editor.stopped()

    assert "A" in stop.evaluate("told")
    stop.resume()
    assert running.answer() == b'"A"'


class Listener:
    """An editor that Xdebug calls: its protocol, DBGp, is XML between zero bytes."""

    def __init__(self, port: int) -> None:
        self._door = socket.create_server(("127.0.0.1", port))
        self._door.settimeout(LIMIT_S)
        self._link: socket.socket | None = None
        self._kept = b""
        self._number = 0

    def accept(self) -> ElementTree.Element:
        self._link, _ = self._door.accept()
        self._link.settimeout(LIMIT_S)
        return self._hear()

    def ask(self, command: str, *words: str) -> ElementTree.Element:
        assert self._link is not None
        self._number += 1
        asked = " ".join((command, "-i", str(self._number), *words))
        self._link.sendall(asked.encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("transaction_id") == str(self._number):
                return heard

    def close(self) -> None:
        self._door.close()
        if self._link is not None:
            self._link.close()

    def _hear(self) -> ElementTree.Element:
        _length, text = self._piece(), self._piece()
        return ElementTree.fromstring(text)

    def _piece(self) -> bytes:
        assert self._link is not None
        while b"\0" not in self._kept:
            got = self._link.recv(1 << 16)
            assert got, self._kept
            self._kept += got
        piece, _, self._kept = self._kept.partition(b"\0")
        return piece


@pytest.fixture
def listen(port: int) -> Iterator[Callable[[], Listener]]:
    made: list[Listener] = []

    def _listen() -> Listener:
        made.append(Listener(port))
        return made[-1]

    yield _listen
    for each in made:
        each.close()


def test_xdebug_calls_the_editor_and_stops_in_the_script(
    tmp_path: Path, port: int, listen: Callable[[], Listener]
) -> None:
    need("php")
    if b"xdebug" not in subprocess.run(["php", "-m"], capture_output=True, check=True).stdout:
        pytest.skip("this PHP has no Xdebug")
    php = Folder(tmp_path, "alibaba-custom-php", "index.php")
    php.tell_language("postcard", "php")
    editor = listen()
    call = invoke(php, *OSS, "--debug", str(port))
    line = line_of(php.file, "$cards[] =")

    opened = editor.accept()

    assert opened.get("fileuri", "").endswith("/code/index.php")
    where = ("-t", "line", "-f", php.file.as_uri(), "-n", str(line))
    assert editor.ask("breakpoint_set", *where).get("id")
    assert editor.ask("run").get("status") == "break"
    key = editor.ask("eval", "--", "JG9iamVjdFsna2V5J10=")  # $object['key']
    assert "aW5ib3gvcm9tZS50eHQ=" in ElementTree.tostring(key).decode()  # inbox/rome.txt
    editor.ask("detach")
    answered = call.communicate(timeout=LIMIT_S)[0]
    assert answered == b'{"postcards":[{"key":"inbox/rome.txt","bytes":27}]}'
