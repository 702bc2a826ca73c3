"""One setting out of all the places that may tell it: option, variable, file, default."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from localfn.errors import UsageError
from localfn.model import Local
from localfn.project_file.file import ProjectFile
from localfn.project_file.schema import Rule, read_schema
from localfn.project_file.values import refusal
from localfn.project_file.written import Written

FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _truth(text: str) -> object:
    return FLAGS.get(text.lower(), text)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _words(text: str) -> object:
    return [each.strip() for each in text.split(",") if each.strip()]


# How the text of an environment variable becomes a value of its type.
_PARSERS: Mapping[str, Callable[[str], object]] = {
    "boolean": _truth,
    "integer": _number,
    "number": _number,
    "array": _words,
}


class _Value(NamedTuple):
    """A value, and the folder that a relative path in it starts at."""

    value: object
    folder: Path


class Told:
    """Looks settings up by their dotted key in localfn.yaml.

    `given` are the options as click read them (None or absent: not given), `environ` the
    environment with the project's `.env` beneath it. Raises `UsageError` for an option or a
    variable that its rule does not allow; the file was checked when it was read.
    """

    def __init__(
        self, given: Mapping[str, object], environ: Mapping[str, str], file: ProjectFile | None
    ) -> None:
        self._given = given
        self._environ = environ
        self._file = file
        self._schema = read_schema()

    def text(self, key: str) -> str:
        """Return a text, "" where nobody tells one."""
        found = self._find(key).value
        return "" if found is None else str(found)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        return bool(self._find(key).value)

    def number(self, key: str) -> float | None:
        """Return a number, None where nobody tells one."""
        found = self._find(key).value
        return None if found is None else float(str(found))

    def whole(self, key: str) -> int | None:
        """Return a whole number, None where nobody tells one."""
        found = self.number(key)
        return None if found is None else int(found)

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self._find(key).value
        return tuple(str(each) for each in found) if isinstance(found, list | tuple) else ()

    def path(self, key: str) -> Path | None:
        """Return a path, absolute; None where nobody tells one."""
        found = self._find(key)
        return _absolute(str(found.value), found.folder) if found.value else None

    def texts(self, key: str) -> dict[str, str]:
        """Return a mapping that only the file tells."""
        return {name: each.text for name, each in self._entries(key).items()}

    def wholes(self, key: str) -> dict[str, int]:
        """Return a mapping to whole numbers that only the file tells."""
        return {name: int(float(each.text)) for name, each in self._entries(key).items()}

    def paths(self, key: str) -> dict[str, Local]:
        """Return a mapping to paths that only the file tells, each with its place."""
        return {
            name: Local(_absolute(each.text, each.place.path.parent), each.place)
            for name, each in self._entries(key).items()
        }

    def above(self, key: str) -> Path | None:
        """Return the path that an option or a variable tells, whatever the file says."""
        found = self._above(self._schema.find(key))
        return _absolute(str(found.value), found.folder) if found else None

    def beneath(self, key: str) -> Path | None:
        """Return the path that the file tells, whatever stands above it."""
        found = self._written(key)
        return _absolute(found.text, found.place.path.parent) if found else None

    def stands_above(self, key: str) -> bool:
        """Return whether an option or a variable tells this."""
        return self._above(self._schema.find(key)) is not None

    def _find(self, key: str) -> _Value:
        rule = self._schema.find(key)
        found = self._above(rule)
        if found is not None:
            return found
        written = self._written(key)
        if written is not None:
            return _Value(_plain(written), written.place.path.parent)
        return _Value(rule.told.get("default"), Path())

    def _above(self, rule: Rule) -> _Value | None:
        given = self._given.get(rule.option) if rule.option else None
        if given not in (None, "", ()):
            return _checked(rule, f"--{rule.option.replace('_', '-')}", given, given)
        variable = rule.word("x-variable")
        text = self._environ.get(variable, "") if variable else ""
        return _checked(rule, variable, _parsed(rule, text), text) if text else None

    def _written(self, key: str) -> Written | None:
        return self._file.find(key) if self._file is not None else None

    def _entries(self, key: str) -> Mapping[str, Written]:
        written = self._written(key)
        return written.mapping if written is not None else {}


def _checked(rule: Rule, name: str, value: object, shown: object) -> _Value:
    refused = refusal(value, rule)
    if refused is not None:
        raise UsageError(f"`{name}` is `{shown}`, {refused.reason}.", hint=refused.hint)
    return _Value(value, Path.cwd())


def _parsed(rule: Rule, text: str) -> object:
    parse = next((_PARSERS[each] for each in rule.types if each in _PARSERS), None)
    return parse(text) if parse else text


def _plain(written: Written) -> object:
    return [each.value for each in written.items] if written.items else written.value


def _absolute(text: str, folder: Path) -> Path:
    return (folder / Path(text).expanduser()).absolute()
