"""Read a `source.yaml`, and name the file and the key of what is wrong in it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from localfn.errors import ProjectError
from localfn.payloads.convert import TYPES
from localfn.payloads.derive import EACH, ENTRY, FROM_NOTHING, OF_FIELDS, OPTIONS, PICK
from localfn.payloads.encodings import ENCODINGS
from localfn.payloads.fakes import FAKES
from localfn.payloads.moments import TIME_FORMATS, is_format
from localfn.payloads.slots import slots_of
from localfn.payloads.source import EventKind, Field, Source
from localfn.payloads.values import ENCODES

if TYPE_CHECKING:
    import yaml

FILE = "source.yaml"
SOURCE_KEYS = frozenset({"title", "summary", "contract", "default", "asks", "events", "fields"})
EVENT_KEYS = frozenset(
    {"title", "file", "values", "delivered", "batch", "unwrap", "part", "merge", "encoding"}
    | {"instead", "at", "reshape", "pack", "also"}
)
FIELD_KEYS = frozenset(
    {"type", "help", "default", "fake", "from", "derive", "choices", "encode", "hidden"}
    | {"optional", "when", "match"}
)
RESHAPE_KEYS = frozenset({"paths", "template"})
MATCHES = frozenset({"equals", "starts", "ends", "fits"})
# Options that `localfn generate-event` has for every source.
RESERVED = frozenset({"count", "seed", "cloud", "provider", "output", "list", "help"})


def read_source(folder: Path) -> Source:
    """Return what a source's folder says; raise `ProjectError` for a file that is wrong."""
    page = _Page(folder / FILE)
    told = page.mapping("the file", _load(page.path), SOURCE_KEYS)
    events = page.mapping("events", told.get("events"))
    fields = page.mapping("fields", told.get("fields", {}))
    source = Source(
        cloud=folder.parent.name,
        name=folder.name,
        title=str(told.get("title", folder.name)),
        summary=" ".join(str(told.get("summary", "")).split()),
        contract=str(told.get("contract", "")),
        default=str(told.get("default") or (next(iter(events)) if len(events) == 1 else "")),
        asks=str(told.get("asks", "events")),
        events={name: _event(page, name, each) for name, each in events.items()},
        fields={name: _field(page, name, each) for name, each in fields.items()},
        folder=folder,
    )
    _check_references(page, source)
    return source


class _Page:
    """A file, for errors that name it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mapping(
        self, where: str, raw: object, known: frozenset[str] = frozenset()
    ) -> dict[str, object]:
        """Return a mapping with known keys only."""
        if not isinstance(raw, Mapping):
            raise ProjectError(f"{self.path}: `{where}` is not a mapping.")
        told = {str(key): value for key, value in raw.items()}
        for key in told if known else ():
            self.among(where, key, known)
        return told

    def among(self, where: str, value: str, known: Iterable[str]) -> None:
        """Check that a word is one that we know."""
        names = sorted(known)
        if value not in names:
            told = ", ".join(each for each in names if each)
            raise ProjectError(f"{self.path}: `{where}` has `{value}`.", hint=f"Known: {told}.")


def _load(path: Path) -> object:
    import yaml

    try:
        return yaml.load(path.read_bytes(), _safe_loader())  # noqa: S506 - both are safe loaders
    except (OSError, yaml.YAMLError) as error:
        raise ProjectError(f"{path} cannot be read: {error}") from error


def _safe_loader() -> "type[yaml.SafeLoader | yaml.CSafeLoader]":
    """Return the fast loader where PyYAML was built with it."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _event(page: _Page, name: str, raw: object) -> EventKind:
    where = f"events.{name}"
    told = page.mapping(where, raw, EVENT_KEYS)
    file = str(told.get("file", f"{name}.json"))
    if not (page.path.parent / file).is_file():
        raise ProjectError(f"{page.path}: `{where}.file` is `{file}`, which is not there.")
    encoding = str(told.get("encoding", "json"))
    page.among(f"{where}.encoding", encoding, ENCODINGS)
    return EventKind(
        name=name,
        title=str(told.get("title", name)),
        file=file,
        values=page.mapping(f"{where}.values", told.get("values", {})),
        delivered=str(told.get("delivered", "")),
        batch=str(told.get("batch", "")),
        unwrap=page.mapping(f"{where}.unwrap", told.get("unwrap", {})),
        part=page.mapping(f"{where}.part", told.get("part", {})),
        merge=str(told.get("merge", "")),
        encoding=encoding,
        instead=str(told.get("instead", "")),
        at=str(told.get("at", "")),
        reshape=_reshape(page, f"{where}.reshape", told.get("reshape", {})),
        also=tuple(_words(told.get("also"))),
        pack=page.mapping(f"{where}.pack", told.get("pack", {})),
    )


def _reshape(page: _Page, where: str, raw: object) -> dict[str, str]:
    told = page.mapping(where, raw, RESHAPE_KEYS)
    if told and told.keys() != RESHAPE_KEYS:
        raise ProjectError(f"{page.path}: `{where}` needs `paths` and `template`.")
    return {key: str(value) for key, value in told.items()}


def _words(raw: object) -> list[str]:
    return [str(each) for each in raw] if isinstance(raw, list) else []


def _field(page: _Page, name: str, raw: object) -> Field:
    where = f"fields.{name}"
    told = page.mapping(where, raw, FIELD_KEYS)
    if name in RESERVED:
        raise ProjectError(f"{page.path}: `{where}` has the name of an option that is ours.")
    words = {key: str(told.get(key, "")) for key in ("fake", "encode", "when", "from", "help")}
    kind = str(told.get("type", "string"))
    page.among(f"{where}.type", kind, TYPES)
    page.among(f"{where}.fake", words["fake"], ("", *FAKES))
    page.among(f"{where}.encode", words["encode"], ("", *ENCODES))
    match = page.mapping(f"{where}.match", told.get("match", {}), MATCHES)
    choices = told.get("choices", ())
    return Field(
        name=name,
        type=kind,
        help=words["help"],
        default=told.get("default", ""),
        fake=words["fake"],
        offered=words["from"],
        derive=_derive(page, f"{where}.derive", told.get("derive", {})),
        choices=tuple(choices) if isinstance(choices, list) else (),
        encode=words["encode"],
        hidden=bool(told.get("hidden")),
        optional=bool(told.get("optional")),
        when=words["when"],
        match={key: str(value) for key, value in match.items()},
    )


def _derive(page: _Page, where: str, raw: object) -> dict[str, object]:
    told = page.mapping(where, raw)
    for place, key in enumerate(told):
        page.among(where, key, OPTIONS if place == 0 else OPTIONS[next(iter(told))])
    if "format" in told and not is_format(str(told["format"])):
        page.among(f"{where}.format", str(told["format"]), TIME_FORMATS)
    return told


def _check_references(page: _Page, source: Source) -> None:
    """Check that every field that is spoken of is one."""
    if source.default:
        page.among("default", source.default, source.events)
    for kind in source.events.values():
        named = {*kind.values, *kind.unwrap, *kind.part, kind.merge, kind.instead, kind.at}
        named |= set(kind.reshape.values())
        named -= {"take", ""}
        for name in (*sorted(named), *sorted(slots_of(dict(kind.values)))):
            page.among(f"events.{kind.name}", name, source.fields)
    for field in source.fields.values():
        for name in sorted({field.when} - {""} | slots_of(field.default) | _made_of(field)):
            page.among(f"fields.{field.name}", name, source.fields)


def _made_of(field: Field) -> set[str]:
    """Return the fields that a derivation looks at."""
    if not field.derive:
        return set()
    how, of = next(iter(field.derive.items()))
    named = [] if how in FROM_NOTHING else list(of) if isinstance(of, list) else [of]
    named += [each for key, each in field.derive.items() if key in OF_FIELDS]
    if how == EACH:
        named += slots_of(field.derive.get("as")) - ENTRY
    table = field.derive.get("of")
    if how == PICK and isinstance(table, Mapping):
        named += table.values()
    return {each for each in named if isinstance(each, str)}
