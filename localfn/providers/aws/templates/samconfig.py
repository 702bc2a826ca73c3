"""The settings file of the vendor's tool, where it changes what runs here (contract, 1.1, 1.5)."""

import importlib
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from localfn.errors import LocalfnError
from localfn.model import NOTHING, Place
from localfn.providers.aws.templates.location import NAMES
from localfn.providers.aws.templates.ways import WAYS
from localfn.templates.env_file import read_env_vars
from localfn.templates.env_vars import NONE, EnvVars
from localfn.templates.file import load
from localfn.templates.notebook import Notebook
from localfn.templates.tree import plain_of

# Its tables, the last counts most: a project is the same whichever command runs it.
_COMMANDS = ("global", "local_start_lambda", "local_start_api", "local_invoke")
# Which of the file's environments is meant, and the one that is meant without a word.
ENVIRONMENT = "config-env"
_USUAL = "default"


class SamConfig(NamedTuple):
    """What the file says: values of parameters, region, variables of functions, template."""

    parameters: Mapping[str, str] = NOTHING
    region: str = ""
    env_vars: EnvVars = NONE
    template: str = ""


def read_samconfig(folder: Path, environment: str, notes: Notebook) -> SamConfig:
    """Return what the settings beside a template say; nothing where there are none."""
    for name in NAMES:
        notes.depends_on(folder / name)
    path = next((folder / each for each in NAMES if (folder / each).is_file()), None)
    if path is None:
        return SamConfig()
    told = _tables(path, environment or _USUAL, notes)
    return SamConfig(
        dict(_parameters(told.get("parameter_overrides"), path, notes)),
        str(told.get("region", "")),
        _env_vars(str(told.get("env_vars", "")), path, notes),
        str(told.get("template_file", told.get("template", ""))),
    )


def _tables(path: Path, environment: str, notes: Notebook) -> dict[str, object]:
    """Return the parameters of all commands that run functions."""
    whole = _parsed(path, notes)
    chosen = whole.get(environment)
    found: dict[str, object] = {}
    commands = chosen if isinstance(chosen, dict) else {}
    for command in _COMMANDS:
        table = commands.get(command)
        parameters = table.get("parameters") if isinstance(table, dict) else None
        found.update(parameters if isinstance(parameters, dict) else {})
    return found


def _parsed(path: Path, notes: Notebook) -> Mapping[str, object]:
    """Return the whole file, nothing where it cannot be read."""
    if path.suffix != ".toml":
        try:
            told = plain_of(load(path, notes, WAYS))
        except LocalfnError as error:
            notes.warn(Place(path), f"the settings are left out: {error.message}", error.hint)
            return {}
        assert isinstance(told, dict)
        return told
    # Loaded here: few projects have such a file, and Python has had the reader since 3.11.
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        parsed: dict[str, object] = toml.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        notes.warn(Place(path, 1), f"the settings are left out: {error}.")
        return {}
    return parsed


def _parameters(told: object, path: Path, notes: Notebook) -> Iterator[tuple[str, str]]:
    """Yield names and values, however they are written."""
    if isinstance(told, dict):
        yield from ((str(name), _text(value)) for name, value in told.items())
        return
    for line in told if isinstance(told, list) else [told]:
        for word in _words(line):
            pair = _pair(word)
            if pair is None:
                notes.warn(
                    Place(path, _line(path, "parameter_overrides")),
                    f"`parameter_overrides`: `{word}` is not NAME=VALUE.",
                    hint='Write `parameter_overrides = "Stage=dev Size=2"`.',
                )
                continue
            yield pair


def _words(line: object) -> list[str]:
    if not isinstance(line, str):
        return []
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _pair(word: str) -> tuple[str, str] | None:
    """Return `NAME=VALUE` or `ParameterKey=NAME,ParameterValue=VALUE` as a pair."""
    if word.startswith("ParameterKey="):
        name, found, value = word.removeprefix("ParameterKey=").partition(",ParameterValue=")
        return (name, value.replace("\\,", ",")) if found else None
    name, equals, value = word.partition("=")
    return (name, value) if equals and name else None


def _env_vars(written: str, path: Path, notes: Notebook) -> EnvVars:
    if not written:
        return NONE
    notes.depends_on(path.parent / written)
    try:
        return read_env_vars(path.parent / written)
    except LocalfnError as error:
        place = Place(path, _line(path, "env_vars"))
        notes.warn(place, f"`env_vars` is left out: {error.message}", error.hint)
        return NONE


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line(path: Path, key: str) -> int:
    lines = path.read_text("utf-8", "replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if key in line), 1)
