"""The values of one record: given, fixed, offered by the trigger, derived, invented or default."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

from localfn.errors import ProjectError, UsageError
from localfn.payloads.binary import as_bytes
from localfn.payloads.convert import convert
from localfn.payloads.derive import DERIVATIONS, EACH, ENTRY, FROM_NOTHING, OF_FIELDS, PICK
from localfn.payloads.fakes import Chance
from localfn.payloads.objects import kind_of
from localfn.payloads.slots import ABSENT, as_text, fill, slots_of
from localfn.payloads.source import EventKind, Field, Source

EMPTY: tuple[object, ...] = ("", None, {}, [], ())
# What `encode` may say: how a value is written inside the payload.
ENCODES: Mapping[str, Callable[[object], str]] = {
    "url": lambda value: quote(str(value), safe="/"),
    "form": lambda value: quote_plus(str(value), safe="/"),
}


class Values:
    """Looks values up by field name, each worked out once."""

    def __init__(
        self,
        source: Source,
        kind: EventKind,
        given: Mapping[str, object],
        offered: Mapping[str, object],
        chance: Chance,
    ) -> None:
        self._source = source
        self._fixed = kind.values
        self._known = dict(given)
        self._offered = offered
        self._chance = chance
        self._asked: list[str] = []

    def __call__(self, name: str) -> object:
        """Return a field's value as it goes into the payload."""
        field = self._field(name)
        if field.when and not self.plain(field.when):
            return ABSENT
        value = self.plain(name)
        if field.optional and value in EMPTY:
            return ABSENT
        if isinstance(value, bytes):
            raise ProjectError(
                f"{self._source.folder}: the field `{name}` is bytes, which no payload can hold.",
                hint="Write them with `base64`.",
            )
        return ENCODES[field.encode](value) if field.encode else value

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
        if field.name in self._fixed:
            return self._filled(self._fixed[field.name])
        if field.offered and self._offered.get(field.offered) not in EMPTY:
            return _offer(field, self._offered[field.offered])
        if field.derive:
            return self._derive(field)
        if field.fake:
            return self._chance.fake(field.fake)
        return self._filled(field.default)

    def _filled(self, tree: object) -> object:
        # Text is made of plain values; what stands in a tree is already as the payload has it.
        return fill(tree, self.plain if isinstance(tree, str) else self)

    def _derive(self, field: Field) -> object:
        name, of = next(iter(field.derive.items()))
        if name == EACH:
            return self._each(self.plain(str(of)), field.derive)
        if name == PICK:
            table = field.derive["of"]
            assert isinstance(table, Mapping)
            return self.plain(str(table[self.plain(str(of))]))
        value = of if name in FROM_NOTHING else self._made_of(of)
        options = {
            key: self._made_of(each) if key in OF_FIELDS else each
            for key, each in field.derive.items()
        }
        try:
            return DERIVATIONS[name](value, options, self._chance)
        except ArithmeticError as error:  # moments too far away, windows without length
            raise UsageError(
                f"`{field.name}` cannot be worked out: {error}.",
                hint="Give numbers that are neither 0 nor that large.",
            ) from error

    def _made_of(self, of: object) -> object:
        """Return the value of a field; of a list of fields and numbers, all their values."""
        if isinstance(of, list):
            return [self._made_of(each) for each in of]
        return self.plain(of) if isinstance(of, str) else of

    def _each(self, entries: object, options: Mapping[str, object]) -> object:
        """Return the shape filled for every entry of an object or an array."""
        shape, kinds = options.get("as"), options.get("kinds", {})
        assert isinstance(kinds, Mapping)
        pairs = (
            list(entries.items())
            if isinstance(entries, dict)
            else list(enumerate(entries if isinstance(entries, list) else []))
        )
        outer = {name: self(name) for name in sorted(slots_of(shape) - ENTRY)} if pairs else {}
        made = [
            fill(shape, {**outer, **_entry(name, value, kinds)}.__getitem__)
            for name, value in pairs
        ]
        return dict(zip(dict(pairs), made, strict=True)) if options.get("keyed") else made

    def _field(self, name: str) -> Field:
        try:
            return self._source.fields[name]
        except KeyError:
            raise ProjectError(f"{self._source.folder}: there is no field `{name}`.") from None


def _entry(name: object, value: object, kinds: Mapping[str, object]) -> dict[str, object]:
    """Return what the tree of `each` may say of one entry."""
    kind = kind_of(value)
    return {
        "name": name,
        "value": value,
        "text": as_text(value),
        "kind": kinds.get(kind, kind),
        "signed_bytes": [each - 256 if each > 127 else each for each in as_bytes(value)],
    }


def _offer(field: Field, offer: object) -> object:
    """Return what the trigger says, of several values the first where one is wanted."""
    lone = isinstance(offer, tuple | list) and field.type not in ("list", "json")
    try:
        return convert(field, offer[0] if lone else offer)  # type: ignore[index]
    except UsageError as error:
        raise UsageError(f"in the function's trigger: {error.message}", error.hint) from error
