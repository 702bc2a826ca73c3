"""Go: a compiled program that asks for its events; localfn's own Python serves them to it."""

import sys
from collections.abc import Mapping
from pathlib import Path

from localfn.languages import Interpreter, Language, Launch

BOOTSTRAP = "go/bootstrap.py"
SUPERVISOR = "python/supervisor.py"
# Its own modules only, and no bytecode beside them: the folder may be read-only.
OPTIONS = ("-S", "-E", "-B")


def find(version: str, _: Mapping[str, str]) -> Interpreter:
    """Return the Python that localfn runs on: the program itself needs nothing."""
    return Interpreter(Path(sys.executable), version)


def process_command(interpreter: Interpreter, folder: Path, _: Launch) -> tuple[str, ...]:
    """Return what serves events to the program."""
    return (str(interpreter.path), *OPTIONS, str(folder.parent / BOOTSTRAP))


def container_command(folder: str, _: Launch) -> tuple[str, ...]:
    """Return the main process of a container: the supervisor, and what serves events."""
    supervisor = ("python3", *OPTIONS, f"{folder}/{SUPERVISOR}")
    return (*supervisor, "--", "python3", *OPTIONS, f"{folder}/{BOOTSTRAP}")


LANGUAGE = Language("go", find, process_command, container_command, beside=("python",))
