"""Ratios of localfn against a reference, both measured in turn in one run (see README.md)."""

import argparse
import json
import os
import resource
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from localfn.model import HttpRequest

HANDLER = """\
import os
def handler(event, context):
    if event == b"leave":
        os._exit(1)
    return event
"""
NODE_HANDLER = "exports.handler = async (event) => event;\n"
TEMPLATE = """\
edition: 3.0.0
name: bench
resources:
  echo:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: echo
      runtime: python3.10
      handler: index.handler
      code: ./code
      timeout: 60
  echo-node:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: echo-node
      runtime: nodejs20
      handler: index.handler
      code: ./code
      timeout: 60
"""
# The same over HTTP: a server of the user's own, from the standard library.
SERVER = """\
import http.server, os
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
port = int(os.environ["FC_CUSTOM_LISTEN_PORT"])
http.server.ThreadingHTTPServer(("0.0.0.0", port), Echo).serve_forever()
"""
CUSTOM = """\
  served:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: served
      runtime: custom.debian12
      code: ./code
      timeout: 60
      customRuntimeConfig: {command: [python3, server.py], port: %d}
"""
# Reads `length, bytes` and answers the same: what the stream itself costs.
ECHO = """
import os, struct, sys
def exactly(size):
    pieces = []
    while size:
        piece = os.read(0, min(size, 1 << 20))
        if not piece:
            sys.exit()
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
while True:
    head = exactly(4)
    left = memoryview(head + exactly(struct.unpack(">I", head)[0]))
    while left:
        left = left[os.write(1, left):]
"""
CHILD = [sys.executable, "-c", "pass"]
# A warm parent with a bootstrap's modules and the handler loaded: a fork of it answers each event.
FORKS = """
import json, logging, os, struct, sys, time
def exactly(size):
    piece = b""
    while len(piece) < size:
        more = os.read(0, size - len(piece))
        if not more:
            sys.exit()
        piece += more
    return piece
def handler(event, context):
    return event
while True:
    head = exactly(4)
    event = exactly(struct.unpack(">I", head)[0])
    if not os.fork():
        os.write(1, head + handler(event, None))
        os._exit(0)
    os.wait()
"""
# Waited for between two cold calls, so that each finds what a person's next call finds.
SETTLE_S = 0.25


@dataclass(frozen=True)
class Row:
    """One comparison: milliseconds of both sides, pair by pair, and the ratio to reach."""

    name: str
    ours: list[float]
    reference: list[float]
    target: float

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.reference)

    def __str__(self) -> str:
        mine, theirs = statistics.median(self.ours), statistics.median(self.reference)
        verdict = "" if not self.target else f"  (target {self.target:g})"
        return (
            f"{self.name:<18} {mine:9.2f} ms  reference {theirs:8.2f} ms  "
            f"ratio {self.ratio:5.2f}{verdict}"
        )


def pairs(ours: Callable[[], object], reference: Callable[[], object], runs: int) -> tuple:
    """Time both in turn, after one warm-up of each."""
    ours()
    reference()
    mine, theirs = [], []
    for _ in range(runs):
        mine.append(timed(ours))
        theirs.append(timed(reference))
    return mine, theirs


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def run(command: list[str], **options: object) -> None:
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )


def project(folder: Path) -> Path:
    (folder / "code").mkdir()
    (folder / "code" / "index.py").write_text(HANDLER)
    (folder / "code" / "index.js").write_text(NODE_HANDLER)
    (folder / "code" / "server.py").write_text(SERVER)
    (folder / "s.yaml").write_text(TEMPLATE + CUSTOM % free_port())
    (folder / "event.json").write_text(json.dumps({"key": "x" * 1000}))
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def localfn(folder: Path, *words: str) -> list[str]:
    # The console script, as a user runs it; never `-m`, which costs a little more.
    script = Path(sys.executable).with_name("localfn")
    return [str(script), "-C", str(folder), *words]


def invoke(folder: Path, function: str, *words: str) -> list[str]:
    return localfn(folder, "invoke", function, "-e", str(folder / "event.json"), *words)


def cold_process(folder: Path) -> Row:
    command = invoke(folder, "echo", "--runner", "process")
    return Row("cold-process", *pairs(lambda: run(command), lambda: run(CHILD), 15), 10)


def cold_process_node(folder: Path) -> Row:
    from localfn.languages import nodejs

    # The same program on both sides.
    node = str(nodejs.find("20", os.environ).path)
    command = invoke(folder, "echo-node", "--runner", "process")
    bare = [node, "-e", "0"]
    return Row("cold-process-node", *pairs(lambda: run(command), lambda: run(bare), 15), 4)


def cold_docker(folder: Path) -> Row:
    command = invoke(folder, "echo", "--runner", "docker")
    image = image_of(folder)
    bare = ["docker", "run", "--rm", "--network", "none", image, "python3", "-c", "pass"]
    ours = [*command, "--network", "none"]
    return Row("cold-docker", *pairs(lambda: run(ours), lambda: run(bare), 9), 1.4)


def image_of(folder: Path) -> str:
    """Return the image that localfn runs the echo function in: the word after the options."""
    line = subprocess.run(
        localfn(folder, "invoke", "echo", "--runner", "docker", "--print"),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return next(word for word in line.split() if word.startswith("localfn/"))


def help_(_: Path) -> Row:
    command = [str(Path(sys.executable).with_name("localfn")), "--help"]
    return Row("help", *pairs(lambda: run(command), lambda: run(CHILD), 15), 0)


def cold_spare_python(folder: Path) -> Row:
    """A cold call of a function whose only instance has just ended, in a session with spares."""
    mine, theirs = [], []
    with lasting(folder, "process") as ours, echoing([sys.executable, "-c", FORKS]) as exchange:
        message = struct.pack(">I", 1024) + b"x" * 1024
        for turn in range(26):
            ours.invoke(b"leave")
            time.sleep(SETTLE_S)
            cold = timed(lambda: ours.invoke(b"x" * 1024))
            forked = timed(lambda: exchange(message))
            if turn:
                mine.append(cold)
                theirs.append(forked)
    return Row("cold-spare-python", mine, theirs, 3)


def renewed(runner: str) -> Callable[[Path], Row]:
    """From the end of a save to the first answer of the new code, without a watcher's share."""

    def measure(folder: Path) -> Row:
        mine, theirs, told = [], [], []
        with lasting(folder, runner, lambda revision: told.append(revision.ready_ms)) as ours:
            source = folder / "code" / "index.py"
            ours.invoke(b"x")
            try:
                for turn in range(16):
                    time.sleep(SETTLE_S)
                    source.write_text(f"def handler(event, context):\n    return '{turn}'\n")
                    mine.append(timed(lambda wanted=str(turn): ours.renewed_answer(wanted)))
                    theirs.append(timed(lambda: run(CHILD)))
            finally:
                source.write_text(HANDLER)
        print(f"  of renew-{runner}: ready after {statistics.median(told):.2f} ms")
        return Row(f"renew-{runner}", mine[1:], theirs[1:], 0)

    return measure


class Lasting:
    """A session as a gateway keeps it, with one function."""

    def __init__(self, session: object, function: object) -> None:
        self._session = session
        self._function = function

    def invoke(self, payload: bytes) -> bytes:
        from localfn.model import Call, Event

        return self._session.invoke(Call(self._function, Event(payload)), lambda text: None).payload

    def renewed_answer(self, wanted: str) -> None:
        self._session.renew(self._function, lambda text: None, False)
        assert self.invoke(b"x") == wanted.encode()


@contextmanager
def lasting(
    folder: Path, runner: str, tell: Callable[..., None] = lambda revision: None
) -> Iterator[Lasting]:
    from localfn.app import find_project, open_session
    from localfn.settings import resolve

    settings = resolve({"project": str(folder), "runner": runner, "network": "none"}, os.environ)
    opened = find_project(settings)
    with open_session(settings, opened, lambda line: None, lasting=True, tell=tell) as session:
        yield Lasting(session, opened.find("echo"))


def warm(runner: str, size: int, runs: int, target: float) -> Callable[[Path], Row]:
    label = "1k" if size == 1024 else "6m"

    def measure(folder: Path) -> Row:
        with calls(folder, runner, size) as ours, echoes(folder, runner, size) as bare:
            ours()
            bare()
            with apart() if label == "1k" and runner == "process" else nullcontext():
                return Row(f"warm-{runner}-{label}", *pairs(ours, bare, runs), target)

    return measure


@contextmanager
def apart() -> Iterator[None]:
    """Keep this process on one core and its children, on both sides, off it.

    Else the scheduler puts both ends of the bare echo on one core, or does not, and the echo takes
    20 or 70 microseconds.
    """
    import psutil

    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    if len(cores) < 2:
        yield
        return
    threads = [t.id for child in psutil.Process().children() for t in child.threads()]
    for each in threads:
        os.sched_setaffinity(each, cores[1:])
    os.sched_setaffinity(0, cores[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def served(runner: str) -> Callable[[Path], Row]:
    def measure(folder: Path) -> Row:
        with calls(folder, runner, 1024, "served", "bridge") as ours:
            ours()
            port, request = port_of(folder, runner), request_of(folder, 1024)
            with asked_by_python(port, request) as client:
                row = Row("", *pairs(ours, client, 400), 0)
                print(f"  of custom-{runner}-1k: {row.ratio:.2f} of Python's `http.client`")
            apart_here = apart() if runner == "process" else nullcontext()
            with round_trips(port, request) as bare, apart_here:
                return Row(f"custom-{runner}-1k", *pairs(ours, bare, 400), 1.5)

    return measure


def port_of(folder: Path, runner: str) -> int:
    """Return where the server of the custom runtime is reached."""
    if runner == "process":
        return int((folder / "s.yaml").read_text().rpartition("port: ")[2].split("}")[0])
    listed = ("docker", "ps", "--filter", "label=io.localfn.function=served", "--format")
    told = subprocess.run([*listed, "{{.Ports}}"], check=True, capture_output=True, text=True)
    return int(told.stdout.partition("127.0.0.1:")[2].partition("->")[0])


def request_of(folder: Path, size: int) -> HttpRequest:
    """Return the request that localfn sends: its headers are part of what the server reads."""
    from localfn.app import find_project
    from localfn.model import Event, Invocation
    from localfn.settings import resolve

    opened = find_project(resolve({"project": str(folder)}, os.environ))
    function, provider = opened.find("served"), opened.provider
    context = provider.context(Invocation("1-" + "0" * 30, function, Event(b""), 0, 60), {})
    return provider.http.request("invoke", function, context, b"x" * size)


def as_bytes(asked: HttpRequest) -> bytes:
    lines = [f"POST {asked.path} HTTP/1.1", "Host: x", f"Content-Length: {len(asked.body)}"]
    lines += [f"{name}: {value}" for name, value in asked.headers]
    return "\r\n".join([*lines, "", ""]).encode() + asked.body


@contextmanager
def asked_by_python(port: int, request: HttpRequest) -> Iterator[Callable[[], None]]:
    """Yield the same by the client of Python's standard library."""
    import http.client

    with closing(http.client.HTTPConnection("127.0.0.1", port)) as client:
        client.connect()
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def once() -> None:
            client.request(request.method, request.path, request.body, dict(request.headers))
            assert len(client.getresponse().read()) == 1024

        yield once


@contextmanager
def round_trips(port: int, asked: HttpRequest) -> Iterator[Callable[[], None]]:
    """Yield a bare request and its answer over a connection that is kept alive."""
    request = as_bytes(asked)
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def once() -> None:
            link.sendall(request)
            came = b""
            while len(came.partition(b"\r\n\r\n")[2]) < 1024:
                came += link.recv(1 << 16)

        yield once


@contextmanager
def calls(
    folder: Path, runner: str, size: int, name: str = "echo", network: str = "none"
) -> Iterator[Callable[[], None]]:
    from localfn.app import find_project, open_session
    from localfn.model import Call, Event
    from localfn.settings import resolve

    options = {"project": str(folder), "runner": runner, "network": network}
    settings = resolve(options, os.environ)
    opened = find_project(settings)
    call = Call(opened.find(name), Event(b"x" * size))
    with open_session(settings, opened, lambda line: None) as session:

        def once() -> None:
            result = session.invoke(call, lambda text: None)
            assert len(result.payload) == size, result.payload[:200]

        yield once


@contextmanager
def echoes(folder: Path, runner: str, size: int) -> Iterator[Callable[[], None]]:
    maker = process_echo if runner == "process" else docker_echo
    with maker(folder) as exchange:
        message = struct.pack(">I", size) + b"x" * size
        yield lambda: exchange(message)


@contextmanager
def process_echo(_: Path) -> Iterator[Callable[[bytes], None]]:
    with echoing([sys.executable, "-c", ECHO]) as exchange:
        yield exchange


@contextmanager
def echoing(command: list[str]) -> Iterator[Callable[[bytes], None]]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as child:

        def exchange(message: bytes) -> None:
            # Both ways at once, or a full pipe would stop the other.
            import threading

            if len(message) < 60_000:
                os.write(child.stdin.fileno(), message)
                read_exactly(lambda size: os.read(child.stdout.fileno(), size), len(message))
                return
            writer = threading.Thread(target=write_all, args=(child.stdin.fileno(), message))
            writer.start()
            read_exactly(lambda size: os.read(child.stdout.fileno(), size), len(message))
            writer.join()

        yield exchange
        child.stdin.close()


@contextmanager
def docker_echo(folder: Path) -> Iterator[Callable[[bytes], None]]:
    import threading

    import docker

    client = docker.APIClient()
    created = client.create_container(
        image_of(folder),
        ["python3", "-c", ECHO],
        stdin_open=True,
        host_config=client.create_host_config(network_mode="none", log_config={"Type": "none"}),
    )
    try:
        attached = client.attach_socket(created, {"stdin": 1, "stdout": 1, "stream": 1})
        client.start(created)
        link = attached._sock

        def exchange(message: bytes) -> None:
            writer = threading.Thread(target=link.sendall, args=(message,))
            if len(message) < 60_000:
                link.sendall(message)
            else:
                writer.start()
            left = len(message)
            while left:
                head = read_exactly(link.recv, 8)
                size = struct.unpack(">4xI", head)[0]
                read_exactly(link.recv, size)
                left -= size

        yield exchange
        attached.close()
    finally:
        client.remove_container(created, force=True)
        client.close()


def write_all(descriptor: int, message: bytes) -> None:
    left = memoryview(message)
    while left:
        left = left[os.write(descriptor, left) :]


def read_exactly(read: Callable[[int], bytes], size: int) -> bytes:
    pieces = []
    while size:
        piece = read(min(size, 1 << 20))
        assert piece, "the echo has ended"
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


ROWS: dict[str, Callable[[Path], Row]] = {
    "cold-process": cold_process,
    "cold-process-node": cold_process_node,
    "cold-docker": cold_docker,
    "cold-spare-python": cold_spare_python,
    "renew-process": renewed("process"),
    "renew-docker": renewed("docker"),
    "warm-process-1k": warm("process", 1024, 200, 3),
    "warm-process-6m": warm("process", 6_000_000, 20, 2),
    "warm-docker-1k": warm("docker", 1024, 200, 3),
    "warm-docker-6m": warm("docker", 6_000_000, 20, 2),
    "custom-process-1k": served("process"),
    "custom-docker-1k": served("docker"),
    "help": help_,
}


def has_docker() -> bool:
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to measure (default: all)")
    parser.add_argument("--list", action="store_true", help="name the rows")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    given = parser.parse_args()
    if given.list:
        print("\n".join(ROWS))
        return
    wanted = given.rows or [name for name in ROWS if "docker" not in name or has_docker()]
    measured = []
    # An installed program has its bytecode beside it; a checkout gets it at the first run.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        folder = project(Path(scratch))
        for name in wanted:
            row = ROWS[name](folder)
            measured.append(row)
            print(row, flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the largest process: {peak:.0f} MB")
    if given.json:
        told = [{"name": row.name, "ratio": row.ratio, "target": row.target} for row in measured]
        Path(given.json).write_text(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
