"""Functions that are servers, run as a user's would be: passed on to, killed, misplaced."""

import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from localfn import providers
from localfn.app import Session, open_session
from localfn.errors import MachineError, UsageError
from localfn.instances.engine import Engine
from localfn.model import (
    BrokenBody,
    Call,
    Container,
    Event,
    FailureKind,
    Function,
    Hook,
    Hooks,
    HttpReply,
    HttpRequest,
    Volume,
)
from localfn.project import Project
from localfn.settings import resolve

CODE = Path(__file__).parents[2] / "functions" / "alibaba" / "custom"
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]
LIMIT_S = 20.0
WEB = Function(
    "web",
    "custom.debian12",
    "",
    CODE,
    memory_mb=256,
    timeout_s=20,
    container=Container(command=("python3", "web.py")),
)


class Opened:
    """A session, and what was said in it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.said: list[str] = []
        self.logs: list[bytes] = []

    def invoke(self, function: Function, payload: bytes = b"") -> object:
        return self._session.invoke(Call(function, Event(payload)), self.logs.append)

    def forward(self, function: Function, method: str, path: str, **more: object) -> HttpReply:
        request = HttpRequest(method, path, **more)  # type: ignore[arg-type]
        return self._session.forward(Call(function, Event(b"")), request, self.logs.append)


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> str:
    return request.param


Open = Callable[[str], AbstractContextManager[Opened]]


@pytest.fixture
def opening(tmp_path: Path) -> Open:
    """Open a session in a runner."""

    @contextmanager
    def make(runner: str) -> Iterator[Opened]:
        environ = {**os.environ, "LOCALFN_START_LIMIT": "5"}
        settings = resolve({"project": str(tmp_path), "runner": runner}, environ)
        project = Project(tmp_path, None, providers.load("alibaba"), ())
        said: list[str] = []
        with open_session(settings, project, said.append) as session:
            opened = Opened(session)
            opened.said = said
            yield opened

    return make


@pytest.fixture
def opened(opening: Open, runner: str) -> Iterator[Opened]:
    with opening(runner) as opened:
        yield opened


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def whole(reply: HttpReply) -> bytes:
    return reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)


def test_a_request_is_passed_on_and_its_instance_used_again(opened: Opened) -> None:
    first = whole(opened.forward(WEB, "GET", "/a%20b", query="q=1"))
    second = whole(opened.forward(WEB, "GET", "/other"))

    pid, path = first.split(b" ", 1)
    assert path == b"/a%20b?q=1"
    assert second == pid + b" /other"


def test_bodies_stream_both_ways_at_once(opened: Opened) -> None:
    back = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"one"
        assert back.wait(LIMIT_S)
        yield b"two"

    pieces = iter(opened.forward(WEB, "POST", "/echo", body=body()).body)

    assert next(pieces) == b"one"
    back.set()
    assert b"".join(pieces) == b"two"


def test_a_connection_is_handed_over_when_its_protocol_is_switched(opened: Opened) -> None:
    headers = (("Connection", "Upgrade"), ("Upgrade", "hex"))
    reply = opened.forward(WEB, "GET", "/switch", headers=headers)

    assert reply.status == 101
    assert reply.header("upgrade") == "hex"
    assert reply.tunnel is not None
    reply.tunnel.write(b"abc")
    came = b""
    while len(came) < 6:
        came += reply.tunnel.read()
    assert came == b"616263"
    reply.tunnel.close()
    assert whole(opened.forward(WEB, "GET", "/after")).endswith(b" /after")


def test_a_body_that_outlasts_the_functions_time_breaks_off_and_the_next_call_works(
    opened: Opened,
) -> None:
    hasty = WEB._replace(timeout_s=1)
    pieces = iter(opened.forward(hasty, "GET", "/endless").body)

    assert next(pieces) == b"first"
    with pytest.raises(BrokenBody):
        next(pieces)
    assert whole(opened.forward(hasty, "GET", "/after")).endswith(b" /after")


def test_a_body_that_is_closed_early_gives_its_instance_back(opened: Opened) -> None:
    pid = whole(opened.forward(WEB, "GET", "/"))
    reply = opened.forward(WEB, "GET", "/endless")
    assert next(iter(reply.body)) == b"first"

    reply.body.close()  # type: ignore[union-attr]

    assert whole(opened.forward(WEB, "GET", "/")) == pid


def test_a_server_that_dies_gives_a_client_the_clouds_error_and_the_next_call_works(
    opened: Opened,
) -> None:
    assert whole(opened.forward(WEB, "POST", "/alive", body=b""))
    died = opened.forward(WEB, "GET", "/die")

    assert died.status == 502
    assert b"Process exited unexpectedly" in whole(died)
    assert whole(opened.forward(WEB, "GET", "/after")).endswith(b" /after")


def test_an_initializer_that_is_tried_again_is_tried_in_the_same_instance(opened: Opened) -> None:
    function = WEB._replace(hooks=Hooks(initializer=Hook("init", 3)))

    failed = opened.invoke(function)
    good = opened.invoke(function)
    again = opened.invoke(function)

    assert failed.failure is not None
    assert failed.failure.during_init
    # Only the instance that failed once is good at the second try.
    assert good.failure is None, good.payload
    assert good.payload == again.payload


def test_an_instance_that_falls_ill_gets_no_calls_any_more(opened: Opened) -> None:
    health = {"httpGetUrl": "/health", "periodSeconds": 0.05, "failureThreshold": 2}
    function = WEB._replace(attributes={"health_check": json.dumps(health)})
    first = opened.invoke(function, b"who")
    well = opened.invoke(function, b"who")

    opened.invoke(function, b"be ill")
    deadline = time.monotonic() + LIMIT_S
    while not any("calls go to another instance" in line for line in opened.said):
        assert time.monotonic() < deadline, "nobody noticed"
        time.sleep(0.01)
    after = opened.invoke(function, b"who")

    assert first.payload == well.payload
    assert after.failure is None, after.payload
    assert after.payload != first.payload
    assert any("`GET /health`" in line and "503" in line for line in opened.said)


def test_a_server_in_a_process_gets_another_port_where_its_own_is_taken(opening: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, opening("process") as opened:
        port = taken.getsockname()[1]
        container = Container(command=("python3", "web.py"), port=port)

        result = opened.invoke(WEB._replace(container=container))

    assert result.failure is None
    assert any(f"port {port} is taken" in line for line in opened.said)


@pytest.mark.skipif(sys.platform != "linux", reason="ports are claimed on Linux only")
def test_sessions_that_start_at_once_get_the_answers_of_their_own_servers(opening: Open) -> None:
    slow = Container(command=("sh", "-c", "sleep 0.3; exec python3 web.py"), port=free_port())
    answers: list[object] = []

    def call() -> None:
        with opening("process") as opened:
            answers.append(opened.invoke(WEB._replace(container=slow), b"who").payload)

    callers = [threading.Thread(target=call) for _ in range(2)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()

    assert len(set(answers)) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's tables are Linux's")
def test_a_server_on_loopback_is_not_reached_and_told_why_and_the_next_call_works(
    opened: Opened,
) -> None:
    failed = opened.invoke(WEB._replace(environment={"BIND": "127.0.0.1"}))
    after = opened.invoke(WEB)

    assert failed.failure is not None
    assert b"health check failed on port" in failed.payload
    assert b"in 5 seconds" in failed.payload
    assert "its own loopback only" in failed.failure.advice
    assert "`0.0.0.0`" in failed.failure.advice
    assert after.failure is None


@pytest.mark.docker
def test_a_server_cannot_be_reached_without_a_network(tmp_path: Path) -> None:
    options = {"project": str(tmp_path), "runner": "docker", "network": "none"}
    project = Project(tmp_path, None, providers.load("alibaba"), ())
    settings = resolve(options, os.environ)

    with (
        open_session(settings, project, print) as session,
        pytest.raises(MachineError, match="nobody can reach"),
    ):
        session.invoke(Call(WEB, Event(b"")), lambda text: None)


# --- nothing is left after a kill ------------------------------------------------------------

TEMPLATE = """\
edition: 3.0.0
name: killed
resources:
  {name}:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: {name}
      runtime: custom.debian12
      code: {code}
      timeout: 60
      customRuntimeConfig: {{command: [python3, server.py]}}
"""


@pytest.fixture
def started(tmp_path: Path, runner: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Return localfn in the middle of a call."""
    name = f"killed-{os.urandom(4).hex()}"
    (tmp_path / "s.yaml").write_text(TEMPLATE.format(name=name, code=CODE))
    command = (sys.executable, "-m", "localfn", "-C", str(tmp_path), "invoke", "--runner", runner)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"timed-out")
        process.stdin.close()
        for line in process.stderr:
            if line.startswith(b"before"):
                break
        process.name = name  # type: ignore[attr-defined]
        yield process
        process.kill()


def running(name: str, engine: Engine | None) -> bool:
    """Whether anything of a function still runs: a process with its name, or a container."""
    if engine is not None:
        listed = engine.ask("GET", "/containers/json?all=1")
        return any((each["Labels"] or {}).get("io.localfn.function") == name for each in listed)
    wanted = f"FC_FUNCTION_NAME={name}".encode()
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in each.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the processes in /proc")
def test_nothing_is_left_when_localfn_is_killed_in_the_middle_of_a_call(
    request: pytest.FixtureRequest, runner: str, started: "subprocess.Popen[bytes]"
) -> None:
    engine = request.getfixturevalue("engine") if runner == "docker" else None
    name = started.name  # type: ignore[attr-defined]
    assert running(name, engine)

    started.kill()
    started.wait()

    deadline = time.monotonic() + LIMIT_S
    while running(name, engine):
        assert time.monotonic() < deadline, "something is left"
        time.sleep(0.02)


# --- images of the user's own ----------------------------------------------------------------


def packed(files: Mapping[str, bytes]) -> bytes:
    """Files as a tar archive; all may be run."""
    archive = BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as opened:
        for name, content in files.items():
            told = tarfile.TarInfo(name)
            told.size, told.mode = len(content), 0o755
            opened.addfile(told, BytesIO(content))
    return archive.getvalue()


@pytest.fixture(scope="module")
def own_image(base: str) -> Iterator[str]:
    """An image whose server is its own entry point, made from the base of these tests."""
    name = f"localfn-test/own:{os.urandom(4).hex()}"
    dockerfile = f'FROM {base}\nCOPY web.py /srv/\nENTRYPOINT ["python3", "/srv/web.py"]\n'
    files = {"web.py": (CODE / "web.py").read_bytes(), "Dockerfile": dockerfile.encode()}
    build = ("docker", "build", "-q", "-t", name, "-")
    subprocess.run(build, input=packed(files), check=True, capture_output=True)
    yield name
    subprocess.run(("docker", "rmi", "-f", name), check=False, capture_output=True)


@pytest.fixture
def foreign_image() -> Iterator[str]:
    """An image for a machine that nobody here has."""
    name = f"localfn-test/foreign:{os.urandom(4).hex()}"
    program = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHI", 2, 0x16, 1) + b"\0" * 40
    layer = packed({"server": program})
    digest = hashlib.sha256(layer).hexdigest()
    config = {
        "architecture": "s390x",
        "os": "linux",
        "config": {"Entrypoint": ["/server"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {
        "config.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(manifest).encode(),
        "layer.tar": layer,
    }
    subprocess.run(("docker", "load", "-q"), input=packed(files), check=True, capture_output=True)
    yield name
    subprocess.run(("docker", "rmi", "-f", name), check=False, capture_output=True)


def in_image(name: str, **changes: object) -> Function:
    container = Container(image=name)._replace(**changes)  # type: ignore[arg-type]
    return WEB._replace(runtime="custom-container", container=container, name="image")


@pytest.mark.docker
def test_an_image_runs_with_its_own_entry_point_and_the_templates_port(
    opening: Open, own_image: str
) -> None:
    with opening("auto") as opened:
        result = opened.invoke(in_image(own_image, port=8181))

    assert result.failure is None, result.payload
    assert result.payload == b"1"


@pytest.mark.docker
def test_a_command_of_the_template_replaces_an_images(opening: Open, own_image: str) -> None:
    function = in_image(own_image, entrypoint=("sh", "-c"), command=("exec python3 /srv/web.py",))

    with opening("docker") as opened:
        result = opened.invoke(function)

    assert result.failure is None, result.payload


@pytest.mark.docker
def test_an_image_sees_its_mounts_and_cannot_write_what_it_may_only_read(
    opening: Open, base: str, tmp_path: Path
) -> None:
    nas, oss = (
        tmp_path / ".localfn/mounts/image/mnt/nas",
        tmp_path / ".localfn/mounts/image/mnt/oss",
    )
    script = "read word < /mnt/oss/word; echo $word > /mnt/nas/copy; ! echo x > /mnt/oss/new"
    mounts = (Volume("host:/", "/mnt/nas"), Volume("oss://b", "/mnt/oss", writable=False))
    function = in_image(base, entrypoint=("sh", "-c", script), runs_once=True)
    oss.mkdir(parents=True)
    (oss / "word").write_text("kept\n")

    with opening("docker") as opened:
        result = opened.invoke(function._replace(mounts=mounts))

    assert result.failure is None, result.logs
    assert (nas / "copy").read_text() == "kept\n"
    assert not (oss / "new").exists()


@pytest.mark.docker
def test_an_image_without_its_program_is_told(opening: Open, own_image: str) -> None:
    with opening("docker") as opened:
        result = opened.invoke(in_image(own_image, entrypoint=("/no-such-program",)))

    assert result.failure is not None
    assert b"the file /no-such-program is not exist" in result.payload


@pytest.mark.docker
def test_an_image_for_another_architecture_is_told(opening: Open, foreign_image: str) -> None:
    with opening("docker") as opened:
        result = opened.invoke(in_image(foreign_image))

    assert result.failure is not None
    assert "is built for s390x, and this engine runs" in result.failure.advice


@pytest.mark.docker
def test_an_image_that_cannot_be_had_is_told_with_the_way_out(opening: Open) -> None:
    with opening("auto") as opened, pytest.raises(MachineError) as told:
        opened.invoke(in_image("registry.invalid/shop/site:1"))

    assert "cannot be pulled" in told.value.message
    assert "docker build" in told.value.hint
    assert "--runner process" not in told.value.hint


def test_an_image_cannot_run_in_a_process(opening: Open) -> None:
    with opening("process") as opened, pytest.raises(MachineError, match="cannot run in a process"):
        opened.invoke(in_image("shop/site:1"))


# --- images that are no servers --------------------------------------------------------------

SCRIPT = """\
echo "got $FC_CUSTOM_CONTAINER_EVENT"
case "$FC_CUSTOM_CONTAINER_EVENT" in leave) exit 3;; dawdle) sleep 30;; esac
"""


def run_once(name: str, **changes: object) -> Function:
    command = ("sh", "-c", SCRIPT)
    return in_image(name, entrypoint=command, runs_once=True)._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.docker
def test_an_image_that_is_no_server_is_run_anew_for_each_event(opening: Open, base: str) -> None:
    with opening("docker") as opened:
        first = opened.invoke(run_once(base), b"one")
        failed = opened.invoke(run_once(base), b"leave")
        late = opened.invoke(run_once(base, timeout_s=1), b"dawdle")
        last = opened.invoke(run_once(base), b"two")

    assert (first.failure, first.payload) == (None, b"")
    assert first.logs.startswith(b"got one\n")
    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.EXITED
    assert b"Process exited unexpectedly" in failed.payload
    assert failed.logs.startswith(b"got leave\n")
    assert late.failure is not None
    assert late.failure.kind is FailureKind.TIMED_OUT
    assert last.failure is None
    assert last.logs.startswith(b"got two\n")


@pytest.mark.docker
def test_an_image_that_is_no_server_takes_only_text_and_no_requests(
    opening: Open, base: str
) -> None:
    with opening("docker") as opened:
        with pytest.raises(UsageError, match="is no text"):
            opened.invoke(run_once(base), b"\xff")
        answer = opened.forward(run_once(base), "GET", "/")
        after = opened.invoke(run_once(base), b"text")

    assert answer.status == 502
    assert after.failure is None
