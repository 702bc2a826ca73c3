"""Unpack an archive, and never a byte outside its folder."""

import errno
import hashlib
import os
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from localfn.errors import MachineError, ProjectError

# More than any cloud takes unpacked.
MOST_BYTES = 1 << 30
MOST_ENTRIES = 100_000
READ_BYTES = 1 << 20
# What zipfile raises for archives that are broken, in all the places where they can be.
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError),
    *(RuntimeError, ValueError, OverflowError, IndexError, MemoryError),
)
# What the disk says about names that collide or that no file can have.
BAD_NAMES = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL})


def digest(path: Path) -> str:
    """Return what names this file's content."""
    content = hashlib.sha256()
    with path.open("rb") as opened:
        while piece := opened.read(READ_BYTES):
            content.update(piece)
    return content.hexdigest()[:24]


def unpack(archive: Path, into: Path) -> None:
    """Unpack a zip; raise `ProjectError` for one that is broken, leaves `into` or is a bomb."""
    try:
        with zipfile.ZipFile(archive) as opened:
            _check_size(archive, opened)
            written = 0
            for entry in opened.infolist():
                written += _extract(archive, opened, entry, into, MOST_BYTES - written)
    except BROKEN as error:
        raise ProjectError(
            f"{archive}: this is not a zip file that can be unpacked: {str(error).rstrip('.')}.",
            hint="Build the package again.",
        ) from error
    except OSError as error:
        raise _not_written(archive, error) from error


def _check_size(archive: Path, opened: zipfile.ZipFile) -> None:
    entries = opened.infolist()
    size = sum(each.file_size for each in entries)
    if len(entries) > MOST_ENTRIES or size > MOST_BYTES:
        raise _too_big(archive)


def _extract(
    archive: Path, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path, most: int
) -> int:
    """Write one entry; return its size in bytes."""
    target = _inside(archive, entry.filename, into)
    mode = entry.external_attr >> 16
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.parent.resolve().is_relative_to(into.resolve()):
        raise _escapes(archive, entry.filename)
    if stat.S_ISLNK(mode):
        _link(archive, opened.read(entry).decode(errors="replace"), entry.filename, target, into)
        return 0
    return _write(archive, opened, entry, target, most)


def _write(
    archive: Path, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int
) -> int:
    size = 0
    with opened.open(entry) as packed, target.open("wb") as plain:
        while piece := packed.read(READ_BYTES):
            size += len(piece)
            # The sizes in the archive may lie.
            if size > most:
                raise _too_big(archive)
            plain.write(piece)
    executable = (entry.external_attr >> 16) & 0o111
    target.chmod(0o755 if executable else 0o644)
    return size


def _link(archive: Path, leads_to: str, name: str, target: Path, into: Path) -> None:
    end = os.path.normpath(target.parent / leads_to)
    if os.path.isabs(leads_to) or not Path(end).is_relative_to(into):
        raise _escapes(archive, f"{name}` → `{leads_to}")
    if target.is_symlink() or target.exists():
        target.unlink()
    target.symlink_to(leads_to)


def _not_written(archive: Path, error: OSError) -> ProjectError | MachineError:
    if error.errno in BAD_NAMES:
        return ProjectError(
            f"{archive}: an entry cannot be a file here: {error.strerror} (`{error.filename}`).",
            hint="Build the package again; two entries may have the same name.",
        )
    return MachineError(
        f"{archive} cannot be unpacked: {error.strerror or error}.",
        hint="Look for room and rights in the project's `.localfn` folder.",
    )


def _inside(archive: Path, name: str, into: Path) -> Path:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name.split("/")[0]:
        raise _escapes(archive, name)
    return into / path


def _escapes(archive: Path, name: str) -> ProjectError:
    return ProjectError(
        f"{archive}: the entry `{name}` leads out of the archive's own folder.",
        hint="Build the package again from inside the code folder.",
    )


def _too_big(archive: Path) -> ProjectError:
    return ProjectError(
        f"{archive}: unpacked it would take more than {MOST_BYTES >> 20} MiB or "
        f"{MOST_ENTRIES} files.",
        hint="No cloud takes such a package; name the right file.",
    )
