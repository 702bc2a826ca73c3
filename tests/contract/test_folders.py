"""What an instance sees of folders, in every backend: code, layers, mounts."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.errors import ProjectError
from localfn.instances import namespace
from localfn.model import Function, Result, Volume
from tests.contract.conftest import Case

Invoke = Callable[[Function, bytes], Result]


def told(invoke: Invoke, function: Function, **wanted: object) -> dict:
    result = invoke(function, json.dumps(wanted).encode())
    assert result.failure is None, result.payload
    return json.loads(result.payload)


@pytest.fixture
def files(case: Case, tmp_path: Path) -> Function:
    """A function of its own folder, which lists, reads and writes what it is asked to."""
    named = [case.folder.parent / each for each in case.facts.get("files", ())]
    programs = named or list(case.folder.glob("files.*"))
    if not programs:
        pytest.skip(f"{case} has no program that tells what it sees")
    code = tmp_path / "code"
    (code / "tests").mkdir(parents=True)
    for each in programs:
        shutil.copy(each, code)
    (code / "secret.env").write_text("hidden")
    (code / "tests" / "test.txt").write_text("hidden")
    return case.function("files.handler", code=code, ignores=(code / ".ignored",))


def test_what_would_not_be_uploaded_is_not_there(invoke: Invoke, files: Function) -> None:
    (files.code / ".ignored").write_text("*.env\ntests/\n")

    seen = told(invoke, files, list=["."], read=["secret.env", "tests/test.txt"])

    assert not {"secret.env", "tests"} & set(seen["list"]["."])
    assert seen["read"] == {"secret.env": None, "tests/test.txt": None}


def test_without_rules_all_of_the_code_is_there(invoke: Invoke, files: Function) -> None:
    seen = told(invoke, files, list=["."], read=["secret.env"])

    assert {"secret.env", "tests"} <= set(seen["list"]["."])
    assert seen["read"] == {"secret.env": "hidden"}


def test_code_in_an_archive_is_run_from_what_it_holds(
    invoke: Invoke, files: Function, tmp_path: Path
) -> None:
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for each in files.code.iterdir():
            if each.is_file():
                opened.write(each, each.name)
        opened.writestr("data/in.txt", "from the archive")

    seen = told(invoke, files._replace(code=archive), read=["data/in.txt"])

    assert seen["read"] == {"data/in.txt": "from the archive"}


def test_a_mount_is_a_folder_of_the_project_which_keeps_what_is_written(
    invoke: Invoke, files: Function, tmp_path: Path, runner: str
) -> None:
    if runner == "process" and not namespace.can_show("/mnt/localfn-nas"):
        pytest.skip("this machine lets nobody have a mount namespace")
    own = tmp_path / ".localfn" / "mounts" / files.key / "mnt" / "localfn-nas"
    mounted = files._replace(mounts=(Volume("host:/", "/mnt/localfn-nas"),))

    first = told(invoke, mounted, write={"/mnt/localfn-nas/a.txt": "kept"})
    second = told(invoke, mounted, read=["/mnt/localfn-nas/a.txt"])

    assert first["write"] == {"/mnt/localfn-nas/a.txt": True}
    assert second["read"] == {"/mnt/localfn-nas/a.txt": "kept"}
    assert (own / "a.txt").read_text() == "kept"


def test_a_read_only_mount_cannot_be_written(invoke: Invoke, files: Function, runner: str) -> None:
    if runner == "process" and not namespace.can_show("/mnt/localfn-oss"):
        pytest.skip("this machine lets nobody have a mount namespace")
    volume = Volume("oss://b", "/mnt/localfn-oss", writable=False)

    seen = told(invoke, files._replace(mounts=(volume,)), write={"/mnt/localfn-oss/a.txt": "x"})

    assert seen["write"] == {"/mnt/localfn-oss/a.txt": False}


def test_a_layer_that_is_not_there_stops_the_call_and_not_the_next(
    invoke: Invoke, files: Function
) -> None:
    with pytest.raises(ProjectError, match="the layer `gone` of"):
        invoke(files._replace(layers=("gone",)), b"{}")

    assert told(invoke, files, list=["."])["list"]["."]
