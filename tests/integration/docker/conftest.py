"""A worker of the tests' own in containers made as localfn makes them."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from localfn import assets
from localfn.instances.docker import DockerBackend, DockerGuest
from localfn.instances.engine import Engine, Refused
from localfn.instances.image import Images
from localfn.model import Function, InstancePlan, Mount, Site
from localfn.wires.frames import Frame

WORKERS = Path(__file__).parents[2] / "functions" / "frames"
LIMIT_S = 20.0
COMMAND = ("python3", "-S", "-E", "-B", "/var/localfn/supervisor.py", "--")
WORKER = ("python3", "-B", "/var/worker/worker.py")

Plan = Callable[..., InstancePlan]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A code folder that the function's user may read."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "index.py").write_text("word = 'mounted'\n")
    # What pytest made for itself, up to the folder that everybody may enter.
    made = [each for each in tmp_path.parents if each.name.startswith(("pytest-", "popen-"))]
    for each in (folder, tmp_path, *made):
        each.chmod(each.stat().st_mode | 0o055)
    return folder


@pytest.fixture
def plan(image: str, code: Path) -> Plan:
    """Make a plan; arguments replace its fields."""

    def make(**changes: object) -> InstancePlan:
        made = InstancePlan(
            function=Function("probe", "python3.10", "index.handler", code),
            site=Site.CONTAINER,
            wire="bootstrap",
            command=(*COMMAND, *WORKER),
            folder=Path("/code"),
            environment={"STAGE": "dev"},
            init={"mark": "token"},
            memory_mb=128,
            image=image,
            mounts=(
                Mount(code, "/code"),
                Mount(assets.folder("runtimes") / "python", "/var/localfn"),
                Mount(WORKERS, "/var/worker"),
            ),
        )
        return made._replace(**changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def backend(engine: Engine) -> Iterator[DockerBackend]:
    def images(opened: Engine) -> Images:
        return Images(opened, assets.folder("runtimes"), "", "", {}, print)

    made = DockerBackend(os.environ, images, "none")
    yield made
    made.close()


class Worker:
    """A worker in a container, and what one says to it."""

    def __init__(self, guest: DockerGuest) -> None:
        self.guest = guest

    @property
    def container(self) -> str:
        return self.guest.container

    def do(self, code: str, payload: bytes = b"") -> None:
        self.guest.channel.send({"kind": "do", "id": "1", "code": code}, payload, LIMIT_S)

    def receive(self) -> Frame:
        frame = self.guest.channel.receive(LIMIT_S)
        assert frame is not None
        return frame

    def answer(self, code: str) -> object:
        self.do(code)
        return self.receive().header["answer"]

    def refusal(self, code: str) -> str:
        """The name of the error that this code meets."""
        tried = "".join(f"    {line}\n" for line in code.splitlines())
        caught = "except OSError as error:\n    import errno; answer = errno.errorcode[error.errno]"
        return cast("str", self.answer(f"try:\n{tried}{caught}"))


Start = Callable[..., Worker]


@pytest.fixture
def start(backend: DockerBackend, plan: Plan) -> Start:
    """Start a worker; arguments replace the plan's fields."""
    return lambda **changes: Worker(backend.start(plan(**changes), print))


@pytest.fixture
def gone(engine: Engine) -> Callable[[str, float], bool]:
    """Whether a container is gone, not only stopped, within this time."""

    def wait(container: str, limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            try:
                engine.ask("GET", f"/containers/{container}/json")
            except Refused as error:
                if error.status == 404:
                    return True
            time.sleep(0.02)
        return False

    return wait
