"""A process sees folders where its function expects them, and the machine keeps its own files."""

import os
import subprocess
from pathlib import Path

import pytest

from localfn.instances import namespace
from localfn.model import Mount

pytestmark = pytest.mark.skipif(
    not namespace.unshare(), reason="this machine lets nobody have a mount namespace"
)
# A folder that is not below `/tmp`, where pytest keeps its own.
HOME = Path("/var/tmp")


@pytest.fixture
def shared() -> Path:
    folder = HOME / f"localfn-test-{os.urandom(4).hex()}"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "file").write_text("of the user")
    (folder / "code").mkdir()
    yield folder
    subprocess.run(["rm", "-r", str(folder)], check=True)


def run(script: str, tmp: Path, code: Path, *mounts: Mount) -> str:
    """Run a shell script in a view; return what it printed."""
    tmp.mkdir(exist_ok=True)
    view = namespace.wrap(("/bin/sh", "-c", script), tmp, (code,), mounts, code)
    done = subprocess.run(
        view.command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize(
    "target", ["/mnt/localfn-x", "/mnt", "/localfn-none/a/b", "/tmp/localfn-in", "/home/u/x"]
)
def test_a_folder_stands_wherever_it_is_expected(shared: Path, tmp_path: Path, target: str) -> None:
    there = Path(target).exists()
    mount = Mount(shared / "data", target, writable=True)

    told = run(
        f"cat {target}/file; echo; echo new > {target}/written; pwd; echo $PATH; ls /proc/self/exe",
        shared / "tmp",
        shared / "code",
        mount,
    )

    assert told.splitlines() == [
        "of the user",
        str(shared / "code"),
        "/usr/bin:/bin",
        "/proc/self/exe",
    ]
    assert (shared / "data" / "written").read_text() == "new\n"
    assert Path(target).exists() is there
    assert not Path(target, "file").exists()


def test_a_folder_that_may_only_be_read_cannot_be_written(shared: Path) -> None:
    told = run(
        "touch /mnt/localfn-x/new 2>&1 || echo refused",
        shared / "tmp",
        shared / "code",
        Mount(shared / "data", "/mnt/localfn-x"),
    )

    assert told.endswith("refused")
    assert not (shared / "data" / "new").exists()


def test_the_folders_neighbours_are_still_there(shared: Path) -> None:
    (shared / "around").mkdir()
    (shared / "around" / "plain").write_text("plain")
    (shared / "around" / "link").symlink_to("plain")
    (shared / "around" / "folder").mkdir()
    (shared / "around" / "folder" / "inner").write_text("inner")
    around = shared / "around"

    told = run(
        f"cd {around}; cat plain link folder/inner; ls {around}/new/deep",
        shared / "tmp",
        shared / "code",
        Mount(shared / "data", f"{around}/new/deep"),
    )

    assert told == "plainplaininnerfile"
    assert not (around / "new").exists()


def test_several_folders_stand_at_once_one_inside_the_other(shared: Path) -> None:
    (shared / "other").mkdir()
    (shared / "other" / "second").touch()

    told = run(
        "ls /localfn-a /localfn-a/b /mnt/localfn-c",
        shared / "tmp",
        shared / "code",
        Mount(shared / "other", "/localfn-a/b", writable=True),
        Mount(shared / "data", "/localfn-a", writable=True),
        Mount(shared / "other", "/mnt/localfn-c", writable=True),
    )

    assert told.split() == [
        *("/localfn-a:", "b", "file", "/localfn-a/b:", "second", "/mnt/localfn-c:", "second")
    ]


def test_code_can_be_hidden_behind_what_is_seen_of_it(shared: Path) -> None:
    (shared / "code" / "secret").touch()

    told = run(
        "ls . $PWD",
        shared / "tmp",
        shared / "code",
        Mount(shared / "data", str(shared / "code"), writable=True),
    )

    assert "secret" not in told
    assert told.count("file") == 2


def test_tmp_is_private_unless_something_needed_lies_below_it(shared: Path, tmp_path: Path) -> None:
    mount = Mount(shared / "data", "/mnt/localfn-x", writable=True)

    private = namespace.wrap(("true",), tmp_path, (shared,), (mount,), shared)
    shown = namespace.wrap(("true",), tmp_path, (tmp_path,), (mount,), shared)

    assert private.private_tmp
    assert not shown.private_tmp
    assert shown.command != ("true",)


def test_a_command_without_need_of_a_view_is_left_alone(tmp_path: Path) -> None:
    view = namespace.wrap(("true",), tmp_path, (Path("/tmp/x"),))

    assert view == (("true",), False)


def test_a_place_that_would_hide_what_is_needed_cannot_be_shown(shared: Path) -> None:
    assert namespace.can_show(str(shared / "new"), (shared / "code",))
    assert not namespace.can_show(str(shared), (shared / "code",))
    (shared / "way").symlink_to(shared)
    assert not namespace.can_show(str(shared), (shared / "way" / "code",))


def test_a_folder_with_many_entries_is_not_rebuilt(shared: Path) -> None:
    for number in range(namespace.MOST_ENTRIES + 1):
        (shared / str(number)).touch()

    assert not namespace.can_show(str(shared / "new"))


def test_nothing_can_be_shown_where_nobody_may_have_a_namespace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(namespace, "unshare", lambda: ())

    assert not namespace.can_show("/mnt/x")
    mount = Mount(tmp_path, "/mnt/x")
    assert namespace.wrap(("true",), tmp_path, (), (mount,)) == (("true",), False)
