"""One file per language: how its bootstrap is started, and how its interpreter is found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple


class Interpreter(NamedTuple):
    """A program of this machine that runs a language. `note` is for the person, or empty."""

    path: Path
    version: str
    note: str = ""


class Launch(NamedTuple):
    """What a bootstrap's command depends on beside its program."""

    memory_mb: int


class Language(NamedTuple):
    """A language.

    - `find(version, environ)`: the interpreter for a process; raises `MachineError` without one.
    - `process_command(interpreter, bootstrap folder, launch)`: what starts the bootstrap in a
      process.
    - `container_command(bootstrap folder, launch)`: the same for a container's main process.
    - `heap_exhausted`: what the language's program prints when it aborts because its own heap is
      full, empty where it never does.
    """

    name: str
    find: Callable[[str, Mapping[str, str]], Interpreter]
    process_command: Callable[[Interpreter, Path, Launch], tuple[str, ...]]
    container_command: Callable[[str, Launch], tuple[str, ...]]
    heap_exhausted: bytes = b""


def names() -> tuple[str, ...]:
    """Return the names of all languages."""
    return tuple(each.name for each in pkgutil.iter_modules(__path__) if not each.ispkg)


def load(name: str) -> Language:
    """Return one language by name."""
    found = importlib.import_module(f"{__name__}.{name}").LANGUAGE
    assert isinstance(found, Language)
    return found
