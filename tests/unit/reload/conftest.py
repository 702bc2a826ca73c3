"""A watcher on a folder, and who writes down what it reports."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localfn.reload.batch import Batch
from localfn.reload.observed import FolderLookout, TreeLookout
from localfn.reload.polling import Poller
from localfn.reload.scope import Root
from localfn.reload.watcher import Watcher

LIMIT_S = 20.0
Found = dict[str, str]


class Recorder:
    """Writes down doubts and batches; paths are told below `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._changed = threading.Condition()
        self.batches: list[Batch] = []
        self.doubts: list[Path] = []
        self.in_doubt = False

    def doubt(self, paths: Collection[Path]) -> None:
        with self._changed:
            self.in_doubt = True
            self.doubts += paths

    def settle(self, batch: Batch) -> None:
        with self._changed:
            self.in_doubt = False
            self.batches.append(batch)
            self._changed.notify_all()

    def told(self) -> list[Found]:
        """All batches with something in them."""
        shown = [
            {str(each.path.relative_to(self._home)): each.kind.value for each in batch.changes}
            for batch in self.batches
        ]
        return [each for each in shown if each]

    def await_path(self, name: str) -> list[Found]:
        """Wait until there is news of this path; return all there was."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: any(name in each for each in self.told()), LIMIT_S
            )
            assert found, f"no news of {name}, only {self.told()}"
            return self.told()


class Watch:
    """A folder under watch, and a fence: what is not reported before it will never be."""

    def __init__(self, home: Path, recorder: Recorder, watcher: Watcher) -> None:
        self.home = home
        self.recorder = recorder
        self.watcher = watcher

    def news(self, root: str = "code") -> Found:
        """Return everything that was reported until now, as if it were one batch."""
        fence = f"{root}/fence-{time.monotonic_ns()}"
        (self.home / fence).write_text("")
        told = self.recorder.await_path(fence)
        found: Found = {}
        for batch in told:
            found |= batch
        self.recorder.batches.clear()
        return {path: kind for path, kind in found.items() if "fence-" not in path}


WatchOf = Callable[..., "contextmanager[Watch]"]
LOOKOUTS = {
    "folders": lambda trees: FolderLookout(),
    "tree": lambda trees: TreeLookout(trees),
    "polling": lambda trees: Poller(trees),
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often where a look is all there is."""
    monkeypatch.setattr("localfn.reload.polling.EVERY_S", 0.05)


@pytest.fixture(params=LOOKOUTS)
def lookout(request: pytest.FixtureRequest) -> str:
    """Each way of being told of changes."""
    return request.param


@contextmanager
def watching(home: Path, *roots: Root, lookout: str = "folders") -> Iterator[Watch]:
    said: list[str] = []
    recorder = Recorder(home)
    with Watcher(roots, recorder, said.append, LOOKOUTS[lookout]) as watcher:
        yield Watch(home, recorder, watcher)
    assert said == []


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A function's folder with a handler."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "index.py").write_text("one")
    return folder


@pytest.fixture
def watch(tmp_path: Path, code: Path, lookout: str) -> Iterator[Watch]:
    """A watch on the code folder, in each way."""
    with watching(tmp_path, Root(code), lookout=lookout) as opened:
        yield opened
