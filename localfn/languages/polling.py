"""Programs that ask for their events, in any language; localfn's own Python serves them."""

import sys
from collections.abc import Mapping
from pathlib import Path

from localfn.languages import Interpreter, Language, Launch

BOOTSTRAP = "polling/bootstrap.py"
SUPERVISOR = "python/supervisor.py"
# Its own modules only, and no bytecode beside them: the folder may be read-only.
OPTIONS = ("-S", "-E", "-B")


def polling(name: str) -> Language:
    """Return a language whose programs ask for their events; its shims lie in a folder so named."""

    def process_command(interpreter: Interpreter, folder: Path, _: Launch) -> tuple[str, ...]:
        bootstrap = str(folder.parent / BOOTSTRAP)
        return (str(interpreter.path), *OPTIONS, bootstrap, str(folder.parent / name))

    def container_command(folder: str, _: Launch) -> tuple[str, ...]:
        supervisor = ("python3", *OPTIONS, f"{folder}/{SUPERVISOR}")
        bootstrap = ("python3", *OPTIONS, f"{folder}/{BOOTSTRAP}", f"{folder}/{name}")
        return (*supervisor, "--", *bootstrap)

    return Language(name, find, process_command, container_command, beside=("python", "polling"))


def find(version: str, _: Mapping[str, str]) -> Interpreter:
    """Return the Python that localfn runs on: the program itself needs nothing."""
    return Interpreter(Path(sys.executable), version)


LANGUAGE = polling("polling")
