"""debugpy for any Python: which version, from where, unpacked in a folder of the user's cache.

It is mounted into containers or read in place by processes, never installed into the user's code.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from localfn.errors import MachineError

Version = tuple[int, int]
NAME = "debugpy"
# The newest debugpy that runs on a Python of this version or newer, tried on each. For the
# newest Pythons it is the one that was installed with localfn.
PINNED: tuple[tuple[Version, str], ...] = (
    ((3, 10), ""),
    ((3, 8), "1.8.21"),
    ((3, 7), "1.7.0"),
    ((2, 7), "1.5.1"),
)
# Files that are not checked against their sources, where Python knows such: 3.7 and newer.
COMPILE = """\
import compileall, py_compile, sys
mode = getattr(py_compile, "PycInvalidationMode", None)
unchecked = {"invalidation_mode": mode.UNCHECKED_HASH} if mode else {}
compileall.compile_dir(sys.argv[1], quiet=1, **unchecked)
"""
COMPILE_LIMIT_S = 60.0
MOST_BYTES = 200 << 20


class Adapter(NamedTuple):
    """An unpacked debugpy, for Pythons from `since` on. `folder` belongs on `sys.path`."""

    since: Version
    version: str
    folder: Path


class Adapters:
    """Finds debugpy in the user's cache, or puts it there. `say` takes lines for the person."""

    def __init__(self, cache: Path, say: Callable[[str], None]) -> None:
        self._home = cache / NAME
        self._say = say

    def find(self, python: str) -> Adapter:
        """Return the debugpy for this Python; raise `MachineError` when it cannot be had."""
        since, version = pinned(python)
        if not version:
            return Adapter(since, *self._own())
        folder = self._home / version
        if not folder.is_dir():
            self._fetch(python, version, folder)
        return Adapter(since, version, folder)

    def compile(self, adapter: Adapter, interpreter: Path) -> None:
        """Compile it for an interpreter of this machine, once: a read-only mount never could.

        A debugger starts in half the time then. Failing costs nothing but that.
        """
        done = adapter.folder / f".compiled-{_slug(interpreter)}"
        if done.exists():
            return
        self._say(f"compiling debugpy {adapter.version} with {interpreter} (once)")
        try:
            subprocess.run(
                (interpreter, "-c", COMPILE, adapter.folder / NAME),
                capture_output=True,
                check=False,
                timeout=COMPILE_LIMIT_S,
            )
            done.touch()
        except (OSError, subprocess.TimeoutExpired):
            return

    def _own(self) -> tuple[str, Path]:
        """Return version and folder of a copy of the debugpy that was installed with localfn.

        A copy, because beside the original stand all of localfn's own dependencies.
        """
        found = util.find_spec(NAME)
        if found is None or not found.submodule_search_locations:
            raise MachineError(
                "debugpy is not installed beside localfn.",
                hint=f"Install it: `{sys.executable} -m pip install debugpy`.",
            )
        version = metadata.version(NAME)
        folder = self._home / f"{version}-{sys.implementation.cache_tag}"
        if not folder.is_dir():
            source = Path(found.submodule_search_locations[0])
            self._place(folder, lambda into: _copy(source, into / NAME))
        return version, folder

    def _fetch(self, python: str, version: str, folder: Path) -> None:
        wheels = self._home / "wheels"
        wheel = _wheel(wheels, version)
        if wheel is None:
            self._say(f"fetching debugpy {version} for Python {python} (once)")
            wheel = self._download(python, version, wheels)
        try:
            self._place(folder, lambda into: _unpack(wheel, into))
        except (zipfile.BadZipFile, ValueError) as error:
            raise MachineError(
                f"`{wheel}` cannot be unpacked: {error}.", hint="Remove it, and it is fetched anew."
            ) from error

    def _download(self, python: str, version: str, wheels: Path) -> Path:
        """Fetch the wheel that runs everywhere, as `pip download` does."""
        words = (
            *("download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--only-binary", ":all:", "--platform", "any", "--implementation", "py"),
            *("--abi", "none", "--python-version", python.replace(".", "")),
            *("--dest", str(wheels), f"{NAME}=={version}"),
        )
        reason = "there is no pip"
        for pip in _pips():
            done = subprocess.run((*pip, *words), capture_output=True, check=False)
            wheel = _wheel(wheels, version)
            if wheel is not None:
                return wheel
            reason = _last_line(done.stderr)
        raise MachineError(
            f"debugpy {version}, which Python {python} needs, is not here and cannot be fetched: "
            f"{reason}.",
            hint=f"Where there is a network, run `pip {' '.join(words[3:])}`, or copy its wheel "
            f"into `{wheels}`.",
        )

    def _place(self, folder: Path, fill: Callable[[Path], None]) -> None:
        """Fill a folder beside its place and move it there whole: nothing is ever half there."""
        into = folder.with_name(f"{folder.name}.{os.urandom(4).hex()}")
        try:
            into.mkdir(parents=True)
            fill(into)
            into.replace(folder)
        except OSError as error:
            if folder.is_dir():  # another run was faster
                return
            raise MachineError(
                f"`{folder}` cannot be written: {error}.",
                hint="Make room there, or name another cache in `XDG_CACHE_HOME`.",
            ) from error
        finally:
            shutil.rmtree(into, ignore_errors=True)


def pinned(python: str) -> tuple[Version, str]:
    """Return since which Python a debugpy serves this one, and its version ("": localfn's own)."""
    wanted = _version(python)
    for since, version in PINNED:
        if since <= wanted:
            return since, version
    raise MachineError(
        f"there is no debugger for Python {python}.", hint="Choose a newer runtime, from 2.7 on."
    )


def _version(python: str) -> Version:
    major, _, minor = python.partition(".")
    # `python3` names no minor version: whatever its image has, and that is not the oldest.
    return int(major), int(minor.partition(".")[0]) if minor else 10


def _wheel(folder: Path, version: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"{NAME}-{version}-py2.py3-none-any.whl"))), None)


def _pips() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    if util.find_spec("pip") is not None:
        found.append((sys.executable, "-m", "pip"))
    named = shutil.which("pip3") or shutil.which("pip")
    return [*found, (named,)] if named else found


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _unpack(wheel: Path, into: Path) -> None:
    """Unpack the package and nothing else; refuse what would be written outside the folder."""
    with zipfile.ZipFile(wheel) as packed:
        wanted = [each for each in packed.infolist() if each.filename.startswith(f"{NAME}/")]
        for each in wanted:
            if ".." in PurePosixPath(each.filename).parts:
                raise ValueError(f"`{each.filename}` leads outside")
        if sum(each.file_size for each in wanted) > MOST_BYTES:
            raise ValueError(f"it holds more than {MOST_BYTES >> 20} MiB")
        packed.extractall(into, wanted)


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("ERROR: ").rstrip(".") if lines else "pip failed"


def _slug(path: Path) -> str:
    return str(path.resolve()).strip("/").replace("/", "-")
