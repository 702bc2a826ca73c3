"""Fixtures and rules that every kind of test shares."""

import os
from pathlib import Path

import pytest

from localfn import assets
from localfn.errors import MachineError
from localfn.instances.engine import open_engine
from localfn.instances.image import Images
from localfn.model import Runtime
from localfn.settings import resolve

TESTS = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Docker where there is none, with the reason; in CI let it fail."""
    wanting = [each for each in items if each.get_closest_marker("docker")]
    if not wanting or os.environ.get("CI") == "true":
        return
    lack = what_docker_lacks()
    for item in wanting if lack else ():
        item.add_marker(pytest.mark.skip(reason=lack))


def what_docker_lacks() -> str:
    """Why containers cannot be tested here, or "": no engine, or no image to build ours on."""
    settings = resolve({}, os.environ)
    try:
        engine = open_engine(os.environ)
        runtimes = assets.folder("runtimes")
        images = Images(engine, runtimes, "", settings.registry, settings.base_images, print)
        images.find(Runtime("python3.10", "python", "3.10"))
    except MachineError as error:
        return f"{error.message} {error.hint}"
    return ""


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return TESTS.parent
