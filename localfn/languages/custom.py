"""No language of ours: the function brings its own program, and says how it is started."""

from collections.abc import Mapping
from pathlib import Path

from localfn.languages import Interpreter, Language, Launch

OWN = Path("(the function's own program)")


def find(version: str, _: Mapping[str, str]) -> Interpreter:
    """Return that nothing of ours is needed."""
    return Interpreter(OWN, version)


def process_command(_: Interpreter, __: Path, launch: Launch) -> tuple[str, ...]:
    """Return the function's own start command."""
    return launch.command


def container_command(_: str, launch: Launch) -> tuple[str, ...]:
    """Return the function's own start command."""
    return launch.command


LANGUAGE = Language("custom", find, process_command, container_command)
