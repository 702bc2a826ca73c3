"""The Pythons and the Node.js of this machine, one for each version."""

import os
import sys
from pathlib import Path

from localfn.languages import nodejs, python

# Further Node.js programs to test with, separated as in PATH.
NODES = "LOCALFN_TEST_NODES"


def found() -> dict[str, Path]:
    """Version -> Python; the running one is always there."""
    programs: dict[str, Path] = {}
    for each in python.candidates(os.environ):
        programs.setdefault(each.version, each.path)
    programs[python.OWN_VERSION] = Path(sys.executable)
    return dict(sorted(programs.items()))


def nodes() -> dict[str, Path]:
    """Major version -> Node.js, the oldest first; empty where there is none."""
    named = [Path(each) for each in os.environ.get(NODES, "").split(os.pathsep) if each]
    programs: dict[str, Path] = {}
    for path in [*named, *(each.path for each in nodejs.candidates(os.environ))]:
        programs.setdefault(nodejs.version_of(path), path)
    return {version: programs[version] for version in sorted(programs, key=int)}
