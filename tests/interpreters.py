"""The Pythons of this machine, one for each version."""

import os
import sys
from pathlib import Path

from localfn.languages import python


def found() -> dict[str, Path]:
    """Version -> program; the running one is always there."""
    programs: dict[str, Path] = {}
    for each in python.candidates(os.environ):
        programs.setdefault(each.version, each.path)
    programs[python.OWN_VERSION] = Path(sys.executable)
    return dict(sorted(programs.items()))
