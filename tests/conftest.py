"""Fixtures and rules that every kind of test shares."""

import os
from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.instances.engine import find_engine

TESTS = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Docker where there is none, with the reason; in CI let it fail."""
    wanting = [each for each in items if each.get_closest_marker("docker")]
    if not wanting or os.environ.get("CI") == "true":
        return
    try:
        find_engine(os.environ)
    except MachineError as error:
        for item in wanting:
            item.add_marker(pytest.mark.skip(reason=error.message))


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return TESTS.parent
