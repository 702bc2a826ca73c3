"""localfn and `sam local` side by side, in turn in one run (see README.md).

Needs `sam` on PATH (or named by BENCH_SAM), a container engine with SAM's image for the runtime,
and `wrk`. One SAM template serves both. Speaks to loopback only; every load ends after a few
seconds.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: app.handler
      Runtime: {runtime}
      Architectures: [x86_64]
      MemorySize: 512
      Timeout: 30
      Events:
        Web: {{Type: Api, Properties: {{Path: /echo, Method: get}}}}
"""
HANDLER = """\
VERSION = "v0"

def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": VERSION}
"""
SCRIPT = """\
function done(s, latency, requests)
  io.write(string.format('JSON {"rps": %.2f, "p50": %.4f, "p99": %.4f, "bad": %d}\\n',
    s.requests / (s.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    s.errors.status + s.errors.timeout + s.errors.read))
end
"""
START_LIMIT_S = 60.0
SAVE_LIMIT_S = 20.0
# Without any SAM asks the cloud for the account; these open nothing.
NO_CREDENTIALS = {"AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}


class Tool(NamedTuple):
    """One side: what invokes once, and what serves on a port."""

    name: str
    invoke: list[str]
    serve: list[str]


class Load(NamedTuple):
    """What a load of some seconds gave."""

    rps: float
    p50_ms: float
    p99_ms: float
    bad: int


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def tools(sam: str) -> dict[str, Tool]:
    localfn = str(Path(sys.executable).with_name("localfn"))
    event = ["--event", "event.json"]
    return {
        "localfn": Tool(
            "localfn",
            [localfn, "invoke", "Echo", "--runner", "docker", *event],
            [localfn, "start-api", "--runner", "docker", "--warm", "eager"],
        ),
        "sam": Tool(
            "sam local",
            [sam, "local", "invoke", "Echo", *event, "--skip-pull-image"],
            [sam, "local", "start-api", "--skip-pull-image", "--warm-containers", "EAGER"],
        ),
    }


def environ() -> Mapping[str, str]:
    kept = {name: told for name, told in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **NO_CREDENTIALS}


@contextmanager
def serving(tool: Tool, port: int, folder: Path) -> Iterator[None]:
    """Serve on a port, from the first good answer on."""
    command = [*tool.serve, "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            deadline = time.monotonic() + START_LIMIT_S
            while ask(port) is None:
                assert process.poll() is None, command
                assert time.monotonic() < deadline, command
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def ask(port: int) -> str | None:
    """Return what the function answers, None where the answer is no good one."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        link.request("GET", "/echo")
        answer = link.getresponse()
        text = answer.read().decode()
    except OSError:
        return None
    except http.client.HTTPException:
        return None
    finally:
        link.close()
    return text if answer.status == 200 else None


def cold(sides: Mapping[str, Tool], folder: Path, runs: int) -> dict[str, float]:
    """Time whole commands, in turn; the first of each only warms the machine."""
    took: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(runs + 1):
        for name, tool in sides.items():
            began = time.perf_counter()
            done = subprocess.run(
                tool.invoke, cwd=folder, env=environ(), capture_output=True, check=True
            )
            spent_ms = (time.perf_counter() - began) * 1000
            assert b"statusCode" in done.stdout, done
            if number:
                took[name].append(spent_ms)
    return {name: statistics.median(each) for name, each in took.items()}


def load(port: int, connections: int, seconds: int, script: Path) -> Load:
    address = f"http://127.0.0.1:{port}/echo"
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    told = subprocess.run(
        [*words, "-s", str(script), address], check=True, capture_output=True, text=True
    ).stdout
    found = json.loads(told[told.index("JSON ") + 5 :])
    return Load(found["rps"], found["p50"], found["p99"], found["bad"])


class Saves(NamedTuple):
    """How long saved code took to be served, and how many calls failed meanwhile."""

    ms: float
    failed: int
    calls: int


def saves(port: int, file: Path, count: int) -> Saves:
    """Save new versions while somebody calls without a pause."""
    over, failed, calls, took = threading.Event(), [0], [0], []
    lock = threading.Lock()

    def call() -> None:
        while not over.is_set():
            answer = ask(port)
            with lock:
                calls[0] += 1
                failed[0] += answer is None

    caller = threading.Thread(target=call)
    caller.start()
    try:
        for number in range(1, count + 1):
            version = f"{file.stat().st_mtime_ns}-{number}"
            file.write_text(HANDLER.replace("v0", version))
            began = time.perf_counter()
            while ask(port) != version:
                assert time.perf_counter() - began < SAVE_LIMIT_S, version
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(0.3)
    finally:
        over.set()
        caller.join()
    return Saves(statistics.median(took), failed[0], calls[0])


def line(title: str, mine: str, other: str, ratio: float, target: str) -> None:
    print(f"{title:14} localfn {mine:>28}   sam {other:>28}   ratio {ratio:7.1f}  ({target})")


def measure(sides: Mapping[str, Tool], folder: Path, given: argparse.Namespace) -> dict[str, float]:
    found: dict[str, float] = {}
    ms = cold(sides, folder, given.rounds)
    found["cold"] = ms["sam"] / ms["localfn"]
    line("cold", f"{ms['localfn']:.0f} ms", f"{ms['sam']:.0f} ms", found["cold"], "at least 3")
    script = folder / "load.lua"
    script.write_text(SCRIPT)
    ports = {name: free_port() for name in sides}
    with (
        serving(sides["localfn"], ports["localfn"], folder),
        serving(sides["sam"], ports["sam"], folder),
    ):
        for connections in (1, 8, 32):
            found |= loads(ports, connections, given, script)
        told = {
            name: saves(port, folder / "code" / "app.py", given.saves)
            for name, port in ports.items()
        }
    mine, other = told["localfn"], told["sam"]
    found["reload"], found["reload-failed"] = other.ms / mine.ms, mine.failed
    shown = [f"{each.ms:.0f} ms, {each.failed} of {each.calls} failed" for each in (mine, other)]
    line("save to served", shown[0], shown[1], found["reload"], "none failed")
    return found


def loads(
    ports: Mapping[str, int], connections: int, given: argparse.Namespace, script: Path
) -> dict[str, float]:
    all_: dict[str, list[Load]] = {name: [] for name in ports}
    for _ in range(given.rounds):
        for name, port in ports.items():
            all_[name].append(load(port, connections, given.seconds, script))
    rps = {name: statistics.median(each.rps for each in side) for name, side in all_.items()}
    p50 = {name: statistics.median(each.p50_ms for each in side) for name, side in all_.items()}
    p99 = {name: statistics.median(each.p99_ms for each in side) for name, side in all_.items()}
    bad = {name: sum(each.bad for each in side) for name, side in all_.items()}
    ratio = rps["localfn"] / rps["sam"] if rps["sam"] else float("inf")
    shown = {
        name: f"{rps[name]:.0f}/s, {p50[name]:.1f}/{p99[name]:.1f} ms, {bad[name]} bad"
        for name in ports
    }
    title = f"{connections} at once"
    line(title, shown["localfn"], shown["sam"], ratio, "at least 20; p50/p99 beside it")
    found = {f"throughput-{connections}": ratio}
    if connections == 1:
        found["warm-p50"] = p50["sam"] / p50["localfn"]
        found["warm-p99"] = p99["sam"] / p99["localfn"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--saves", type=int, default=7)
    parser.add_argument("--json", metavar="FILE", help="keep the ratios")
    given = parser.parse_args()
    sam = os.environ.get("BENCH_SAM", "sam")
    missing = [each for each in (sam, "wrk") if shutil.which(each) is None]
    if missing:
        print(f"skipped: not on PATH: {', '.join(missing)} (`BENCH_SAM` names SAM's program)")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "code").mkdir()
        (folder / "code" / "app.py").write_text(HANDLER)
        (folder / "template.yaml").write_text(TEMPLATE.format(runtime=RUNTIME))
        (folder / "event.json").write_text(json.dumps({"path": "/echo", "httpMethod": "GET"}))
        # A function's user is not the one who made this folder.
        for each in (folder, folder / "code"):
            each.chmod(0o755)
        found = measure(tools(sam), folder, given)
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
