"""Which function is debugged on which port: counted up once, remembered with the project."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from localfn.errors import ProjectError

FIRST = 5678
LAST = 65535
FILE = Path(".localfn", "debug-ports.json")
VERSION = 1


class Ports:
    """The debug ports of one project, kept in a file below its root."""

    def __init__(self, root: Path) -> None:
        self._path = root / FILE

    def remembered(self) -> dict[str, int]:
        """Return function → port as it was given before."""
        return _valid(self._part("ports"))

    def languages(self) -> dict[str, str]:
        """Return function → language of a custom runtime, as the user has told it."""
        return {str(name): str(told) for name, told in self._part("languages").items()}

    def note_language(self, function: str, language: str) -> None:
        """Remember in which language a custom runtime is written."""
        known = self.languages()
        if known.get(function) != language:
            self._write(self.remembered(), {**known, function: language})

    def _part(self, name: str) -> Mapping[object, object]:
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ProjectError(
                f"{self._path}: the debug ports cannot be read: {error}.",
                hint="Remove the file; ports are then counted anew.",
            ) from error
        part = told.get(name) if isinstance(told, dict) else None
        return part if isinstance(part, dict) else {}

    def of(self, functions: Iterable[str], first: int | None = None) -> dict[str, int]:
        """Return the port of each function, in this order from `first` on.

        Without `first` every function keeps its port, and a new one gets the lowest that is
        nobody's. The answer is what the next run will give too.
        """
        names = tuple(functions)
        known = self.remembered() if first is None else {}
        ports = {name: port for name, port in known.items() if name in names}
        start = first or min(ports.values(), default=FIRST)
        for name in names:
            if name not in ports:
                ports[name] = _free(start, ports)
        return self._remember({name: ports[name] for name in names})

    def pin(self, function: str, port: int, functions: Iterable[str]) -> dict[str, int]:
        """Return the ports after giving one function the port that the user named."""
        kept = self.of(functions)
        kept.pop(function, None)
        ports = {name: kept[name] for name in kept if kept[name] != port}
        ports[function] = port
        for name in kept:
            if name not in ports:
                ports[name] = _free(FIRST, ports)
        return self._remember(ports)

    def _remember(self, ports: Mapping[str, int]) -> dict[str, int]:
        kept = dict(ports)
        if kept != self.remembered():
            self._write(kept, self.languages())
        return kept

    def _write(self, ports: Mapping[str, int], languages: Mapping[str, str]) -> None:
        told: dict[str, object] = {"version": VERSION, "ports": ports}
        if languages:
            told["languages"] = languages
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(told, indent=2) + "\n")
            beside.replace(self._path)
        except OSError as error:
            raise ProjectError(
                f"{self._path}: the debug ports cannot be remembered: {error}.",
                hint="Make the project's folder writable.",
            ) from error


def _valid(ports: Mapping[object, object]) -> dict[str, int]:
    return {
        str(name): port
        for name, port in ports.items()
        if isinstance(port, int) and not isinstance(port, bool) and 0 < port <= LAST
    }


def _free(start: int, taken: Mapping[str, int]) -> int:
    """Return the lowest port from `start` on that no function has."""
    used = set(taken.values())
    port = next((each for each in range(start, LAST + 1) if each not in used), None)
    if port is None:
        raise ProjectError(
            f"there are not enough ports above {start} for all functions.",
            hint="Name a lower one: `--debug PORT`.",
        )
    return port
