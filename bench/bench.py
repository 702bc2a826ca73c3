"""Ratios of localfn against a reference, both measured in turn in one run (see README.md)."""

import argparse
import json
import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HANDLER = "def handler(event, context):\n    return event\n"
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
    (folder / "s.yaml").write_text(TEMPLATE)
    (folder / "event.json").write_text(json.dumps({"key": "x" * 1000}))
    return folder


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


def warm(runner: str, size: int, runs: int, target: float) -> Callable[[Path], Row]:
    label = "1k" if size == 1024 else "6m"

    def measure(folder: Path) -> Row:
        with calls(folder, runner, size) as ours, echoes(folder, runner, size) as bare:
            return Row(f"warm-{runner}-{label}", *pairs(ours, bare, runs), target)

    return measure


@contextmanager
def calls(folder: Path, runner: str, size: int) -> Iterator[Callable[[], None]]:
    from localfn.app import find_project, open_session
    from localfn.model import Call, Event
    from localfn.settings import resolve

    options = {"project": str(folder), "runner": runner, "network": "none"}
    settings = resolve(options, os.environ)
    opened = find_project(settings)
    call = Call(opened.find("echo"), Event(b"x" * size))
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
    with subprocess.Popen(
        [sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
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
        socket = attached._sock

        def exchange(message: bytes) -> None:
            writer = threading.Thread(target=socket.sendall, args=(message,))
            if len(message) < 60_000:
                socket.sendall(message)
            else:
                writer.start()
            left = len(message)
            while left:
                head = read_exactly(socket.recv, 8)
                size = struct.unpack(">4xI", head)[0]
                read_exactly(socket.recv, size)
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
    "warm-process-1k": warm("process", 1024, 200, 3),
    "warm-process-6m": warm("process", 6_000_000, 20, 2),
    "warm-docker-1k": warm("docker", 1024, 200, 3),
    "warm-docker-6m": warm("docker", 6_000_000, 20, 2),
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
