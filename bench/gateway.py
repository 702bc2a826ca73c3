"""The gateway against functions-framework and bare Flask, in turn in one run (see README.md).

Needs `wrk`, and `functions-framework` (PyPI) on PATH or named by BENCH_FUNCTIONS_FRAMEWORK.
Speaks to loopback only; every load ends after a few seconds.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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
      triggers:
        - {triggerName: web, triggerType: http, triggerConfig: {authType: anonymous}}
"""
HANDLER = """\
import json

def handler(event, context):
    headers = {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.loads(event)["body"]}
"""
FRAMEWORK = """\
def handler(request):
    return request.get_data(), 200, {"Content-Type": "application/json"}
"""
# Flask on the gateway's own HTTP server: what answering costs without functions.
BARE = """\
import sys, threading
from flask import Flask
from localfn.flow import aside
from localfn.gateway import wsgi
from localfn.gateway.server import Server
app = Flask("bare")
app.add_url_rule("/", view_func=lambda: "hello", methods=["GET", "POST"])
async def answer(request):
    await aside()
    return wsgi.ask(app, request)
server = Server("127.0.0.1", int(sys.argv[1]), answer)
server.start()
threading.Event().wait()
"""
SCRIPT = """\
wrk.method = "POST"
wrk.body = string.rep("x", 1024)
wrk.headers["Content-Type"] = "text/plain"
function done(s, latency, requests)
  io.write(string.format('JSON {"rps": %.1f, "p50": %.4f, "calls": %d, "bad": %d}\\n',
    s.requests / (s.duration / 1e6), latency:percentile(50) / 1e3, s.requests,
    s.errors.status + s.errors.timeout + s.errors.read))
end
"""
START_LIMIT_S = 20.0


class Load(NamedTuple):
    """What a load of some seconds gave."""

    rps: float
    p50_ms: float
    calls: int = 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[tuple[float, int]]:
    """Yield how many milliseconds a server took to answer for the first time, and its process."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            await_answer(port, process)
            yield (time.perf_counter() - began) * 1000, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def await_answer(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.args
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as link:
                link.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
                if link.recv(12).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.002)
    raise TimeoutError(str(process.args))


def load(port: int, connections: int, seconds: int, script: Path) -> Load:
    told = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "-s",
            str(script),
            f"http://127.0.0.1:{port}/",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = json.loads(told[told.index("JSON ") + 5 :])
    assert not found["bad"], found
    return Load(found["rps"], found["p50"], found["calls"])


def servers(folder: Path, framework: str) -> dict[str, tuple[list[str], int]]:
    ours, theirs, bare = free_port(), free_port(), free_port()
    (folder / "code").mkdir()
    (folder / "code" / "index.py").write_text(HANDLER)
    (folder / "s.yaml").write_text(TEMPLATE)
    (folder / "main.py").write_text(FRAMEWORK)
    (folder / "bare.py").write_text(BARE)
    script = str(Path(sys.executable).with_name("localfn"))
    return {
        "localfn": ([script, "start-api", "--port", str(ours), "--runner", "process"], ours),
        "framework": (
            [
                framework,
                "--target",
                "handler",
                "--source",
                "main.py",
                "--host",
                "127.0.0.1",
                "--port",
                str(theirs),
            ],
            theirs,
        ),
        "bare": ([sys.executable, "bare.py", str(bare)], bare),
    }


def ready(sides: dict[str, tuple[list[str], int]], folder: Path, runs: int) -> None:
    took: dict[str, list[float]] = {"localfn": [], "bare": []}
    for _ in range(runs):
        for name in took:
            command, port = sides[name]
            with running(command, port, folder) as (spent_ms, _):
                took[name].append(spent_ms)
    mine, bare = (statistics.median(took[name]) for name in ("localfn", "bare"))
    print(
        f"ready       {mine:8.0f} ms   bare Flask {bare:8.0f} ms   "
        f"ratio {mine / bare:5.2f}  (target 2)"
    )
    print("            (localfn's first answer includes starting the function)")


def loads(
    sides: dict[str, tuple[list[str], int]], folder: Path, rounds: int, seconds: int
) -> list[dict[str, object]]:
    script = folder / "load.lua"
    script.write_text(SCRIPT)
    found = []
    (ours, our_port), (theirs, their_port) = sides["localfn"], sides["framework"]
    with running(ours, our_port, folder), running(theirs, their_port, folder):
        for connections in (1, 8, 32):
            mine, other = [], []
            for each in range(rounds + 1):
                pair = [load(port, connections, seconds, script) for port in (our_port, their_port)]
                if each:  # the first round warms both
                    mine.append(pair[0])
                    other.append(pair[1])
            found.append(show(connections, mine, other))
    return found


def memory(sides: dict[str, tuple[list[str], int]], folder: Path, calls: int) -> dict[str, object]:
    """Return how much larger the gateway is after so many calls than after the first tenth."""
    script = folder / "load.lua"
    script.write_text(SCRIPT)
    command, port = sides["localfn"]
    with running(command, port, folder) as (_, pid):
        made, first_kb = 0, 0
        while made < calls:
            made += load(port, 8, 3, script).calls
            if not first_kb and made >= calls / 10:
                first_kb = resident_kb(pid)
        last_kb = resident_kb(pid)
    first_mb, last_mb = first_kb / 1024, last_kb / 1024
    print(
        f"memory      {first_mb:6.1f} MB after a tenth of {made} calls, {last_mb:6.1f} MB after "
        f"all   ratio {last_mb / first_mb:5.3f}  (target 1.05)"
    )
    return {"calls": made, "memory": last_kb / first_kb}


def resident_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError(pid)


def show(connections: int, mine: list[Load], other: list[Load]) -> dict[str, object]:
    rps = [statistics.median(each.rps for each in side) for side in (mine, other)]
    p50 = [statistics.median(each.p50_ms for each in side) for side in (mine, other)]
    target = "p50 ratio at most 1" if connections == 1 else "throughput ratio at least 2"
    print(
        f"{connections:2} at once  {rps[0]:8.0f}/s {p50[0]:7.2f} ms   functions-framework "
        f"{rps[1]:8.0f}/s {p50[1]:7.2f} ms   throughput ratio {rps[0] / rps[1]:5.2f}   "
        f"p50 ratio {p50[0] / p50[1]:5.2f}  (target: {target})"
    )
    return {"connections": connections, "throughput": rps[0] / rps[1], "p50": p50[0] / p50[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=0, help="watch the memory over so many calls")
    parser.add_argument("--json", metavar="FILE", help="keep the ratios")
    given = parser.parse_args()
    framework = os.environ.get("BENCH_FUNCTIONS_FRAMEWORK", "functions-framework")
    missing = [each for each in ("wrk", framework) if shutil.which(each) is None]
    if missing:
        sys.exit(f"not on PATH: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sides = servers(folder, framework)
        ready(sides, folder, given.rounds)
        found = loads(sides, folder, given.rounds, given.seconds)
        if given.calls:
            found.append(memory(sides, folder, given.calls))
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
