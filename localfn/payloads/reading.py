"""An event that the user gives: a file, standard input, or JSON on the command line."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from localfn.errors import UsageError
from localfn.model import Event

# How JSON can begin; what starts otherwise is the name of a file.
OPENINGS = ("{", "[", '"')
# How much of what is no event an error repeats.
SHOWN = 60
SCALAR = re.compile(r"true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?")


def read(given: str, *, stdin: Callable[[], bytes]) -> Event:
    """Return the event that `given` names: `-`, JSON text, or a file.

    The bytes are passed on as they are. Raises `UsageError` for a file that is not there and for
    JSON that is broken. A file whose name is JSON is written `./1`.
    """
    if given == "-":
        return Event(stdin())
    broken = None
    if _looks_like_json(given):
        broken = _flaw(given)
        if broken is None:
            return Event(given.encode(errors="surrogateescape"))
    path = Path(given)
    if given and _exists(path):
        return Event(_content(path))
    if broken is not None:
        raise UsageError(
            f"the event is not valid JSON: {broken.msg} (line {broken.lineno}, "
            f"column {broken.colno}).",
            hint="Check the quotes: a shell takes one pair of them away.",
        )
    raise UsageError(
        f"the event `{_short(given)}` is neither a file nor JSON.",
        hint="Give `--event FILE`, `--event -` for standard input, or JSON such as "
        "`--event '{\"key\": 1}'`.",
    )


def _short(text: str) -> str:
    """Return text on one line, of a long one its beginning."""
    line = " ".join(text.split())
    return f"{line[:SHOWN]}…" if len(line) > SHOWN else line


def _looks_like_json(text: str) -> bool:
    return text.lstrip().startswith(OPENINGS) or SCALAR.fullmatch(text.strip()) is not None


def _flaw(text: str) -> json.JSONDecodeError | None:
    """Return what is wrong with JSON text, or None."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error
    except (RecursionError, ValueError):
        return None  # too deep or too long a number for us, not for whoever reads it
    return None


def _exists(path: Path) -> bool:
    """Return whether something can be read there: also a pipe, as in `-e <(command)`."""
    try:
        return path.exists()
    except (OSError, ValueError):  # JSON can be longer than a name may be, and hold any character
        return False


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the event `{path}` cannot be read: {error.strerror}.",
            hint="Give a file, or `--event -` for standard input.",
        ) from error
