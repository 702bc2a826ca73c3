"""The program that runs a function in a process: the one that is named, else one that is found."""

import os
from collections.abc import Mapping

from localfn import languages
from localfn.errors import MachineError
from localfn.languages import Interpreter
from localfn.model import Local, Runtime


def find_interpreter(
    runtime: Runtime, known: Mapping[str, Local], environ: Mapping[str, str]
) -> Interpreter:
    """Return the interpreter of a runtime; raise `MachineError` when there is none.

    `known` is what localfn.yaml names, by runtime id or by language and version; a variable of
    the environment stands before it.
    """
    named = named_for(runtime, known)
    variable = f"LOCALFN_{_version(runtime)}".upper().replace(".", "_")
    if named is None or environ.get(variable):
        return languages.load(runtime.language).find(runtime.version, environ)
    if named.path.is_dir() or not os.access(named.path, os.X_OK):
        raise MachineError(
            f"{named}, which should run `{runtime.id}`, is not a program.",
            hint="Correct `interpreters` in localfn.yaml, or take the entry away.",
        )
    return Interpreter(named.path, runtime.version)


def named_for(runtime: Runtime, known: Mapping[str, Local]) -> Local | None:
    """Return the program that localfn.yaml names for a runtime, None where it names none."""
    return known.get(runtime.id) or known.get(_version(runtime))


def _version(runtime: Runtime) -> str:
    return f"{runtime.language}{runtime.version}"
