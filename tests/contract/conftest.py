"""One suite per promise, run for every cloud, language and backend found by name."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from localfn import assets, providers
from localfn.app import open_session
from localfn.errors import MachineError
from localfn.instances.engine import open_engine
from localfn.instances.image import Images
from localfn.model import Call, Container, Event, Function, Hook, Hooks, Result
from localfn.project import Project
from localfn.settings import resolve

TESTS = Path(__file__).resolve().parent.parent
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


@dataclass(frozen=True)
class Case:
    """A cloud and a language that it runs."""

    cloud: str
    language: str
    facts: Mapping[str, object]
    words: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.cloud}-{self.language}"

    @property
    def folder(self) -> Path:
        return TESTS / "functions" / self.cloud / self.facts["folder"]

    def function(self, handler: str = "index.handler", **changes: object) -> Function:
        provider = providers.load(self.cloud)
        lone = provider.lone_function(
            self.folder, self.facts["file"], "handler", self.facts["runtime"]
        )
        if "command" in self.facts:
            lone = lone._replace(container=Container(command=tuple(self.facts["command"])))
        return lone._replace(handler=handler, memory_mb=128)._replace(**changes)

    def event(self, text: bytes) -> bytes:
        """Return a text as this cloud's events carry it."""
        return json.dumps(text.decode()).encode() if self.words["speaks"] == "json" else text

    def heard(self, result: Result) -> Result:
        """Return a result whose answer is the text that its payload carries."""
        if result.failure is not None or self.words["speaks"] != "json":
            return result
        return result._replace(payload=str(json.loads(result.payload)).encode())

    def line(self, which: str, id_: str) -> str:
        """Return one of the platform's own lines."""
        return self.words["lines"][which].replace("{id}", id_)

    def even(self, text: str) -> str:
        """Return a text without what differs from run to run."""
        for pattern, told in self.words["varying"]:
            text = re.sub(pattern, told, text)
        return text

    def own(self, what: str) -> Mapping[str, Mapping[str, str]]:
        """Return the `answers` or `failures` that only this language has."""
        return self.facts.get(what, {})

    def own_function(self, told: Mapping[str, str], **changes: object) -> Function:
        runtime = told.get("runtime", self.facts["runtime"])
        handler = told.get("handler", "index.handler")
        function = self.function(handler, runtime=runtime, **changes)
        if "command" in told:
            function = function._replace(container=Container(command=tuple(told["command"])))
        if "initializer" in told:
            function = function._replace(hooks=Hooks(initializer=Hook(told["initializer"], 3)))
        attributes = {**function.attributes, **told.get("attributes", {})}
        code = function.code / told.get("code", "")
        return function._replace(code=code, attributes=attributes)

    def skip_what_it_lacks(self, name: str) -> None:
        """Skip where the cloud has no such thing in this language, or another suite has it."""
        lacks = self.facts.get("lacks", {})
        reasons = lacks if isinstance(lacks, dict) else {"see what it has instead": lacks}
        for reason, names in reasons.items():
            if name in names:
                pytest.skip(f"{self} has no `{name}`: {reason}")

    def golden(self, name: str) -> dict:
        path = TESTS / "clouds" / self.cloud / "failures" / self.language / f"{name}.json"
        return json.loads(path.read_text())


def cases() -> list[Case]:
    found = []
    for path in sorted((TESTS / "clouds").glob("*/contract.json")):
        words = json.loads(path.read_text())
        found += [Case(path.parent.name, *each, words) for each in words["languages"].items()]
    return found


def each_own(what: str) -> list:
    """Return a case and a name for everything of this kind that only one language has."""
    return [
        pytest.param(case, name, id=f"{case}-{name}") for case in cases() for name in case.own(what)
    ]


@pytest.fixture(params=cases(), ids=str, scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture(params=RUNNERS, scope="module")
def runner(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", autouse=True)
def _images(case: Case, runner: str) -> None:
    """Build the images that these tests run in, once and not within a call."""
    if runner != "docker":
        return
    known = providers.load(case.cloud).runtimes
    others = [
        each.get("runtime", "")
        for what in ("answers", "failures")
        for each in case.own(what).values()
    ]
    settings = resolve({}, os.environ)
    images = Images(
        open_engine(os.environ), assets.folder("runtimes"), "", "", settings.base_images, print
    )
    try:
        for runtime in {case.facts["runtime"], *others} - {""}:
            images.find(known[runtime])
    except MachineError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{error.message} {error.hint}")


Invoke = Callable[[Function, bytes], Result]


@contextmanager
def opened(
    case: Case, runner: str, folder: Path, follow_stop: Callable[[bytes], None]
) -> Iterator[Invoke]:
    """Call functions in one session of this runner."""
    environ = {**os.environ, "LOCALFN_START_LIMIT": "8"}
    settings = resolve({"project": str(folder), "runner": runner}, environ)
    project = Project(folder, None, providers.load(case.cloud), ())
    with open_session(settings, project, lambda line: None, follow_stop) as session:
        yield lambda function, text: case.heard(
            session.invoke(Call(function, Event(case.event(text))), lambda text: None)
        )


@pytest.fixture
def invoke(case: Case, runner: str, tmp_path: Path) -> Iterator[Invoke]:
    with opened(case, runner, tmp_path, lambda text: None) as invoke:
        yield invoke


__all__ = ["Case", "Hook", "Hooks"]
