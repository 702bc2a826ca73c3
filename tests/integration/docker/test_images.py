"""Images are built once, and one that cannot be had is named with the way out."""

from pathlib import Path

import pytest

from localfn import assets
from localfn.errors import MachineError
from localfn.instances.engine import Engine
from localfn.instances.image import VENDOR, Images
from localfn.model import Runtime

pytestmark = pytest.mark.docker
PYTHON = Runtime("python3.10", "python", "3.10", "vendor/python:1")
# Nobody listens there: what is pulled from it fails at once, and without a network.
NOWHERE = "localhost:1"


@pytest.fixture
def said() -> list[str]:
    return []


def test_our_image_is_built_once_and_named_by_its_content(
    engine: Engine, base: str, said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "python").mkdir()
    dockerfile = (assets.folder("runtimes") / "python" / "Dockerfile").read_text()
    (tmp_path / "python" / "Dockerfile").write_text(dockerfile + "LABEL test.once=1\n")
    images = Images(engine, tmp_path, "", "", {"python": base}, said.append)

    first = images.find(PYTHON)
    steps = len(said)
    second = images.find(PYTHON)

    removed = engine.ask("DELETE", f"/images/{first}")
    assert removed
    assert first == second
    assert said[0] == f"building {first} on {base} (once)"
    assert len(said) == steps > 1
    (tmp_path / "python" / "Dockerfile").write_text(dockerfile + "LABEL test.once=2\n")
    other = images.find(PYTHON)
    engine.ask("DELETE", f"/images/{other}")
    assert other != first


def test_a_build_that_fails_tells_its_last_words(
    engine: Engine, base: str, said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nRUN exit 9\n")
    images = Images(engine, tmp_path, "", "", {"python": base}, said.append)

    with pytest.raises(MachineError, match="exit 9") as raised:
        images.find(PYTHON)

    assert "Dockerfile" in raised.value.hint


@pytest.mark.parametrize(
    ("wanted", "registry", "bases", "named", "way_out"),
    [
        ("", "", {"python": f"{NOWHERE}/p:{{version}}"}, f"{NOWHERE}/p:3.10", "LOCALFN_BASE_"),
        (f"{NOWHERE}/mine", "", {}, f"{NOWHERE}/mine", "--image"),
        (VENDOR, f"{NOWHERE}/", {}, f"{NOWHERE}/vendor/python:1", "LOCALFN_REGISTRY"),
    ],
)
def test_an_image_that_cannot_be_had_is_named_with_the_way_out(
    engine: Engine,
    said: list[str],
    wanted: str,
    registry: str,
    bases: dict[str, str],
    named: str,
    way_out: str,
) -> None:
    images = Images(engine, assets.folder("runtimes"), wanted, registry, bases, said.append)

    with pytest.raises(MachineError, match=named) as raised:
        images.find(PYTHON)

    assert said == [f"pulling {named}"]
    assert way_out in raised.value.hint
    assert "--runner process" in raised.value.hint


def test_an_image_that_is_here_is_taken_as_it_is(
    engine: Engine, base: str, said: list[str]
) -> None:
    images = Images(engine, assets.folder("runtimes"), base, "", {}, said.append)

    assert images.find(PYTHON) == base
    assert said == []
