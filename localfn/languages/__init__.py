"""One file per language: how its bootstrap is started, and how its interpreter is found."""

import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple


class Interpreter(NamedTuple):
    """A program of this machine that runs a language. `note` is for the person, or empty."""

    path: Path
    version: str
    note: str = ""


class Launch(NamedTuple):
    """What a command depends on beside its program.

    `command` is the function's own start command, where it has one; `wrapper` is a program of
    the function's that the language's own is started through, if any. `accompanied` tells that
    programs of its layers run beside it: then bootstrap folders have those of all languages
    around them.
    """

    memory_mb: int
    command: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    accompanied: bool = False


class Language(NamedTuple):
    """A language.

    - `find(version, environ)`: the interpreter for a process; raises `MachineError` without one.
    - `process_command(interpreter, bootstrap folder, launch)`: what starts the bootstrap in a
      process.
    - `container_command(bootstrap folder, launch)`: the same for a container's main process.
    - `heap_exhausted`: what the language's program prints when it aborts because its own heap is
      full, empty where it never does.
    - `beside`: other languages whose files its bootstrap needs. Then a container sees the folders
      of all languages, each under its name.
    - `relay_mb`: what our program between it and the programs beside it takes of memory, which is
      not the function's; 0 where it cannot be accompanied.
    """

    name: str
    find: Callable[[str, Mapping[str, str]], Interpreter]
    process_command: Callable[[Interpreter, Path, Launch], tuple[str, ...]]
    container_command: Callable[[str, Launch], tuple[str, ...]]
    heap_exhausted: bytes = b""
    beside: tuple[str, ...] = ()
    relay_mb: int = 0


def names() -> tuple[str, ...]:
    """Return the names of all languages."""
    stems = (os.path.splitext(name) for name in sorted(os.listdir(__path__[0])))
    return tuple(stem for stem, ending in stems if ending == ".py" and stem != "__init__")


def load(name: str) -> Language:
    """Return one language by name."""
    found = importlib.import_module(f"{__name__}.{name}").LANGUAGE
    assert isinstance(found, Language)
    return found
