import os
import stat
import zipfile
from pathlib import Path

import pytest

from localfn.errors import ProjectError
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
