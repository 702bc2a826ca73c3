"""What the user wants: options over environment variables over `.env` files.

Nothing below this line of the house reads the environment; every value arrives as an argument.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from localfn.errors import UsageError
from localfn.invoke.rules import Rules, usual_instances
from localfn.model import NOTHING

RUNNERS = ("auto", "docker", "process")
# How long a gateway keeps an instance that nobody calls, as clouds do for some minutes.
IDLE_S = 300.0
SPARES = 4


class Settings(NamedTuple):
    """All that a session can be told.

    `environment` are variables added to every function. `environ` is the machine's own
    environment with the `.env` file's variables beneath it. `base_images` maps a language to the
    image that ours is built on, `{version}` standing for the language's version. `files` are
    those that were read for all this, or would be if they were there. `ignores` are patterns of
    files whose changes mean nothing.
    """

    root: Path
    template: Path | None = None
    provider: str = ""
    runner: str = "auto"
    image: str = ""
    registry: str = ""
    network: str = "bridge"
    cpu_limit: bool = False
    timeout_s: float | None = None
    environment: Mapping[str, str] = NOTHING
    environ: Mapping[str, str] = NOTHING
    base_images: Mapping[str, str] = NOTHING
    files: tuple[Path, ...] = ()
    ignores: tuple[str, ...] = ()
    rules: Rules = Rules()


def resolve(given: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Return the settings of one command.

    `given` are the options as click read them (None or absent: not given).
    """
    root = _path(given.get("project")) or Path(environ.get("LOCALFN_PROJECT", "."))
    runner = _choice("LOCALFN_RUNNER", given.get("runner") or environ.get("LOCALFN_RUNNER"))
    variables = {
        **read_env_file(_path(given.get("env_file"))),
        **_pairs(given.get("env")),
    }
    return Settings(
        root=root.absolute(),
        template=_absolute(_path(given.get("template")), root),
        provider=str(given.get("provider") or environ.get("LOCALFN_PROVIDER", "")),
        runner=runner,
        image=str(given.get("image") or environ.get("LOCALFN_IMAGE", "")),
        registry=environ.get("LOCALFN_REGISTRY", ""),
        network=str(given.get("network") or environ.get("LOCALFN_NETWORK", "bridge")),
        cpu_limit=bool(given.get("cpu_limit")),
        timeout_s=_positive("--timeout", given.get("timeout")),
        environment=variables,
        environ={**read_env_file(_present(root / ".env")), **environ},
        base_images=_base_images(environ),
        files=(root / ".env", root / "localfn.yaml", *_given_files(given)),
        ignores=tuple(environ.get("LOCALFN_RELOAD_IGNORE", "").split()),
        rules=_rules(environ),
    )


def _given_files(given: Mapping[str, object]) -> tuple[Path, ...]:
    named = _path(given.get("env_file"))
    return () if named is None else (named.absolute(),)


def _rules(environ: Mapping[str, str]) -> Rules:
    """Return how many instances a session keeps, and how long."""
    usual = Rules()
    return Rules(
        most_instances=_whole("LOCALFN_MAX_INSTANCES", environ, usual_instances(), least=1),
        wait_s=_seconds("LOCALFN_WAIT_LIMIT", environ, usual.wait_s),
        idle_s=_seconds("LOCALFN_IDLE_TIMEOUT", environ, IDLE_S),
        spares=_whole("LOCALFN_SPARES", environ, SPARES, least=0),
    )


def _whole(name: str, environ: Mapping[str, str], usual: int, *, least: int) -> int:
    value = environ.get(name)
    if not value:
        return usual
    if not value.isdecimal() or int(value) < least:
        raise UsageError(
            f"`{name}` is `{value}`; it must be a whole number from {least} on.",
            hint="Leave it out for the usual one.",
        )
    return int(value)


def _seconds(name: str, environ: Mapping[str, str], usual: float) -> float:
    value = environ.get(name)
    if not value:
        return usual
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UsageError(
            f"`{name}` is `{value}`; it must be more than 0 seconds.",
            hint=f"Leave it out for {usual:g}.",
        )
    return seconds


def read_env_file(path: Path | None) -> dict[str, str]:
    """Return the variables of a `.env` file: `NAME=value` lines, quotes removed, # comments."""
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"`{path}` cannot be read: {error}.") from error
    variables = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{path}:{number}: `{line}` is not NAME=value.")
        variables[name.strip()] = _unquoted(value.strip())
    return variables


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #")[0].rstrip()


def _pairs(given: object) -> dict[str, str]:
    pairs = {}
    for each in given if isinstance(given, list | tuple) else ():
        name, equals, value = str(each).partition("=")
        if not equals or not name:
            raise UsageError(f"`--env {each}` is not NAME=value.")
        pairs[name] = value
    return pairs


def _choice(name: str, value: object) -> str:
    if value is None:
        return "auto"
    if value not in RUNNERS:
        raise UsageError(f"`{name}` is `{value}`.", hint=f"It is one of {', '.join(RUNNERS)}.")
    return str(value)


def _positive(name: str, value: object) -> float | None:
    if value is None:
        return None
    assert isinstance(value, int | float)
    if value <= 0:
        raise UsageError(f"`{name}` is {value}; it must be more than 0 seconds.")
    return float(value)


def _base_images(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `LOCALFN_BASE_PYTHON=…` and the like as language → reference."""
    start = "LOCALFN_BASE_"
    return {
        name.removeprefix(start).lower(): value
        for name, value in environ.items()
        if name.startswith(start) and value
    }


def _path(value: object) -> Path | None:
    return Path(str(value)) if value else None


def _present(path: Path) -> Path | None:
    return path if path.is_file() else None


def _absolute(path: Path | None, root: Path) -> Path | None:
    if path is None:
        return None
    return path.absolute() if path.exists() else (root / path).absolute()
