"""No language of ours: the function is an image, which only a container engine can run."""

from collections.abc import Mapping

from localfn.errors import MachineError
from localfn.languages import Interpreter, Language
from localfn.languages.custom import container_command, process_command


def find(_: str, __: Mapping[str, str]) -> Interpreter:
    """Refuse: there is no program on this machine to start."""
    raise MachineError(
        "a function that is an image cannot run in a process.",
        hint="Start Docker or Podman, and leave `--runner process` out.",
    )


LANGUAGE = Language("image", find, process_command, container_command)
