"""An event that the user gives: a file, standard input, or JSON on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

from localfn.errors import UsageError
from localfn.model import Event

# How JSON can begin: what starts otherwise is the name of a file.
OPENINGS = ("{", "[", '"')
LITERALS = frozenset({"true", "false", "null"})


def read(given: str, *, stdin: Callable[[], bytes]) -> Event:
    """Return the event that `given` names: `-`, a file, or JSON text.

    The bytes are passed on as they are; only JSON text of the command line is checked. Raises
    `UsageError` for a file that is not there and for JSON that is broken.
    """
    if given == "-":
        return Event(stdin())
    path = Path(given)
    if _exists(path):
        return Event(_content(path))
    if given.lstrip().startswith(OPENINGS) or given in LITERALS or _is_number(given):
        return Event(_checked(given))
    raise UsageError(
        f"the event `{given}` is neither a file nor JSON.",
        hint="Give `--event FILE`, `--event -` for standard input, or JSON such as "
        "`--event '{\"key\": 1}'`.",
    )


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # JSON can be longer than a name may be
        return False


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the event `{path}` cannot be read: {error.strerror}.") from error


def _checked(text: str) -> bytes:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the event is not valid JSON: {error.msg} (line {error.lineno}, "
            f"column {error.colno}).",
            hint="Check the quotes: a shell takes one pair of them away.",
        ) from error
    return text.encode()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
