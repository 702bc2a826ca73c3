from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.languages import python


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """A machine without any Python but the running one."""
    return {"PATH": str(tmp_path / "bin"), "PYENV_ROOT": str(tmp_path / "pyenv")}


def test_the_variable_wins_over_everything(tmp_path: Path, nowhere: dict[str, str]) -> None:
    program(tmp_path / "bin" / "python2.7")
    named = program(tmp_path / "mine")

    found = python.find("2.7", {**nowhere, "LOCALFN_PYTHON2_7": str(named)})

    assert (found.path, found.note) == (named, "")


def test_a_variable_that_names_no_program_is_refused_by_name(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    with pytest.raises(MachineError, match=r"`LOCALFN_PYTHON3_9` names `.*nothing`"):
        python.find("3.9", {**nowhere, "LOCALFN_PYTHON3_9": str(tmp_path / "nothing")})


def test_an_active_virtual_environment_of_the_right_version_comes_before_the_path(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    program(tmp_path / "bin" / "python3.6")
    inside = program(tmp_path / "venv" / "bin" / "python")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.6.15\n")

    found = python.find("3.6", {**nowhere, "VIRTUAL_ENV": str(tmp_path / "venv")})

    assert found.path == inside


def test_a_version_is_found_on_the_path_and_in_pyenv_but_not_among_shims(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    shims = tmp_path / "pyenv" / "shims"
    program(shims / "python3.7")
    real = program(tmp_path / "pyenv" / "versions" / "3.7.16" / "bin" / "python")

    found = python.find("3.7", {**nowhere, "PATH": str(shims)})

    assert (found.path, found.note) == (real, "")


def test_the_nearest_version_is_taken_with_a_line_that_says_so(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    for version in ("2.7", "3.4", "3.30"):
        program(tmp_path / "bin" / f"python{version}")

    found = python.find("3.3", nowhere)

    assert found.version == "3.4"
    assert "Python 3.3 is not installed" in found.note
    assert "LOCALFN_PYTHON3_3" in found.note


def test_of_two_versions_equally_near_the_newer_is_taken(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    for version in ("3.1", "3.3"):
        program(tmp_path / "bin" / f"python{version}")

    assert python.find("3.2", nowhere).version == "3.3"
