"""Custom runtimes: what their own debuggers need, to listen where localfn leads editors to."""

import re
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


class Own(NamedTuple):
    """How a program is started so that it can be debugged: variables, or words of its command."""

    variables: dict[str, str]
    command: str
    note: str


def own(language: str, port: int) -> Own | None:
    """Return what a debugger of a custom runtime needs, None for a language not known."""
    return {
        "java": Own(
            {
                "JAVA_TOOL_OPTIONS": "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,"
                f"address=*:{port}"
            },
            "",
            f"Java 8 takes `address={port}` without `*:`. Compile with `-g`. `suspend=y` waits.",
        ),
        "go": Own(
            {},
            f"dlv exec /code/main --headless --listen=0.0.0.0:{port} --api-version=2 "
            "--accept-multiclient --continue",
            "Build with `-gcflags='all=-N -l'`.",
        ),
        "php": Own(
            {
                "XDEBUG_MODE": "debug",
                "XDEBUG_CONFIG": f"client_host=host.docker.internal client_port={port} "
                "start_with_request=yes",
            },
            "",
            "Xdebug calls the editor, not the other way round: in a container it needs an editor "
            "that listens on an address which the container reaches.",
        ),
        "ruby": Own(
            {"RUBY_DEBUG_HOST": "0.0.0.0", "RUBY_DEBUG_PORT": str(port)},  # noqa: S104
            "ruby -rdebug/open",
            "Needs the gem `debug` 1.9 or newer.",
        ),
        "dotnet": Own(
            {},
            "",
            "The image needs `vsdbg` at `/vsdbg`; it is reached through `docker exec`, so no port "
            "is used. Not tried by the makers of localfn.",
        ),
        "python": Own(
            {},
            f"python3 -m debugpy --listen 0.0.0.0:{port}",
            "The image needs the package `debugpy`.",
        ),
        "nodejs": Own({}, f"node --inspect=0.0.0.0:{port}", ""),
    }.get(language)


def language_of(runtime: str) -> str:
    """Return the language that the id of a runtime tells, "" for none."""
    plain = re.sub(r"[^a-z]", "", runtime.lower())
    return next((language for start, language in BEGINNINGS if plain.startswith(start)), "")
