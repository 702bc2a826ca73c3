import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localfn.errors import ProjectError
from localfn.invoke import linked
from localfn.invoke.visible import HOME, visible


def files(folder: Path) -> set[str]:
    return {
        each.relative_to(folder).as_posix()
        for each in folder.rglob("*")
        if each.is_symlink() or not each.is_dir()
    }


@pytest.fixture
def code(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    for name in ("index.py", ".env", "lib/a.py", "lib/a.log", "tests/test_a.py", "tests/keep.py"):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(name)
    return code


def seen(code: Path, rules: str, root: Path | None = None) -> Path:
    (code / ".ignored").write_text(rules)
    return visible(code, (code / ".ignored",), root or code.parent)


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (".env\n*.log\n", {"index.py", "lib/a.py", "tests/test_a.py", "tests/keep.py"}),
        ("tests\n", {"index.py", ".env", "lib/a.py", "lib/a.log"}),
        # Nothing below a folder that is hidden can be seen again, as in git.
        ("tests/\n!tests/keep.py\n", {"index.py", ".env", "lib/a.py", "lib/a.log"}),
        ("tests/*\n!tests/keep.py\n*.log\n.env", {"index.py", "lib/a.py", "tests/keep.py"}),
        ("/a.py\n# a note\n\n\\#x\nlib/*.log", None),
        ("*\n!index.py\n!lib\n!lib/a.py\n!.ignored", {"index.py", "lib/a.py"}),
    ],
)
def test_only_what_the_rules_leave_is_seen(code: Path, rules: str, left: set[str] | None) -> None:
    left = left if left is not None else files(code) - {"lib/a.log"}

    assert files(seen(code, rules)) - {".ignored"} == left - {".ignored"}


@pytest.mark.parametrize("rules", ["", "# nothing\n", "*.java\n"])
def test_code_of_which_nothing_is_hidden_is_seen_itself(code: Path, rules: str) -> None:
    assert seen(code, rules) == code
    assert not (code.parent / HOME).exists()


def test_code_without_rules_is_seen_itself(code: Path) -> None:
    assert visible(code, (code / ".ignored",), code.parent) == code


def test_files_are_linked_not_copied(code: Path) -> None:
    tree = seen(code, "*.log")

    assert (tree / "lib" / "a.py").stat().st_ino == (code / "lib" / "a.py").stat().st_ino


def test_a_changed_file_is_seen_as_it_is_now(code: Path) -> None:
    tree = seen(code, "*.log")
    root = tree.stat().st_ino
    (code / "lib" / "a.py").write_text("in place")
    (code / "new.tmp").write_text("renamed over it")
    (code / "new.tmp").replace(code / "index.py")
    (code / "tests" / "keep.py").unlink()
    (code / "added").mkdir()
    (code / "added" / "b.py").touch()

    again = seen(code, "*.log")

    # A container keeps the folder that it mounted: it must stay the same one.
    assert (again, again.stat().st_ino) == (tree, root)
    assert (again / "lib" / "a.py").read_text() == "in place"
    assert (again / "index.py").read_text() == "renamed over it"
    assert files(again) == files(code) - {"lib/a.log"}


def test_a_file_that_became_a_folder_and_the_other_way_round_are_seen(code: Path) -> None:
    tree = seen(code, "*.log")
    (code / "index.py").unlink()
    (code / "index.py").mkdir()
    (code / "index.py" / "x.py").touch()
    for each in (code / "tests").iterdir():
        each.unlink()
    (code / "tests").rmdir()
    (code / "tests").write_text("a file now")

    seen(code, "*.log")

    assert files(tree) == files(code) - {"lib/a.log"}
    assert (tree / "tests").read_text() == "a file now"


def test_a_link_leads_where_it_led(code: Path, tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("shared")
    (code / "inside.py").symlink_to("lib/a.py")
    (code / "outside.py").symlink_to("../shared.py")
    (code / "nowhere").symlink_to("gone")

    tree = seen(code, "*.log")

    assert os.readlink(tree / "inside.py") == "lib/a.py"
    assert (tree / "inside.py").read_text() == "lib/a.py"
    assert (tree / "outside.py").read_text() == "shared"
    assert os.readlink(tree / "nowhere") == "gone"


def test_a_file_that_cannot_be_linked_is_copied_and_only_when_it_changed(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    tree = seen(code, "*.log")
    first = (tree / "index.py").stat().st_ino

    seen(code, "*.log")
    assert (tree / "index.py").stat().st_ino == first
    (code / "index.py").write_text("changed, and longer")
    seen(code, "*.log")

    assert (tree / "index.py").read_text() == "changed, and longer"
    assert first != (code / "index.py").stat().st_ino


def test_rules_beside_the_template_speak_of_paths_from_there(code: Path, tmp_path: Path) -> None:
    (tmp_path / ".ignored").write_text("/code/tests\n/index.py\n")

    tree = visible(code, (code / ".ignored", tmp_path / ".ignored"), tmp_path)

    assert files(tree) == {"index.py", ".env", "lib/a.py", "lib/a.log"}


def test_what_localfn_keeps_in_a_project_is_never_part_of_its_code(tmp_path: Path) -> None:
    (tmp_path / "index.py").touch()
    (tmp_path / "a.log").touch()
    (tmp_path / ".ignored").write_text("*.log")

    for _ in range(2):
        tree = visible(tmp_path, (tmp_path / ".ignored",), tmp_path)
        assert files(tree) == {"index.py", ".ignored"}


def test_rules_that_are_no_text_are_refused_by_name(code: Path) -> None:
    (code / ".ignored").write_bytes(b"\xff\xfe\xff")

    with pytest.raises(ProjectError, match=r"\.ignored: the rules cannot be read"):
        visible(code, (code / ".ignored",), code.parent)


NAMES = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
).filter(lambda tree: isinstance(tree, dict))


def written(folder: Path, tree: object) -> linked.Tree:
    """Write a tree of numbers as files, and return what should be shown of it."""
    folder.mkdir(parents=True)
    shown = linked.Tree({}, {})
    assert isinstance(tree, dict)
    for name, each in tree.items():
        if isinstance(each, dict):
            shown.folders[name] = written(folder / name, each)
        elif each == 3:
            shown.files[name] = "/nowhere"
        else:
            (folder / name).write_text(str(each))
            shown.files[name] = linked.Hard(str(folder / name), (folder / name).stat().st_ino)
    return shown


def told(folder: Path) -> dict[str, object]:
    return {
        each.name: os.readlink(each)
        if each.is_symlink()
        else told(each)
        if each.is_dir()
        else each.read_text()
        for each in folder.iterdir()
    }


def expected(tree: object) -> dict[str, object]:
    assert isinstance(tree, dict)
    return {
        name: expected(each) if isinstance(each, dict) else "/nowhere" if each == 3 else str(each)
        for name, each in tree.items()
    }


@given(st.lists(TREES, min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_linked_folder_becomes_any_tree_from_any_other(
    tmp_path_factory: pytest.TempPathFactory, trees: list[object]
) -> None:
    home = tmp_path_factory.mktemp("linked")

    for number, tree in enumerate(trees):
        linked.fill(home / "into", written(home / str(number), tree))

        assert told(home / "into") == expected(tree)
