"""Custom runtimes: how the debugger of each language is opened in a program that is not ours."""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

# How ids of runtimes begin, and the language that it tells.
BEGINNINGS = (
    ("python", "python"),
    ("node", "nodejs"),
    ("java", "java"),
    ("go", "go"),
    ("php", "php"),
    ("dotnet", "dotnet"),
    ("ruby", "ruby"),
)
# By this name a container reaches the machine that it runs on.
MACHINE = "host.docker.internal"
# Variables of the user's own that ours are added to, a space between.
JOINED = frozenset({"JAVA_TOOL_OPTIONS", "RUBYOPT", "XDEBUG_CONFIG"})

Command = tuple[str, ...]


class Place(NamedTuple):
    """Where a debugger listens inside, and whether code waits there for an editor.

    `editor` is where an editor is found that is called by its debugger.
    """

    host: str
    port: int
    waits: bool
    editor: str = ""


def _no_variables(_: Place) -> dict[str, str]:
    return {}


def _as_it_is(command: Command, _: Place) -> Command:
    return command


class Opening(NamedTuple):
    """What opens a debugger: variables, or another start command.

    `note` is what the program or its image needs. `calls_back`: it is the debugger that connects,
    to an editor that listens on the function's port.
    """

    note: str
    variables: Callable[[Place], dict[str, str]] = _no_variables
    command: Callable[[Command, Place], Command] = _as_it_is
    calls_back: bool = False


def language_of(runtime: str) -> str:
    """Return the language that the id of a runtime tells, "" for none."""
    plain = re.sub(r"[^a-z]", "", runtime.lower())
    return next((language for start, language in BEGINNINGS if plain.startswith(start)), "")


def joined(given: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a function with those of its debugger."""
    merged = dict(given)
    for name, value in ours.items():
        merged[name] = f"{given[name]} {value}" if given.get(name) and name in JOINED else value
    return merged


def _java(place: Place) -> dict[str, str]:
    suspend = "y" if place.waits else "n"
    address = f"{place.host}:{place.port}"
    agent = f"-agentlib:jdwp=transport=dt_socket,server=y,suspend={suspend},address={address}"
    return {"JAVA_TOOL_OPTIONS": agent}


def _php(place: Place) -> dict[str, str]:
    return {
        "XDEBUG_MODE": "debug",
        "XDEBUG_SESSION": "localfn",
        "XDEBUG_CONFIG": f"client_host={place.editor} client_port={place.port}",
    }


def _ruby(place: Place) -> dict[str, str]:
    library = "debug/open" if place.waits else "debug/open_nonstop"
    where = {"RUBY_DEBUG_HOST": place.host, "RUBY_DEBUG_PORT": str(place.port)}
    return {"RUBYOPT": f"-r{library}", **where}


def _go(command: Command, place: Place) -> Command:
    listen = f"--listen={place.host}:{place.port}"
    how = ("--headless", listen, "--api-version=2", "--accept-multiclient")
    goes_on = () if place.waits else ("--continue",)
    return ("dlv", "exec", command[0], *how, *goes_on, "--", *command[1:])


def _python(command: Command, place: Place) -> Command:
    if not _is_program(command, "python"):
        return command
    waits = ("--wait-for-client",) if place.waits else ()
    listen = ("-m", "debugpy", "--listen", f"{place.host}:{place.port}")
    return (command[0], *listen, *waits, *command[1:])


def _nodejs(command: Command, place: Place) -> Command:
    if not _is_program(command, "node"):
        return command
    option = "--inspect-brk" if place.waits else "--inspect"
    return (command[0], f"{option}={place.host}:{place.port}", *command[1:])


def _is_program(command: Command, name: str) -> bool:
    return bool(command) and PurePosixPath(command[0]).name.startswith(name)


OPENINGS: Mapping[str, Opening] = {
    "java": Opening("Compile with `javac -g`, or locals have no names.", variables=_java),
    "go": Opening(
        "Build with `go build -gcflags='all=-N -l'`; `dlv` must be there to start it. An image of "
        "your own has to start it by `dlv` itself, on the port of LOCALFN_DEBUG_PORT.",
        command=_go,
    ),
    "php": Opening(
        "PHP needs Xdebug 3. It calls the editor, which has to listen on that port.",
        variables=_php,
        calls_back=True,
    ),
    "ruby": Opening("Needs the gem `debug` 1.9 or newer.", variables=_ruby),
    "dotnet": Opening(
        "The image needs `vsdbg` at `/vsdbg`; it is reached through `docker exec`, so no port is "
        "used. Not tried by the makers of localfn."
    ),
    "python": Opening(
        "Its Python needs the package `debugpy`; started by a script, that has to start it with "
        "`python3 -m debugpy --listen 0.0.0.0:$LOCALFN_DEBUG_PORT`.",
        command=_python,
    ),
    "nodejs": Opening(
        "Started by a script, that has to start it with "
        "`node --inspect=0.0.0.0:$LOCALFN_DEBUG_PORT`.",
        command=_nodejs,
    ),
}
