"""The payload of an event with its slots, and how filled records become one payload."""

import json
from collections.abc import Mapping

from localfn.errors import ProjectError, UsageError
from localfn.payloads.encodings import TEXT
from localfn.payloads.slots import fill
from localfn.payloads.source import EventKind, Source
from localfn.payloads.values import Values


def read_template(source: Source, kind: EventKind) -> object:
    """Return the payload with its slots: a tree, or the text of a text event."""
    path = source.folder / kind.file
    text = path.read_text(encoding="utf-8")
    if kind.encoding == TEXT:
        return text.removesuffix("\n")
    try:
        return json.loads(text)
    except ValueError as error:
        raise ProjectError(f"{path} is not valid JSON: {error}") from error


def assemble(source: Source, kind: EventKind, template: object, records: list[Values]) -> object:
    """Return the records as one payload: batched, alone, or only a part of each."""
    trees = [_merged(kind, fill(template, each), each) for each in records]
    alone = _holds(kind.unwrap, records[0])
    if len(trees) > 1 and (alone or not kind.batch):
        raise UsageError(
            f"`{source.name}/{kind.name}` carries one record, so `--count` must be 1.",
            hint="Use `localfn invoke --repeat` to send several events.",
        )
    parts = [_part(kind, each, records[0]) for tree in trees for each in _records_of(kind, tree)]
    first = trees[0]
    if alone or not kind.batch:
        return parts[0]
    return {**first, kind.batch: parts} if isinstance(first, dict) else parts


def _merged(kind: EventKind, tree: object, values: Values) -> object:
    """Return the record with the keys of its merged field first."""
    extra = values.plain(kind.merge) if kind.merge else None
    return {**extra, **tree} if isinstance(extra, dict) and isinstance(tree, dict) else tree


def _records_of(kind: EventKind, tree: object) -> list[object]:
    if not kind.batch:
        return [tree]
    found = tree[kind.batch] if isinstance(tree, dict) else tree
    assert isinstance(found, list)
    return found


def _part(kind: EventKind, record: object, values: Values) -> object:
    """Return the one part of a record that is sent where only a part is wanted."""
    wanted = {name: want for name, want in kind.part.items() if name != "take"}
    if isinstance(record, dict) and _holds(wanted, values):
        return record[kind.part["take"]]
    return record


def _holds(condition: Mapping[str, object], values: Values) -> bool:
    return bool(condition) and all(values.plain(name) == want for name, want in condition.items())
