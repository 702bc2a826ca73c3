"""What can go wrong that is not the user's function: three families, each with its exit code.

A failed function is a value (`localfn.model.Failure`), not one of these.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell sees."""

    OK = 0
    FUNCTION_FAILED = 1
    USAGE = 2
    PROJECT_WRONG = 3
    MACHINE_LACKS = 4
    BUG = 70
    INTERRUPTED = 130


class LocalfnError(Exception):
    """Something the user can mend: what, where and why, and the way out in `hint`."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LocalfnError):
    """The command line or an event is not what was claimed."""

    exit_code = ExitCode.USAGE


class ProjectError(LocalfnError):
    """The project's files are wrong: a template, a handler string, a code folder."""

    exit_code = ExitCode.PROJECT_WRONG


class MachineError(LocalfnError):
    """The machine lacks something: an interpreter, Docker, an image."""

    exit_code = ExitCode.MACHINE_LACKS
