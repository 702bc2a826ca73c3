"""The kinds of debuggers: those that localfn opens by itself, and those of custom runtimes."""

from collections.abc import Callable
from typing import NamedTuple

from localfn.debug.any_relay import AnyRelay
from localfn.debug.clock import Clock
from localfn.debug.plain_relay import PlainRelay
from localfn.debug.relay import DapRelay

OWN = "own"
Relay = DapRelay | PlainRelay | AnyRelay


class Kind(NamedTuple):
    """A debugger: its name in the `init` frame, its relay, and the words that make it exact.

    `command(command, version)` returns how a worker is started that will be debugged.
    """

    name: str
    relay: Callable[[str, Clock], Relay]
    command: Callable[[tuple[str, ...], str], tuple[str, ...]]


def with_source_of_everything(command: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Return the command with the standard library read from files: frozen, it has no lines.

    Python 2 knows no such option and would not start; 3.6 to 3.10 ignore it.
    """
    if version.startswith("2"):
        return command
    # Where the worker's own options begin, behind its supervisor's.
    place = len(command) - 1 - command[::-1].index("-u")
    return (*command[:place], "-X", "frozen_modules=off", *command[place:])


def as_it_is(command: tuple[str, ...], _version: str) -> tuple[str, ...]:
    """Return the command."""
    return command


KINDS = {
    "python": Kind("debugpy", DapRelay, with_source_of_everything),
    "nodejs": Kind("inspector", PlainRelay, as_it_is),
    # These bring a debugger of their own, which listens on the port that they are told.
    "custom": Kind(OWN, AnyRelay, as_it_is),
    "image": Kind(OWN, AnyRelay, as_it_is),
    "go": Kind(OWN, AnyRelay, as_it_is),
    "polling": Kind(OWN, AnyRelay, as_it_is),
}
