import os
from pathlib import Path

import pytest

from localfn.errors import ProjectError
from localfn.invoke.mounts import find_mounts, variable_of
from localfn.model import Function, Local, Mount, Place, Volume

DATA = Volume("x.nas:/data", "/mnt/data")


def function(*mounts: Volume, service: str = "") -> Function:
    return Function("resize", "python3.10", "i.h", Path("code"), service, mounts=mounts)


def test_a_mount_without_a_folder_gets_one_of_the_functions_own(tmp_path: Path) -> None:
    (mount,) = find_mounts(function(DATA, service="shop"), tmp_path, {})

    own = tmp_path / ".localfn" / "mounts" / "shop" / "resize" / "mnt" / "data"
    assert mount == Mount(own, "/mnt/data", writable=True)
    assert own.is_dir()
    assert os.access(own, os.W_OK)


def test_a_folder_of_its_own_keeps_what_was_written(tmp_path: Path) -> None:
    (mount,) = find_mounts(function(DATA), tmp_path, {})
    (mount.source / "kept").touch()

    (again,) = find_mounts(function(DATA), tmp_path, {})

    assert (again.source / "kept").exists()


@pytest.mark.parametrize("key", ["/mnt/data", "/mnt/data/", "x.nas:/data"])
def test_a_mount_is_the_folder_that_the_projects_file_names(tmp_path: Path, key: str) -> None:
    (tmp_path / "mine").mkdir()

    (mount,) = find_mounts(function(DATA), tmp_path, {key: Local(tmp_path / "mine")})

    assert mount.source == tmp_path / "mine"
    assert not (tmp_path / ".localfn").exists()


def test_a_read_only_volume_is_a_mount_that_cannot_be_written(tmp_path: Path) -> None:
    volume = Volume("oss://b", "/mnt/b", writable=False)

    assert not find_mounts(function(volume), tmp_path, {})[0].writable


def test_a_folder_that_is_named_and_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = Local(tmp_path / "gone", Place(tmp_path / "localfn.yaml", 7))

    with pytest.raises(ProjectError, match=r"localfn\.yaml:7: .*gone`, which stands for") as caught:
        find_mounts(function(DATA), tmp_path, {"/mnt/data": wrong})

    assert "`mounts` in localfn.yaml" in caught.value.hint


@pytest.mark.parametrize(
    ("target", "name"),
    [("/mnt/data", "LOCALFN_MOUNT_MNT_DATA"), ("/a-b/c.d", "LOCALFN_MOUNT_A_B_C_D")],
)
def test_a_function_that_cannot_see_a_mount_finds_it_in_a_variable(target: str, name: str) -> None:
    assert variable_of(Mount(Path("x"), target)) == name
