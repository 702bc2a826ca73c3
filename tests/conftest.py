"""Fixtures that every kind of test uses."""

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent


@pytest.fixture
def functions() -> Path:
    """The folder of tiny functions."""
    return TESTS / "functions"


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return TESTS.parent
