"""Sessions that run functions of Lambda as a test describes them."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest

from localfn import providers
from localfn.app import open_session
from localfn.model import Call, Event, Function, Result
from localfn.project import Project
from localfn.settings import resolve

RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]

Invoke = Callable[..., Result]


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def invoke(runner: str, tmp_path: Path) -> Iterator[Invoke]:
    """Call functions in one session of this runner."""
    yield from opened(runner, tmp_path)


def opened(runner: str, root: Path) -> Generator[Invoke]:
    settings = resolve({"project": str(root), "runner": runner}, os.environ)
    project = Project(root, None, providers.load("aws"), ())
    with open_session(settings, project, lambda line: None) as session:

        def call(function: Function, payload: str = "{}", **more: object) -> Result:
            return session.invoke(Call(function, Event(payload.encode()), **more), lambda _: None)

        yield call


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Function]:
    """Make a function of a folder with this `bootstrap`, and with these files beside it."""

    def make(text: str, files: Mapping[str, str] = {}, **changes: object) -> Function:
        code = tmp_path / "code"
        for path, content in {"bootstrap": text, **files}.items():
            file = code / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            file.chmod(0o755)
        told = Function("greet", "provided.al2023", "some.handler", code, timeout_s=10)
        return told._replace(**changes)

    return make
