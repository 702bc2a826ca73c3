"""Python: interpreters from variables, virtual environments, PATH and pyenv."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from localfn.errors import MachineError
from localfn.languages import Interpreter, Language, Launch

BOOTSTRAP = "bootstrap.py"
SUPERVISOR = "supervisor.py"
# Where the relay and its shims are, beside the folder of the bootstrap.
POLLING = "polling"
RELAY = "relay.py"
RELAY_MB = 32
OWN_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def find(version: str, environ: Mapping[str, str]) -> Interpreter:
    """Return the interpreter of this version, else the nearest with a note that says so."""
    named = variable(version)
    if environ.get(named):
        return _named(named, environ[named], version)
    exact = next((each for each in _exact(version, environ) if each.version == version), None)
    if exact is not None:
        return exact
    found = {each.version: each for each in reversed(tuple(candidates(environ)))}
    nearest = min(found.values(), key=lambda each: _distance(each.version, version))
    note = (
        f"Python {version} is not installed: running on Python {nearest.version} "
        f"({nearest.path}); `{named}` can name another"
    )
    return Interpreter(nearest.path, nearest.version, note)


def variable(version: str) -> str:
    """Return the name of the environment variable that names an interpreter."""
    return "LOCALFN_PYTHON" + version.replace(".", "_")


def process_command(interpreter: Interpreter, folder: Path, launch: Launch) -> tuple[str, ...]:
    """Return what starts the bootstrap in a process, unbuffered."""
    worker = (str(interpreter.path), "-u", str(folder / BOOTSTRAP))
    return (*_relay(sys.executable, str(folder), launch), *worker)


def container_command(folder: str, launch: Launch) -> tuple[str, ...]:
    """Return the main process of a container: the supervisor, and the worker it looks after."""
    supervisor = ("python3", "-S", "-E", "-B", f"{folder}/{SUPERVISOR}")
    worker = ("python3", "-u", "-B", f"{folder}/{BOOTSTRAP}")
    return (*supervisor, "--", *_relay("python3", folder, launch), *worker)


def _relay(python: str, folder: str, launch: Launch) -> tuple[str, ...]:
    """Return what starts a worker through the relay that serves the programs beside it."""
    if not launch.accompanied:
        return ()
    polling = f"{folder.rpartition('/')[0]}/{POLLING}"
    return (python, "-S", "-E", "-B", f"{polling}/{RELAY}", polling)


def _named(named: str, value: str, version: str) -> Interpreter:
    path = Path(value).expanduser()
    if not os.access(path, os.X_OK) or path.is_dir():
        raise MachineError(
            f"`{named}` names `{value}`, which is not a program.",
            hint=f"Name a Python {version} interpreter, or unset the variable.",
        )
    return Interpreter(path, version)


def _exact(version: str, environ: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield what may be this version, the preferred first, without listing folders."""
    yield from _virtual_environments(environ)
    for folder in _path_folders(environ):
        if os.access(f"{folder}/python{version}", os.X_OK):
            yield Interpreter(Path(folder, f"python{version}"), version)
    yield from _in_pyenv(environ)
    yield _own()


def candidates(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield what is installed, the preferred first."""
    yield from _virtual_environments(environ)
    yield from _on_path(environ)
    yield from _in_pyenv(environ)
    yield _own()


def _own() -> Interpreter:
    return Interpreter(Path(sys.executable), OWN_VERSION)


def _virtual_environments(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    home = environ.get("VIRTUAL_ENV")
    if home:
        yield from _virtual_environment(Path(home))
    if sys.prefix != sys.base_prefix and sys.prefix != home:
        yield from _virtual_environment(Path(sys.prefix))


def _virtual_environment(home: Path) -> Iterator[Interpreter]:
    folder = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    version = ""
    try:
        for line in (home / "pyvenv.cfg").read_text().splitlines():
            key, _, value = line.partition("=")
            if key.strip() in {"version", "version_info"}:
                version = ".".join(value.strip().split(".")[:2])
    except OSError:
        return
    if version and os.access(home / folder, os.X_OK):
        yield Interpreter(home / folder, version)


def _path_folders(environ: Mapping[str, str]) -> list[str]:
    # A pyenv shim answers for versions that are not there; the versions are read elsewhere.
    folders = environ.get("PATH", "").split(os.pathsep)
    return [each for each in folders if each and not each.rstrip("/").endswith("/shims")]


def _on_path(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    for folder in _path_folders(environ):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            version = name.removeprefix("python")
            if name != version and _is_version(version) and os.access(f"{folder}/{name}", os.X_OK):
                yield Interpreter(Path(folder, name), version)


def _in_pyenv(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    root = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    try:
        names = sorted(os.listdir(root / "versions"), key=_key, reverse=True)
    except OSError:
        return
    for name in names:
        program = root / "versions" / name / "bin" / "python"
        version = ".".join(name.split(".")[:2])
        if _is_version(version) and os.access(program, os.X_OK):
            yield Interpreter(program, version)


def _is_version(text: str) -> bool:
    major, dot, minor = text.partition(".")
    return bool(dot) and major.isdigit() and minor.isdigit()


def _key(name: str) -> tuple[int, ...]:
    return tuple(int(each) for each in name.split(".") if each.isdigit())


def _distance(version: str, wanted: str) -> tuple[int, int, bool]:
    """Return how far a version is from another: first the major, then the minor, newer first."""
    have, want = _key(version), _key(wanted)
    return (abs(have[0] - want[0]), abs(have[1] - want[1]), have < want)


LANGUAGE = Language("python", find, process_command, container_command, relay_mb=RELAY_MB)
