import io
import os
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localfn.errors import LocalfnError, MachineError, ProjectError
from localfn.invoke import archive as archives
from localfn.invoke import code
from localfn.invoke.code import Unpacker
from localfn.model import Function


def function_at(path: Path) -> Function:
    return Function("fn", "python3.10", "index.handler", path)


def zipped(path: Path, entries: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        for name, target in (links or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, target)
    return path


def test_an_archive_is_unpacked_once_for_its_content(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "fn.zip", {"index.py": b"1", "lib/a.py": b"2"})
    unpacker = Unpacker(tmp_path)

    folder = unpacker.folder(function_at(archive))
    again = Unpacker(tmp_path).folder(function_at(archive))

    assert folder == again
    assert (folder / "lib" / "a.py").read_bytes() == b"2"
    zipped(archive, {"index.py": b"changed"})
    assert (unpacker.folder(function_at(archive)) / "index.py").read_bytes() == b"changed"


@pytest.mark.parametrize("name", ["../out.py", "/out.py", "a/../../out.py", "..\\out.py", "C:/x"])
def test_an_entry_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "fn.zip", {"index.py": b"", name: b"out"})

    with pytest.raises(ProjectError, match="leads out"):
        Unpacker(tmp_path).folder(function_at(archive))

    assert list((tmp_path / code.HOME).iterdir()) == []
    assert not (tmp_path / "out.py").exists()


@pytest.mark.parametrize("target", ["../../secret", "/etc/passwd", "a/../../../x"])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, target: str) -> None:
    archive = zipped(tmp_path / "fn.zip", {"index.py": b""}, {"link": target})

    with pytest.raises(ProjectError, match="leads out"):
        Unpacker(tmp_path).folder(function_at(archive))


def test_a_link_inside_the_archive_is_kept(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "fn.zip", {"bin/tool.js": b"x"}, {".bin/tool": "../bin/tool.js"})

    folder = Unpacker(tmp_path).folder(function_at(archive))

    assert os.readlink(folder / ".bin" / "tool") == "../bin/tool.js"
    assert (folder / ".bin" / "tool").read_bytes() == b"x"


def test_nothing_is_written_through_a_link_of_the_archive(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    archive = tmp_path / "fn.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        entry = zipfile.ZipInfo("d")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(entry, str(tmp_path / "outside"))
        opened.writestr("d/evil.py", b"x")

    with pytest.raises(ProjectError, match="leads out"):
        Unpacker(tmp_path).folder(function_at(archive))

    assert list((tmp_path / "outside").iterdir()) == []


def test_a_bomb_is_refused_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1 << 20)
    archive = tmp_path / "fn.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("zeros", bytes(2 << 20))

    with pytest.raises(ProjectError, match="more than 1 MiB"):
        Unpacker(tmp_path).folder(function_at(archive))


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "fn.zip"
    archive.write_bytes(b"PK\x03\x04 but not really")

    with pytest.raises(ProjectError, match=r"fn\.zip: this is not a zip"):
        Unpacker(tmp_path).folder(function_at(archive))


def test_code_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="does not exist"):
        Unpacker(tmp_path).folder(function_at(tmp_path / "src"))


@pytest.mark.parametrize("ending", [".zip", ".jar", ".war", ".ZIP"])
def test_a_package_of_any_ending_holds_what_the_platform_would_unpack(
    tmp_path: Path, ending: str
) -> None:
    classes = {"WEB-INF/classes/A.class": b"1", "WEB-INF/lib/b.jar": b"2", "META-INF/MANIFEST": b""}
    archive = zipped(tmp_path / f"shop{ending}", classes)

    folder = Unpacker(tmp_path).folder(function_at(archive))

    found = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert found == set(classes)


def test_a_program_of_the_archive_can_be_run_and_other_files_cannot(tmp_path: Path) -> None:
    archive = tmp_path / "fn.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name, mode in (("bootstrap", 0o755), ("plain", 0o600), ("strange", 0o4755)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | mode) << 16
            opened.writestr(entry, "x")

    folder = Unpacker(tmp_path).folder(function_at(archive))

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert modes == {"bootstrap": 0o755, "plain": 0o644, "strange": 0o755}


@pytest.mark.parametrize(
    "names",
    [["a", "a/b"], ["a/b", "a"], ["x" * 300], ["a/" + "y" * 300 + "/b"]],
    ids=["file-then-folder", "folder-then-file", "long", "long-folder"],
)
def test_entries_that_no_disk_can_hold_are_refused(tmp_path: Path, names: list[str]) -> None:
    archive = zipped(tmp_path / "fn.zip", dict.fromkeys(names, b"x"))

    with pytest.raises(ProjectError, match=r"fn\.zip: an entry cannot be a file here"):
        Unpacker(tmp_path).folder(function_at(archive))

    assert list((tmp_path / code.HOME).iterdir()) == []


def test_an_entry_that_is_locked_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "fn.zip", {"index.py": b"x"})
    raw = bytearray(archive.read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        raw[raw.index(start) + (6 if start[2] == 3 else 8)] |= 1  # the flag for a password
    archive.write_bytes(raw)

    with pytest.raises(ProjectError, match="password required"):
        Unpacker(tmp_path).folder(function_at(archive))


def test_an_archive_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 3)
    archive = zipped(tmp_path / "fn.zip", {str(number): b"" for number in range(4)})

    with pytest.raises(ProjectError, match="more than 1024 MiB or 3 files"):
        Unpacker(tmp_path).folder(function_at(archive))


def test_an_archive_that_lies_about_its_sizes_is_refused_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "fn.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("zeros", bytes(2 << 20))
    raw = archive.read_bytes().replace((2 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    archive.write_bytes(raw)
    monkeypatch.setattr(archives, "MOST_BYTES", 1 << 20)

    with pytest.raises(ProjectError):
        Unpacker(tmp_path).folder(function_at(archive))

    written = sum(each.stat().st_size for each in tmp_path.rglob("zeros"))
    assert written == 0


def test_a_full_disk_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped(tmp_path / "fn.zip", {"index.py": b"x"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives, "_write", full)

    with pytest.raises(MachineError, match="cannot be unpacked: No space left on device"):
        Unpacker(tmp_path).folder(function_at(archive))

    assert list((tmp_path / code.HOME).iterdir()) == []


def packed() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.py", b"def handler(event, context): pass\n" * 9)
        archive.writestr("lib/a.py", b"A = 1")
    return content.getvalue()


GOOD = packed()


@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, len(GOOD)),
)
@settings(deadline=None, max_examples=300)
def test_a_damaged_archive_is_unpacked_or_refused_and_never_written_outside(
    damage: list[tuple[int, int]], length: int
) -> None:
    raw = bytearray(GOOD)
    for place, byte in damage:
        raw[place] = byte
    with tempfile.TemporaryDirectory() as home:
        root = Path(home, "project")
        root.mkdir()
        archive = root / "fn.zip"
        archive.write_bytes(raw[: length or None])

        try:
            Unpacker(root).folder(function_at(archive))
        except LocalfnError:
            assert list((root / code.HOME).iterdir()) == []
        assert [each.name for each in Path(home).iterdir()] == ["project"]
        assert {each.name for each in root.iterdir()} <= {"fn.zip", ".localfn"}
