"""From a save to the first answer by the new code, with calls flowing all the time.

Three rows: how soon a save is noticed (beside watchdog's own observer in the same run), and how
soon it is served in a process and in a container under a steady load, with the failed and the
stale calls counted. A call is stale when it began after a save had ended and was still answered
by older code. Everything stays in this process and on this machine.
"""

import argparse
import json
import os
import queue
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TEMPLATE = """\
edition: 3.0.0
resources:
  echo:
    component: fc3
    props: {functionName: echo, runtime: python3.10, handler: index.handler, code: ./code}
"""
TARGETS_MS = {"process": 60, "docker": 120}
WORKERS = 16
LIMIT_S = 30.0


def source(number: int) -> str:
    return f"def handler(event, context):\n    return b'{number}'\n"


def in_place(file: Path, content: str) -> None:
    file.write_text(content)


def renamed(file: Path, content: str) -> None:
    beside = file.with_name(f".{file.name}.tmp")
    beside.write_text(content)
    beside.replace(file)


def vim(file: Path, content: str) -> None:
    backup = file.with_name(f"{file.name}~")
    file.rename(backup)
    file.write_text(content)
    backup.unlink()


SAVES = (in_place, renamed, vim)


def quantile(figures: list[float], share: float) -> float:
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * share))]


# --- noticed -----------------------------------------------------------------------------------


def noticed(folder: Path, saves: int, _: float) -> dict[str, object]:
    code = project(folder) / "code"
    for number in range(78):
        (code / f"m{number}").mkdir()
        for inner in range(3):
            (code / f"m{number}" / f"f{inner}.py").write_text("")
    ours = list(timed_saves(code / "index.py", saves, our_watch(code)))
    theirs = list(timed_saves(code / "index.py", saves, watchdogs_watch(code)))
    doubts, batches = [each["doubt"] for each in ours], [each["batch"] for each in ours]
    return {
        "calls held after (p50 / p95 ms)": shown(doubts),
        "batch told after (p50 / p95 ms)": shown(batches),
        "watchdog's own observer (p50 / p95 ms)": shown([each["event"] for each in theirs]),
    }


def timed_saves(
    file: Path, saves: int, watch: "contextmanager[dict[str, queue.Queue[float]]]"
) -> Iterator[dict[str, float]]:
    with watch as told:
        for number in range(saves):
            SAVES[number % len(SAVES)](file, f"# {number}")
            ended = time.perf_counter()
            yield {
                name: max(0.0, (each.get(timeout=LIMIT_S) - ended) * 1000)
                for name, each in told.items()
            }
            time.sleep(0.15)
            for each in told.values():
                while not each.empty():
                    each.get()


@contextmanager
def our_watch(code: Path) -> Iterator[dict[str, "queue.Queue[float]"]]:
    from localfn.reload.batch import Batch
    from localfn.reload.scope import Root
    from localfn.reload.watcher import Watcher

    told = {"doubt": queue.Queue(), "batch": queue.Queue()}

    class Reporter:
        def doubt(self, paths: Collection[Path]) -> None:
            told["doubt"].put(time.perf_counter())

        def settle(self, batch: Batch) -> None:
            told["batch"].put(time.perf_counter())

    with Watcher([Root(code)], Reporter(), print):
        yield told


@contextmanager
def watchdogs_watch(code: Path) -> Iterator[dict[str, "queue.Queue[float]"]]:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    from localfn.reload.observed import FILTER

    told: dict[str, queue.Queue[float]] = {"event": queue.Queue()}

    class Handler(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            told["event"].put(time.perf_counter())

    observer = Observer()
    observer.schedule(Handler(), str(code), recursive=True, event_filter=FILTER)
    observer.start()
    try:
        yield told
    finally:
        observer.stop()
        observer.join()


# --- served ------------------------------------------------------------------------------------


@dataclass
class Load:
    """Calls at a steady rate, whatever becomes of them."""

    invoke: Callable[[], tuple[int | None, str]]
    rate: float
    calls: list[tuple[float, float, int | None, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._due: queue.Queue[float | None] = queue.Queue()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(WORKERS)]
        self._threads.append(threading.Thread(target=self._pace))

    def __enter__(self) -> "Load":
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._threads:
            each.join(LIMIT_S)

    def _pace(self) -> None:
        begun = time.perf_counter()
        number = 0
        while not self._stop.is_set():
            number += 1
            time.sleep(max(0.0, begun + number / self.rate - time.perf_counter()))
            self._due.put(time.perf_counter())
        for _ in range(WORKERS):
            self._due.put(None)

    def _work(self) -> None:
        while self._due.get() is not None:
            started = time.perf_counter()
            answer, failure = self.invoke()
            self.calls.append((started, time.perf_counter(), answer, failure))


def served(runner: str) -> Callable[[Path, int, float], dict[str, object]]:
    def measure(folder: Path, saves: int, rate: float) -> dict[str, object]:
        file = project(folder) / "code" / "index.py"
        saved: list[tuple[float, int]] = []
        with following(folder, runner) as invoke:
            for _ in range(5):
                _, failure = invoke()
                if failure:
                    raise SystemExit(f"{runner}: {failure}")
            with Load(invoke, rate) as load:
                time.sleep(1)
                waits = [
                    saved_and_called(file, number, invoke, saved) for number in range(1, saves)
                ]
        stale = [call for call in load.calls if is_stale(call, saved)]
        failed = [call for call in load.calls if call[3]]
        took = [(end - start) * 1000 for start, end, _, _ in load.calls]
        return {
            "save to served (p50 / p95 ms)": shown(waits),
            "target p50 ms": TARGETS_MS[runner],
            "calls": len(load.calls),
            "failed": len(failed),
            "stale": len(stale),
            "a call of the load (p50 / max ms)": (
                f"{statistics.median(took):.1f} / {max(took):.1f}"
            ),
            "first failure": failed[0][3] if failed else "",
        }

    return measure


def saved_and_called(
    file: Path, number: int, invoke: Callable[[], tuple[int | None, str]], saved: list
) -> float:
    """Save, call at once and until the new code answers; return how long it took."""
    SAVES[number % len(SAVES)](file, source(number))
    ended = time.perf_counter()
    saved.append((ended, number))
    while invoke()[0] != number:
        assert time.perf_counter() < ended + LIMIT_S, f"save {number} was never served"
    waited = (time.perf_counter() - ended) * 1000
    time.sleep(0.3 + number % 7 * 0.02)
    return waited


def is_stale(call: tuple[float, float, int | None, str], saved: list[tuple[float, int]]) -> bool:
    started, _, answer, failure = call
    due = max((number for ended, number in saved if ended < started), default=0)
    return not failure and answer is not None and answer < due


@contextmanager
def following(folder: Path, runner: str) -> Iterator[Callable[[], tuple[int | None, str]]]:
    """Yield what calls the function of a session that follows its files."""
    from localfn.app import find_project, open_session
    from localfn.errors import LocalfnError
    from localfn.model import Call, Event
    from localfn.reload.reloader import Reloader
    from localfn.settings import resolve

    given = {"project": str(folder), "runner": runner, "network": "none"}

    def read() -> tuple:
        settings = resolve(given, os.environ)
        return settings, find_project(settings)

    settings, opened = read()

    def invoke() -> tuple[int | None, str]:
        try:
            result = session.invoke(
                Call(session.project.find("echo"), Event(b"")), lambda text: None
            )
        except LocalfnError as error:
            return None, error.message
        if result.failure is not None:
            return None, f"{result.failure.kind.value}: {result.failure.message}"
        return int(result.payload), ""

    with (
        open_session(settings, opened, quiet, lasting=True, read=read) as session,
        Reloader(session, quiet),
    ):
        yield invoke


def quiet(_: str) -> None:
    return


def project(folder: Path) -> Path:
    folder.chmod(0o755)
    (folder / "code").mkdir()
    (folder / "code" / "index.py").write_text(source(0))
    (folder / "s.yaml").write_text(TEMPLATE)
    return folder


def shown(figures: list[float]) -> str:
    return f"{quantile(figures, 0.5):.1f} / {quantile(figures, 0.95):.1f}"


ROWS = {"noticed": noticed, "process": served("process"), "docker": served("docker")}


def has_docker() -> bool:
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--saves", type=int, default=60, help="[default: 60]")
    parser.add_argument("--rate", type=float, default=50, help="calls a second  [default: 50]")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    given = parser.parse_args()
    wanted = given.rows or [each for each in ROWS if each != "docker" or has_docker()]
    figures = {}
    for name in wanted:
        with tempfile.TemporaryDirectory() as scratch:
            figures[name] = ROWS[name](Path(scratch), given.saves, given.rate)
        print(name)
        for what, figure in figures[name].items():
            print(f"  {what:<42} {figure}")
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
