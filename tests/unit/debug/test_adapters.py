import sys
import zipfile
from pathlib import Path

import pytest

from localfn.debug.adapters import Adapters, pinned
from localfn.errors import MachineError


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    return Adapters(tmp_path, lambda line: None)


def wheel(cache: Path, version: str, *names: str) -> Path:
    path = cache / "debugpy" / "wheels" / f"debugpy-{version}-py2.py3-none-any.whl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, "here = True\n")
    return path


@pytest.mark.parametrize(
    ("python", "version"),
    [
        *(("2.7", "1.5.1"), ("3.6", "1.5.1"), ("3.7", "1.7.0"), ("3.8", "1.8.21")),
        *(("3.9", "1.8.21"), ("3.10", ""), ("3.14", ""), ("3", "")),
    ],
)
def test_each_python_has_the_newest_debugger_that_runs_on_it(python: str, version: str) -> None:
    assert pinned(python)[1] == version


def test_a_python_that_is_too_old_has_no_debugger() -> None:
    with pytest.raises(MachineError):
        pinned("2.6")


def test_the_newest_is_a_copy_of_the_one_beside_localfn_and_of_nothing_else(
    adapters: Adapters,
) -> None:
    found = adapters.find("3.12")

    assert [each.name for each in found.folder.iterdir()] == ["debugpy"]
    assert found.since == (3, 10)
    assert "debugpy" not in sys.modules
    assert adapters.find("3.10").folder == found.folder


def test_a_wheel_that_is_there_needs_no_network(
    adapters: Adapters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheel(tmp_path, "1.8.21", "debugpy/__init__.py", "debugpy-1.8.21.dist-info/METADATA")

    found = adapters.find("3.9")

    assert (found.folder / "debugpy" / "__init__.py").is_file()
    assert [each.name for each in found.folder.iterdir()] == ["debugpy"]


def test_an_absent_debugger_that_cannot_be_fetched_is_named_with_the_way_out(
    adapters: Adapters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(MachineError) as caught:
        adapters.find("3.9")

    assert "debugpy 1.8.21, which Python 3.9 needs" in caught.value.message
    assert "debugpy==1.8.21" in caught.value.hint
    assert str(tmp_path / "debugpy" / "wheels") in caught.value.hint


@pytest.mark.parametrize("names", [("debugpy/../../out.py",), ()])
def test_a_wheel_that_is_none_is_refused_and_nothing_is_left(
    adapters: Adapters, tmp_path: Path, names: tuple[str, ...]
) -> None:
    path = wheel(tmp_path, "1.8.21", *names)
    if not names:
        path.write_bytes(b"no archive")

    with pytest.raises(MachineError) as caught:
        adapters.find("3.9")

    assert str(path) in caught.value.message
    assert [each.name for each in (tmp_path / "debugpy").iterdir()] == ["wheels"]
    assert not list(tmp_path.rglob("out.py"))


def test_files_are_compiled_once_for_each_interpreter(adapters: Adapters) -> None:
    said: list[str] = []
    found = adapters.find("3.12")
    again = Adapters(found.folder.parent.parent, said.append)

    for _ in range(2):
        again.compile(found, Path(sys.executable))

    assert len(said) == 1
    assert list(found.folder.rglob(f"__pycache__/*.{sys.implementation.cache_tag}.pyc"))
