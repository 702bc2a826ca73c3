"""A project to debug, the command in a process of its own, and editors that are not ours."""

import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from localfn.instances.engine import Engine
from tests import interpreters, npm
from tests.dap import Client

LIMIT_S = 60.0
TEMPLATE = """\
edition: 3.0.0
name: shop
resources:
  resize:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: resize
      runtime: {runtime}
      handler: index.handler
      instanceLifecycleConfig: {{initializer: {{handler: index.initialize, timeout: 1}}}}
      code: ./code
      memorySize: 256
      timeout: 1
      triggers:
        - triggerName: onput
          triggerType: oss
          sourceArn: acs:oss:cn-hangzhou:1234567890123456:shop-img
          triggerConfig:
            events: ['oss:ObjectCreated:PutObject']
            filter: {{key: {{prefix: raw/, suffix: .jpg}}}}
"""
PYTHON = """\
import json

LIMIT = 42  # at module level


def initialize(context):
    global LIMIT
    LIMIT += 0  # in the initializer


def handler(event, context):
    told = json.loads(event)
    key = told["events"][0]["oss"]["object"]["key"]
    total = LIMIT  # in the handler
    total += 1
    return "%s %d" % (key, total)
"""
# The user without rights must come to the interpreter, whoever's home it lies in.
DOCKERFILE = """\
FROM {base}
COPY python {prefix}
RUN rm -f /usr/local/bin/python3 && ln -s {prefix}/bin/python /usr/local/bin/python3 \
    && path={prefix}; while [ "$path" != / ]; do chmod a+rx "$path"; path=$(dirname "$path"); done
"""
LEFT_OUT = ("/test", "/tests", "/__pycache__", "/idlelib", "/lib2to3", "/site-packages")
GENERATE = ("--generate", "oss/put-object", "--set", "key=raw/cat.jpg")
ANSWER = b"raw/cat.jpg 43"


def line_of(path: Path, text: str) -> int:
    """The number of the line that contains this."""
    lines = path.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def open_to_all(folder: Path) -> None:
    """Let any user come to a folder: what pytest made is for its own user."""
    for each in (folder, *folder.parents):
        if each.name.startswith(("pytest-", "popen-", "test_", "cache")) or each == folder:
            each.chmod(each.stat().st_mode | 0o055)


class Project:
    """A folder with one function, `resize`."""

    def __init__(self, root: Path, runtime: str, file: str, code: str) -> None:
        self.root = root
        self.file = root / "code" / file
        self.file.parent.mkdir()
        self.file.write_text(code)
        (root / "s.yaml").write_text(TEMPLATE.format(runtime=runtime))
        for each in (root, self.file.parent):
            open_to_all(each)

    def line(self, text: str) -> int:
        return line_of(self.file, text)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the debuggers' files are kept, filled once for all tests."""
    folder = tmp_path_factory.mktemp("cache")
    open_to_all(folder)
    return folder


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as link:
        return link.getsockname()[1]


@pytest.fixture
def connect(port: int) -> Iterator[Callable[[], Client]]:
    """Connect an editor to the port, and close it at the end."""
    made: list[Client] = []

    def make() -> Client:
        made.append(Client(port))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Running:
    """`localfn` in a process, what it says as it says it."""

    def __init__(self, words: tuple[str, ...], root: Path, environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "localfn", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=root,
            env=environ,
        )
        self._said = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def await_line(self, text: str) -> str:
        def there() -> bool:
            return text in self._said or self._process.poll() is not None

        with self._changed:
            self._changed.wait_for(there, LIMIT_S)
        assert text in self._said, self._said
        return next(each for each in self._said.splitlines() if text in each)

    def answer(self) -> bytes:
        """What it answered, at the end of a good call."""
        code, answered = self.outcome()
        assert code == 0, self._said
        return answered

    def outcome(self) -> tuple[int, bytes]:
        assert self._process.stdout is not None
        answered = self._process.stdout.read()
        code = self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        return code, answered

    @property
    def said(self) -> str:
        return self._said

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        for each in (self._process.stdout, self._process.stderr):
            assert each is not None
            each.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._changed:
                self._said += line.decode(errors="replace")
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


Connect = Callable[[], Client]
Start = Callable[..., Running]


@pytest.fixture
def start(cache: Path) -> Iterator[Start]:
    """Start `localfn` in a project and wait until it says that its debugger listens."""
    started: list[Running] = []

    def run(project: Project, *words: str, **environ: str) -> Running:
        running = Running(
            words, project.root, {**os.environ, "XDG_CACHE_HOME": str(cache), **environ}
        )
        started.append(running)
        running.await_line("localfn: debugger listening on 127.0.0.1:")
        return running

    yield run
    for each in started:
        each.close()


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with other people's clients of the protocols, from npm."""
    folder = tmp_path_factory.mktemp("npm")
    npm.install(
        folder,
        "@vscode/debugadapter-testsupport@1.68.0",
        "chrome-remote-interface@0.34.0",
        "source-map-js@1.2.1",
        "typescript@5.9",
    )
    return folder / "node_modules"


@pytest.fixture(scope="module")
def image_of(engine: Engine, base: str) -> Iterator[Callable[[str], str]]:
    """Make an image with a Python of this machine, at the same path."""
    made: dict[str, str] = {}

    def make(version: str) -> str:
        program = interpreters.found().get(version)
        if program is None:
            pytest.skip(f"there is no Python {version} to make an image of")
        if version not in made:
            made[version] = f"localfn-test/python:{version}"
            build(engine, made[version], base, program.resolve().parent.parent)
        return made[version]

    yield make
    for each in made.values():
        engine.ask("DELETE", f"/images/{each}?force=1")


def build(engine: Engine, tag: str, base: str, prefix: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        text = DOCKERFILE.format(base=base, prefix=prefix).encode()
        head = tarfile.TarInfo("Dockerfile")
        head.size = len(text)
        archive.addfile(head, io.BytesIO(text))
        for folder in ("bin", "lib"):
            archive.add(prefix / folder, f"python/{folder}", filter=kept)
    packed.seek(0)
    with closing(engine.sdk()) as client:
        steps = client.build(
            fileobj=packed, custom_context=True, tag=tag, network_mode="none", rm=True, decode=True
        )
        told = [step for step in steps if "error" in step]
    assert not told, told


def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.endswith(LEFT_OUT) else member
