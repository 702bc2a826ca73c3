"""Node.js: interpreters from variables, PATH, and the folders of the version managers."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from localfn.errors import MachineError
from localfn.languages import Interpreter, Language, Launch

BOOTSTRAP = "bootstrap.js"
SUPERVISOR = "supervisor.js"
RELAY = "relay.js"
RELAY_MB = 96
# The bootstrap's frames are on 3 and 4: Node.js cannot move descriptors, a shell can.
MOVE_FRAMES = 'exec 3<&0 4>&1 </dev/null >&2; exec "$0" "$@"'
# How much of an instance's memory the heap may take; the rest is for buffers and the program.
HEAP_SHARE = 0.9
# Enough for those of our programs that relay and remember nothing.
LITTLE = "--max-old-space-size=32"
# In all versions; what is said to be out of memory differs.
HEAP_EXHAUSTED = b"Allocation failed - "
ASK_LIMIT_S = 5.0
# Where version managers keep their versions: a variable, its usual values below the home folder,
# the folder with one folder for each version, and the program in it.
MANAGERS = (
    ("NVM_DIR", (".nvm", ".config/nvm"), "versions/node", "bin/node"),
    (
        "FNM_DIR",
        (".local/share/fnm", ".fnm", "Library/Application Support/fnm"),
        "node-versions",
        "installation/bin/node",
    ),
    ("VOLTA_HOME", (".volta",), "tools/image/node", "bin/node"),
)
# Stands in for the version that volta chooses for a folder; the versions are read elsewhere.
SHIM = "volta-shim"
_VERSION_IN_PATH = re.compile(r"/(?:v|node@)?(\d+)\.(\d+)\.\d+/")
_VERSION_IN_HEADER = re.compile(r"#define NODE_(MAJOR|MINOR)_VERSION (\d+)")


def find(version: str, environ: Mapping[str, str]) -> Interpreter:
    """Return the interpreter of this version, else the nearest with a note that says so.

    Raises `MachineError` when the machine has none at all.
    """
    named = variable(version)
    if environ.get(named):
        return _named(named, environ[named], version)
    found: dict[str, Interpreter] = {}
    for each in candidates(environ):
        if each.version == major_of(version):
            return each
        found.setdefault(each.version, each)
    if not found:
        raise MachineError(
            f"Node.js {version} is not installed, nor is any other Node.js.",
            hint=f"Install it, name one in `{named}`, or run in a container: `--runner docker`.",
        )
    nearest = min(found.values(), key=lambda each: _distance(each.version, version))
    note = (
        f"Node.js {version} is not installed: running on Node.js {nearest.version} "
        f"({nearest.path}); `{named}` can name another"
    )
    return Interpreter(nearest.path, nearest.version, note)


def major_of(version: str) -> str:
    """Return what tells interpreters apart: they are compatible within a major version."""
    return version.partition(".")[0]


def variable(version: str) -> str:
    """Return the name of the environment variable that names an interpreter."""
    return "LOCALFN_NODE" + version.replace(".", "_")


def process_command(interpreter: Interpreter, folder: Path, launch: Launch) -> tuple[str, ...]:
    """Return what starts the bootstrap in a process, its frames out of the user's reach."""
    started = (*launch.wrapper, str(interpreter.path), _heap(launch), str(folder / BOOTSTRAP))
    relay = _relay(str(interpreter.path), str(folder), launch)
    return ("/bin/sh", "-c", MOVE_FRAMES, *relay, *started)


def container_command(folder: str, launch: Launch) -> tuple[str, ...]:
    """Return the main process of a container: the supervisor, and the worker it looks after."""
    supervisor = ("node", LITTLE, f"{folder}/{SUPERVISOR}")
    worker = (*launch.wrapper, "node", _heap(launch), f"{folder}/{BOOTSTRAP}")
    return (*supervisor, "--", *_relay("node", folder, launch), *worker)


def _relay(node: str, folder: str, launch: Launch) -> tuple[str, ...]:
    """Return what starts a worker through the relay that serves the programs beside it."""
    return (node, LITTLE, f"{folder}/{RELAY}", "--") if launch.accompanied else ()


def candidates(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield what is installed, the preferred first."""
    yield from _on_path(environ)
    yield from _managed(environ)
    yield from _at(Path("/usr/bin/node"))


def _heap(launch: Launch) -> str:
    return f"--max-old-space-size={int(launch.memory_mb * HEAP_SHARE)}"


def _named(named: str, value: str, version: str) -> Interpreter:
    path = Path(value).expanduser()
    if not os.access(path, os.X_OK) or path.is_dir():
        raise MachineError(
            f"`{named}` names `{value}`, which is not a program.",
            hint=f"Name a Node.js {version} program, or unset the variable.",
        )
    return Interpreter(path, version)


def _on_path(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield from _at(Path(folder, "node"))


def _managed(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    for name, usual, versions, program in MANAGERS:
        roots = [Path(environ[name])] if environ.get(name) else [home / each for each in usual]
        for root in roots:
            yield from _versions_in(root / versions, program)


def _versions_in(folder: Path, program: str) -> Iterator[Interpreter]:
    """Yield what a folder with one folder for each version holds, the newest first."""
    try:
        names = sorted(os.listdir(folder), key=_key, reverse=True)
    except OSError:
        return
    for each in names:
        path = folder / each / program
        if _key(each) and os.access(path, os.X_OK):
            yield Interpreter(path, str(_key(each)[0]))


def _at(path: Path) -> Iterator[Interpreter]:
    if not os.access(path, os.X_OK) or path.is_dir() or path.resolve().name == SHIM:
        return
    version = version_of(path)
    if version:
        yield Interpreter(path, version)


def version_of(program: Path) -> str:
    """Return the major version of a program, empty where it cannot be told.

    Read from its path or from the headers beside it, as asking the program takes 30 ms.
    """
    real = program.resolve()
    told = _VERSION_IN_PATH.search(str(real))
    if told:
        return told[1]
    return _from_header(real.parent.parent / "include/node/node_version.h") or _asked(program)


def _from_header(header: Path) -> str:
    try:
        told = dict(_VERSION_IN_HEADER.findall(header.read_text()))
    except OSError:
        return ""
    return str(told.get("MAJOR", ""))


def _asked(program: Path) -> str:
    try:
        done = subprocess.run(
            (program, "--version"), capture_output=True, check=False, timeout=ASK_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    told = re.match(rb"v(\d+)\.", done.stdout)
    return told[1].decode() if told else ""


def _key(name: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", name))


def _distance(version: str, wanted: str) -> tuple[int, bool]:
    """Return how far a version is from another; of two equally near the newer is nearer."""
    have, want = _key(version)[0], _key(wanted)[0]
    return (abs(have - want), have < want)


LANGUAGE = Language(
    "nodejs", find, process_command, container_command, HEAP_EXHAUSTED, relay_mb=RELAY_MB
)
