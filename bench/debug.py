"""What debugging costs: a session against debugpy alone, and a call without it against before.

    python bench/debug.py [--runs N]

Both sides of a row are measured in turn in one run. The reference of the first row is a script
that does with debugpy, and nothing else, what a worker does: listen, wait, import, call.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from localfn.debug.debugger import free_port
from tests.dap import Client

HANDLER = """\
def handler(event, context):
    total = 42
    return str(total)
"""
BREAKPOINT = 2
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
      memorySize: 512
      timeout: 60
"""
ALONE = """\
import sys
import debugpy
debugpy.configure(subProcess=False)
debugpy.listen(("127.0.0.1", int(sys.argv[1])), in_process_debug_adapter=True)
print("listening", file=sys.stderr, flush=True)
debugpy.wait_for_client()
sys.path.insert(0, sys.argv[2])
import index
print(index.handler(b"", None))
"""
TARGET = 1.3
# What a worker needs to listen after localfn has said that it waits.
SETTLE_S = 1.5


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = make_project(Path(folder))
        rows = [
            compared("attach to first stop", project, asked.runs, early=False),
            compared("command to first stop", project, asked.runs, early=True),
            imports(project),
        ]
    for row in rows:
        print(row["line"])
    if asked.json:
        Path(asked.json).write_text(json.dumps(rows, indent=2))
    return 0 if all(row["ok"] for row in rows) else 1


def make_project(folder: Path) -> Path:
    (folder / "code").mkdir()
    (folder / "code" / "index.py").write_text(HANDLER)
    (folder / "s.yaml").write_text(TEMPLATE)
    (folder / "alone.py").write_text(ALONE)
    return folder


def compared(name: str, project: Path, runs: int, *, early: bool) -> dict:
    """From the editor's connection, or from the command, to the first stop."""
    ours, alone = [], []
    for turn in range(runs + 1):
        mine = session(project, with_localfn, early=early)
        theirs = session(project, with_debugpy, early=early)
        if turn:
            ours.append(mine)
            alone.append(theirs)
    ratio = statistics.median(ours) / statistics.median(alone)
    mine, theirs = statistics.median(ours), statistics.median(alone)
    line = f"{name:<22} {mine:8.1f} ms  debugpy alone {theirs:8.1f} ms  ratio {ratio:.2f}"
    # Of the command, most is localfn's own start, which has a bench of its own.
    target = "" if early else f"  (target {TARGET:g})"
    return {"line": line + target, "ratio": ratio, "ok": early or ratio <= TARGET}


def session(project: Path, start, *, early: bool) -> float:
    """Milliseconds until code stops; the call is let go afterwards."""
    port = free_port()
    asked = time.perf_counter()
    process = start(project, port, early)
    try:
        began = asked if early else time.perf_counter()
        editor = Client(port)
        editor.attach(project / "code" / "index.py", [BREAKPOINT])
        stop = editor.stopped()
        spent_ms = (time.perf_counter() - began) * 1000
        stop.resume()
        assert process.wait(30) == 0
        editor.close()
    finally:
        process.kill()
        process.wait(5)
        process.stderr.close()
    return spent_ms


def with_localfn(project: Path, port: int, early: bool):
    words = ("invoke", "--runner", "process", "--debug", str(port))
    environ = {**os.environ, "LOCALFN_PYTHON3_10": sys.executable}
    command = [sys.executable, "-m", "localfn", *words]
    return started(command, project, environ, "listening" if early else "waits for", early)


def with_debugpy(project: Path, port: int, early: bool):
    command = [sys.executable, "-X", "frozen_modules=off", "alone.py", str(port), "code"]
    return started(command, project, dict(os.environ), "listening", early)


def started(command: list[str], folder: Path, environ: dict[str, str], ready: str, early: bool):
    """A process that has said that it is ready; unless early, with the time to be so."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if ready in line:
            break
    if not early:
        time.sleep(SETTLE_S)
    return process


def imports(project: Path) -> dict:
    """A call without a debugger imports nothing of one and opens no port."""
    code = (
        "import sys\n"
        "from localfn.cli.root import root\n"
        "root.main(['invoke', '--runner', 'process'], standalone_mode=False)\n"
        "print(sorted(each for each in sys.modules if each.startswith('localfn.debug')\n"
        "             or each.startswith(('debugpy', 'pydevd', 'psutil'))), file=sys.stderr)\n"
    )
    environ = {**os.environ, "LOCALFN_PYTHON3_10": sys.executable}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stderr.strip().splitlines()[-1]
    line = f"modules of a debugger loaded by a call without one: {loaded}"
    return {"line": line, "ok": loaded == "[]"}


if __name__ == "__main__":
    sys.exit(main())
