"""What a relay must know of the worker whose debugger it leads to."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

DIAL_LIMIT_S = 2.0


class Target(NamedTuple):
    """Where the debugger of the present worker answers, and how its paths differ from ours.

    `mappings` are folders (here, there). `foreign` are folders that an editor may believe to be
    there, and that are not. `hidden` are patterns of files that are not the user's.
    """

    host: str
    port: int
    mappings: tuple[tuple[str, str], ...] = ()
    foreign: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def dial(self) -> socket.socket | None:
        """Return a connection, None when nobody listens yet. Who listens may still not answer."""
        try:
            link = socket.create_connection((self.host, self.port), DIAL_LIMIT_S)
        except OSError:
            return None
        link.settimeout(None)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def corrected(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Return the arguments of an `attach` that fit this worker, wherever it runs.

        One configuration of an editor then serves containers and processes.
        """
        if not (self.mappings or self.foreign or self.hidden):
            return dict(arguments)
        return {
            **arguments,
            "pathMappings": [*self._mappings(arguments.get("pathMappings"))],
            "rules": [
                *({"path": pattern, "include": False} for pattern in self.hidden),
                *_dictionaries(arguments.get("rules")),
            ],
        }

    def _mappings(self, given: object) -> Iterator[Mapping[str, object]]:
        """Yield the editor's own mappings that can be meant, then those it does not know."""
        foreign = {_plain(each) for each in self.foreign}
        told = [
            each
            for each in _dictionaries(given)
            if _plain(str(each.get("remoteRoot", ""))) not in foreign
        ]
        yield from told
        known = {_plain(str(each.get("remoteRoot", ""))) for each in told}
        for here, there in self.mappings:
            if _plain(there) not in known:
                yield {"localRoot": here, "remoteRoot": there}


def _dictionaries(given: object) -> list[Mapping[str, object]]:
    listed = given if isinstance(given, list) else []
    return [each for each in listed if isinstance(each, dict)]


def _plain(path: str) -> str:
    """Return a folder without a trailing slash."""
    return str(PurePosixPath(path)) if path else ""
