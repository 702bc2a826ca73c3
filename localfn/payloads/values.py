"""The values of one record: given, offered by the trigger, derived, invented or the default."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import quote

from localfn.errors import ProjectError, UsageError
from localfn.payloads.derive import DERIVATIONS, FROM_NOTHING
from localfn.payloads.fakes import Chance
from localfn.payloads.slots import ABSENT, fill
from localfn.payloads.source import Field, Source

TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
EMPTY: tuple[object, ...] = ("", None, {}, [])


class Values:
    """Looks values up by field name, each worked out once."""

    def __init__(
        self,
        source: Source,
        fixed: Mapping[str, object],
        offered: Mapping[str, object],
        chance: Chance,
    ) -> None:
        self._source = source
        self._known = dict(fixed)
        self._offered = offered
        self._chance = chance
        self._asked: list[str] = []

    def __call__(self, name: str) -> object:
        """Return a field's value as it goes into the payload."""
        field = self._field(name)
        value = self.plain(name)
        if field.optional and value in EMPTY:
            return ABSENT
        if field.encode == "url":
            return quote(str(value), safe="/")
        return value

    def plain(self, name: str) -> object:
        """Return a field's value, not encoded."""
        if name not in self._known:
            if name in self._asked:
                raise ProjectError(
                    f"{self._source.folder}: the fields {' → '.join([*self._asked, name])} "
                    "are made of each other."
                )
            self._asked.append(name)
            self._known[name] = self._make(self._field(name))
            self._asked.pop()
        return self._known[name]

    def _make(self, field: Field) -> object:
        if field.offered and self._offered.get(field.offered) not in EMPTY:
            return convert(field, self._offered[field.offered])
        if field.derive:
            return self._derive(field)
        if field.fake:
            return self._chance.fake(field.fake)
        return fill(field.default, self.plain)

    def _derive(self, field: Field) -> object:
        name, of = next(iter(field.derive.items()))
        if name in FROM_NOTHING:
            value = of
        elif isinstance(of, list):
            value = [self.plain(str(each)) for each in of]
        else:
            value = self.plain(str(of))
        return DERIVATIONS[name](value, field.derive, self._chance)

    def _field(self, name: str) -> Field:
        try:
            return self._source.fields[name]
        except KeyError:
            raise ProjectError(f"{self._source.folder}: there is no field `{name}`.") from None


def convert(field: Field, given: object) -> object:
    """Return a given value as its field's type; raise `UsageError` when it is none."""
    value = _parsed(field, given) if isinstance(given, str) else given
    if isinstance(value, tuple):
        value = list(value)
    if field.choices and value not in field.choices:
        known = ", ".join(str(each) for each in field.choices)
        raise UsageError(f"`{field.name}` is `{given}`.", hint=f"It is one of {known}.")
    return value


def _parsed(field: Field, text: str) -> object:
    try:
        return _PARSERS[field.type](text)
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"`{field.name}` is `{text}`, which is no {field.type}.",
            hint=field.help or "See `localfn generate-event SOURCE --help`.",
        ) from error


def _boolean(text: str) -> bool:
    return TRUTHS[text.lower()]


def _list(text: str) -> object:
    if text.startswith("["):
        return json.loads(text)
    return [each.strip() for each in text.split(",")] if text else []


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": _boolean,
    "json": json.loads,
    "list": _list,
}
