"""Find the data folders, in a checkout or in a wheel."""

from pathlib import Path
from typing import Literal

Kind = Literal["events", "runtimes", "samples"]

_PACKAGE = Path(__file__).resolve().parent


def folder(kind: Kind) -> Path:
    """Return the folder of this kind: `localfn/_data/KIND` in a wheel, `KIND` in a checkout."""
    shipped = _PACKAGE / "_data" / kind
    return shipped if shipped.is_dir() else _PACKAGE.parent / kind
