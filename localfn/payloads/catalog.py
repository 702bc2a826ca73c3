"""All sources in `events/`, found by their folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from localfn import assets
from localfn.errors import ProjectError, UsageError
from localfn.payloads.derive import DERIVATIONS
from localfn.payloads.fakes import FAKES
from localfn.payloads.source import TYPES, EventKind, Field, Source

if TYPE_CHECKING:
    import yaml

FILE = "source.yaml"
FIELD_KEYS = frozenset(
    {"type", "help", "default", "fake", "from", "derive", "choices", "encode", "hidden"}
    | {"optional", "match"}
)
EVENT_KEYS = frozenset(
    {"title", "file", "values", "delivered", "batch", "unwrap", "part", "merge", "encoding"}
)


def clouds() -> tuple[str, ...]:
    """Return the clouds that have sources."""
    home = assets.folder("events")
    return tuple(sorted({each.parent.parent.name for each in home.glob(f"*/*/{FILE}")}))


def catalog(cloud: str) -> tuple[Source, ...]:
    """Return every source of a cloud, by name."""
    folders = sorted(each.parent for each in (assets.folder("events") / cloud).glob(f"*/{FILE}"))
    return tuple(read_source(each) for each in folders)


def has_source(cloud: str, name: str) -> bool:
    """Return whether a cloud has a source of this name."""
    return name in {
        each.parent.name for each in (assets.folder("events") / cloud).glob(f"*/{FILE}")
    }


def find_source(cloud: str, name: str) -> Source:
    """Return one source; raise `UsageError` when the cloud has none of this name."""
    folder = assets.folder("events") / cloud / name
    # A name with a path in it is no name.
    if folder.parent.name == cloud and (folder / FILE).is_file():
        return read_source(folder)
    known = [each.parent.name for each in folder.parent.parent.glob(f"{cloud}/*/{FILE}")]
    raise UsageError(f"`{name}` is no event source of `{cloud}`.", hint=_suggest(name, known))


def read_source(folder: Path) -> Source:
    """Return what a source's folder says; raise `ProjectError` for a file that is wrong."""
    import yaml

    path = folder / FILE
    try:
        raw = yaml.load(path.read_bytes(), _safe_loader())  # noqa: S506 - both are safe loaders
    except (OSError, yaml.YAMLError) as error:
        raise ProjectError(f"{path} cannot be read: {error}") from error
    told = _mapping(path, "the file", raw)
    events = _mapping(path, "events", told.get("events"))
    fields = _mapping(path, "fields", told.get("fields", {}))
    return Source(
        cloud=folder.parent.name,
        name=folder.name,
        title=str(told.get("title", folder.name)),
        summary=" ".join(str(told.get("summary", "")).split()),
        contract=str(told.get("contract", "")),
        default=str(told.get("default") or (next(iter(events)) if len(events) == 1 else "")),
        asks=str(told.get("asks", "events")),
        events={name: _event(path, name, each) for name, each in events.items()},
        fields={name: _field(path, name, each) for name, each in fields.items()},
        folder=folder,
    )


def _safe_loader() -> "type[yaml.SafeLoader | yaml.CSafeLoader]":
    """Return the fast loader where PyYAML was built with it."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _event(path: Path, name: str, raw: object) -> EventKind:
    told = _checked(path, f"events.{name}", raw, EVENT_KEYS)
    file = str(told.get("file", f"{name}.json"))
    if not (path.parent / file).is_file():
        raise ProjectError(f"{path}: `events.{name}.file` is `{file}`, which is not there.")
    return EventKind(
        name=name,
        title=str(told.get("title", name)),
        file=file,
        values=_mapping(path, f"events.{name}.values", told.get("values", {})),
        delivered=str(told.get("delivered", "")),
        batch=str(told.get("batch", "")),
        unwrap=_mapping(path, f"events.{name}.unwrap", told.get("unwrap", {})),
        part=_mapping(path, f"events.{name}.part", told.get("part", {})),
        merge=str(told.get("merge", "")),
        encoding=str(told.get("encoding", "json")),
    )


def _field(path: Path, name: str, raw: object) -> Field:
    where = f"fields.{name}"
    told = _checked(path, where, raw, FIELD_KEYS)
    derive = _mapping(path, f"{where}.derive", told.get("derive", {}))
    fake = str(told.get("fake", ""))
    _among(path, f"{where}.type", str(told.get("type", "string")), TYPES)
    _among(path, f"{where}.derive", next(iter(derive), ""), ("", *DERIVATIONS))
    _among(path, f"{where}.fake", fake, ("", *FAKES))
    match = _mapping(path, f"{where}.match", told.get("match", {}))
    choices = told.get("choices", ())
    return Field(
        name=name,
        type=str(told.get("type", "string")),
        help=str(told.get("help", "")),
        default=told.get("default", ""),
        fake=fake,
        offered=str(told.get("from", "")),
        derive=derive,
        choices=tuple(choices) if isinstance(choices, list) else (),
        encode=str(told.get("encode", "")),
        hidden=bool(told.get("hidden")),
        optional=bool(told.get("optional")),
        match={key: str(value) for key, value in match.items()},
    )


def _checked(path: Path, where: str, raw: object, known: frozenset[str]) -> dict[str, object]:
    told = _mapping(path, where, raw)
    for key in told:
        _among(path, where, key, known)
    return told


def _mapping(path: Path, where: str, raw: object) -> dict[str, object]:
    if not isinstance(raw, Mapping):
        raise ProjectError(f"{path}: `{where}` is not a mapping.")
    return {str(key): value for key, value in raw.items()}


def _among(path: Path, where: str, value: str, known: object) -> None:
    assert isinstance(known, tuple | frozenset)
    if value not in known:
        names = ", ".join(sorted(str(each) for each in known if each))
        raise ProjectError(f"{path}: `{where}` has `{value}`.", hint=f"Known: {names}.")


def _suggest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(sorted(known))}."
