"""The options of commands that can debug: `--debug [PORT]` and what goes with it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import click

from localfn.errors import UsageError
from localfn.project import Project
from localfn.settings import Debugging

Command = TypeVar("Command", bound=Callable[..., object])

REMEMBERED = "remembered"
MOST_PORT = 65535


def debug_options(command: Command) -> Command:
    """Give a command the options of a debugger."""
    opens = click.option(
        "--debug",
        metavar="[PORT]",
        is_flag=False,
        flag_value=REMEMBERED,
        help="Open a debugger for an editor to attach to.  [default port: 5678 and up]",
    )
    waits = click.option(
        "--debug-wait/--debug-no-wait",
        default=None,
        help="Let code wait for an editor, or not.",
    )
    return opens(waits(command))


def debug_functions_option(command: Command) -> Command:
    """Give a command that serves several functions the choice of those to debug."""
    return click.option(
        "--debug-function",
        "debug_functions",
        metavar="NAME",
        multiple=True,
        help="Debug this function only (repeatable).  [default: all]",
    )(command)


def served(options: Mapping[str, object], project: Project) -> Debugging | None:
    """Return what is wanted of the debuggers of functions that are served, None for none.

    There code does not wait for an editor unless it is told to.
    """
    named = options["debug_functions"]
    assert isinstance(named, tuple)
    given = options["debug"]
    if named and given is None:
        raise UsageError(
            f"`--debug-function {named[0]}` goes with `--debug`.", hint="Add it: `--debug`."
        )
    return debugging(
        None if given is None else str(given),
        waits=options["debug_wait"] is True,
        functions=tuple(project.find(str(each)).key for each in named),
    )


def split(function: str, debug: object) -> tuple[str, str | None]:
    """Return the function's name and the value of `--debug`.

    In `--debug resize` the name stands where a port may stand: it is taken for what it is.
    """
    told = None if debug is None else str(debug)
    if told is None or told == REMEMBERED or told.isdigit() or function:
        return function, told
    return told, REMEMBERED


def debugging(debug: str | None, *, waits: bool, functions: tuple[str, ...]) -> Debugging | None:
    """Return what the user wants of debuggers, None for none.

    `functions` are keys, empty for all. A port is that of the first of them.
    """
    if debug is None:
        return None
    if debug == REMEMBERED:
        return Debugging(None, waits, functions)
    port = int(debug) if debug.isdigit() else 0
    if not 0 < port <= MOST_PORT:
        raise UsageError(
            f"`--debug {debug}` is not a port.", hint="Write a number such as `--debug 5678`."
        )
    return Debugging(port, waits, functions)
