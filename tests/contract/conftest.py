"""One suite per promise, run for every cloud, language and backend found by name."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from localfn import providers
from localfn.app import open_session
from localfn.model import Call, Event, Function, Hook, Hooks, Result
from localfn.project import Project
from localfn.settings import resolve

TESTS = Path(__file__).resolve().parent.parent
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


@dataclass(frozen=True)
class Case:
    """A cloud and a language that it runs."""

    cloud: str
    language: str
    runtime: str
    folder: Path

    def function(self, handler: str = "index.handler", **changes: object) -> Function:
        provider = providers.load(self.cloud)
        lone = provider.lone_function(self.folder, "index.py", "handler", self.runtime)
        return lone._replace(handler=handler, memory_mb=128, **changes)

    def golden(self, name: str) -> dict:
        path = TESTS / "clouds" / self.cloud / "failures" / self.language / f"{name}.json"
        return json.loads(path.read_text())


def cases() -> list[Case]:
    found = []
    for path in sorted((TESTS / "clouds").glob("*/contract.json")):
        cloud = path.parent.name
        for language, facts in json.loads(path.read_text())["languages"].items():
            folder = TESTS / "functions" / cloud / facts["folder"]
            found.append(Case(cloud, language, facts["runtime"], folder))
    return found


@pytest.fixture(params=cases(), ids=lambda case: f"{case.cloud}-{case.language}", scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture(params=RUNNERS, scope="module")
def runner(request: pytest.FixtureRequest) -> str:
    return request.param


Invoke = Callable[[Function, bytes], Result]


@pytest.fixture
def invoke(case: Case, runner: str, tmp_path: Path) -> Iterator[Invoke]:
    """Call functions in one session of this runner."""
    settings = resolve({"project": str(tmp_path), "runner": runner}, os.environ)
    project = Project(tmp_path, None, providers.load(case.cloud), ())
    with open_session(settings, project, lambda line: None) as session:
        yield lambda function, payload: session.invoke(
            Call(function, Event(payload)), lambda text: None
        )


__all__ = ["Case", "Hook", "Hooks"]
