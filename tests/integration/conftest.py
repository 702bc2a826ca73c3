"""What tests against the outside world share: an image made here, never pulled."""

import os

import pytest

from localfn import assets
from localfn.instances.engine import Engine, Refused, open_engine
from localfn.instances.image import Images
from localfn.model import Runtime

BASE = "debian:bookworm-slim"


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The container engine; tests that ask for it carry the mark `docker`."""
    return open_engine(os.environ)


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """A local image with a Python: `LOCALFN_TEST_BASE` names another."""
    named = os.environ.get("LOCALFN_TEST_BASE", BASE)
    try:
        engine.ask("GET", f"/images/{named}/json")
    except Refused:
        absent = f"there is no image `{named}` to test with; `LOCALFN_TEST_BASE` names another"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)
    return named


@pytest.fixture(scope="session")
def image(engine: Engine, base: str) -> str:
    """Our own image for Python, built on the base."""
    images = Images(engine, assets.folder("runtimes"), "", "", {"python": base}, print)
    return images.find(Runtime("python3.10", "python", "3.10"))
