import zipfile
from pathlib import Path

import pytest

from localfn.errors import ProjectError
from localfn.invoke.code import Unpacker
from localfn.invoke.layers import find_layers, layer_name, merge
from localfn.model import Function, Local, Place

ARN = "acs:fc:cn-hangzhou:1234567890123456:layers/shared-lib/versions/3"


def function(*layers: str) -> Function:
    return Function("resize", "python3.10", "i.h", Path("code"), layers=layers)


def found(root: Path, known: dict[str, Local], *layers: str) -> tuple[Path, ...]:
    return find_layers(function(*layers), root, known, Unpacker(root).open)


def folder(path: Path, *files: str) -> Path:
    for each in files:
        (path / each).parent.mkdir(parents=True, exist_ok=True)
        (path / each).write_text(str(path.name))
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (ARN, "shared-lib"),
        ("acs:fc:cn-hangzhou:official:layers/Python3-Flask2x/versions/2", "Python3-Flask2x"),
        ("shared-lib", "shared-lib"),
        ("shared-lib#3", "shared-lib"),
        ("./layers/a", "layers-a"),
    ],
)
def test_a_reference_holds_the_name_of_its_layer(reference: str, name: str) -> None:
    assert layer_name(reference) == name


@pytest.mark.parametrize("key", [ARN, "shared-lib"])
def test_a_layer_is_where_the_projects_file_names_it(tmp_path: Path, key: str) -> None:
    mine = folder(tmp_path / "mine")
    folder(tmp_path / ".localfn" / "layers" / "shared-lib")

    assert found(tmp_path, {key: Local(mine)}, ARN) == (mine,)


def test_a_layer_has_a_usual_place(tmp_path: Path) -> None:
    usual = folder(tmp_path / ".localfn" / "layers" / "shared-lib")
    own = folder(tmp_path / "own")

    assert found(tmp_path, {}, ARN, "own") == (usual, own)


@pytest.mark.parametrize("named", [True, False])
def test_a_layer_may_be_a_zip_file_which_is_unpacked_once(tmp_path: Path, *, named: bool) -> None:
    usual = tmp_path / ".localfn" / "layers" / "shared-lib.zip"
    path = tmp_path / "build" / "lib.zip" if named else usual
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python/shared.py", "X = 1")

    known = {"shared-lib": Local(path)} if named else {}
    (first,) = found(tmp_path, known, ARN)
    (second,) = found(tmp_path, known, ARN)

    assert first == second
    assert (first / "python" / "shared.py").read_text() == "X = 1"


def test_a_layer_that_is_not_there_is_told_with_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=f"the layer `{ARN}` of `resize` is not on") as caught:
        found(tmp_path, {}, ARN)

    assert "`.localfn/layers/shared-lib`" in caught.value.hint
    assert "`layers: {shared-lib: ./folder}`" in caught.value.hint


def test_a_layer_that_is_named_wrongly_is_told_with_the_line(tmp_path: Path) -> None:
    folder(tmp_path / ".localfn" / "layers" / "shared-lib")
    wrong = Local(tmp_path / "gone", Place(tmp_path / "localfn.yaml", 3))

    with pytest.raises(ProjectError, match=r"localfn\.yaml:3: `.*gone`, as localfn\.yaml has it"):
        found(tmp_path, {"shared-lib": wrong}, ARN)


def test_of_two_layers_with_the_same_file_the_first_wins(tmp_path: Path) -> None:
    first = folder(tmp_path / "first", "python/a.py", "python/both.py", "file", "only/x")
    second = folder(tmp_path / "second", "python/b.py", "python/both.py", "file/x", "bin/tool")
    third = folder(tmp_path / "third", "only", "python/both.py/x")

    merged = merge([(each, str(each)) for each in (first, second, third)], tmp_path)

    assert (merged / "python" / "a.py").read_text() == "first"
    assert (merged / "python" / "b.py").read_text() == "second"
    assert (merged / "python" / "both.py").read_text() == "first"
    assert (merged / "file").read_text() == "first"
    assert (merged / "bin" / "tool").read_text() == "second"
    assert (merged / "only" / "x").read_text() == "first"


def test_a_folder_of_one_layer_alone_is_one_link_and_leads_to_where_the_instance_sees_it(
    tmp_path: Path,
) -> None:
    first = folder(tmp_path / "first", "nodejs/node_modules/a/index.js")
    second = folder(tmp_path / "second", "python/b.py")

    merged = merge([(first, "/seen/0"), (second, "/seen/1")], tmp_path)

    assert (merged / "nodejs").readlink() == Path("/seen/0/nodejs")
    assert (merged / "python").readlink() == Path("/seen/1/python")


def test_merged_layers_follow_what_the_layers_hold_now(tmp_path: Path) -> None:
    first, second = folder(tmp_path / "first", "p/a"), folder(tmp_path / "second", "p/b")
    layers = [(first, str(first)), (second, str(second))]
    before = merge(layers, tmp_path)
    folder(second, "p/c")
    (first / "p" / "a").unlink()

    after = merge(layers, tmp_path)

    assert after == before
    assert {each.name for each in (after / "p").iterdir()} == {"b", "c"}
