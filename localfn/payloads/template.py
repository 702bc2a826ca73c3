"""The payload of an event with its slots, and how filled records become one payload."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping

from localfn.errors import ProjectError, UsageError
from localfn.payloads.binary import zipped
from localfn.payloads.encodings import TEXT
from localfn.payloads.parts import part_at, reshaped
from localfn.payloads.slots import fill
from localfn.payloads.source import EventKind, Source
from localfn.payloads.values import Values

# What a field of `instead` says when it says nothing.
NOT_TOLD = ""
# The slot of `pack`.
PACKED = "packed"


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
    alone = _holds(kind.unwrap, records[0])
    told = records[0].plain(kind.instead) if kind.instead else NOT_TOLD
    if len(records) > 1 and (alone or told != NOT_TOLD or not kind.batch):
        raise UsageError(
            f"`{source.name}/{kind.name}` carries one record, so `--count` must be 1.",
            hint="Use `localfn invoke --repeat` to send several events.",
        )
    if told != NOT_TOLD:
        return told
    trees = [_merged(kind, fill(template, each), each) for each in records]
    payload = _batched(kind, trees, records[0]) if kind.batch else _part(kind, trees[0], records[0])
    if alone and isinstance(payload, list):
        payload = payload[0]
    payload = _reshaped(kind, _at(source, kind, payload, records[0]), records[0])
    return _packed(kind, payload)


def _merged(kind: EventKind, tree: object, values: Values) -> object:
    """Return the record with the keys of its merged field first."""
    extra = values.plain(kind.merge) if kind.merge else None
    return {**extra, **tree} if isinstance(extra, dict) and isinstance(tree, dict) else tree


def _batched(kind: EventKind, trees: list[object], values: Values) -> object:
    """Return the first tree with the records of all trees, each of them or its part."""
    steps = [] if kind.batch == "." else kind.batch.split(".")
    return _gathered(trees, steps, lambda record: _part(kind, record, values))


def _gathered(trees: list[object], steps: list[str], part: Callable[[object], object]) -> object:
    """Return the first tree, in which the arrays at the path hold what all trees have there."""
    if not steps:
        return [part(each) for tree in trees if isinstance(tree, list) for each in tree]
    inner = [tree for tree in trees if isinstance(tree, dict)]
    keys = {key: None for tree in inner for key in tree} if steps[0] == "*" else {steps[0]: None}
    found = {
        key: _gathered([tree[key] for tree in inner if key in tree], steps[1:], part)
        for key in keys
    }
    return {**inner[0], **found}


def _part(kind: EventKind, record: object, values: Values) -> object:
    """Return the one part of a record that is sent where only a part is wanted."""
    wanted = {name: want for name, want in kind.part.items() if name != "take"}
    if isinstance(record, dict) and _holds(wanted, values):
        return record[kind.part["take"]]
    return record


def _at(source: Source, kind: EventKind, payload: object, values: Values) -> object:
    """Return what stands at the path that is asked for; all of it where none is."""
    path = str(values.plain(kind.at)) if kind.at else ""
    try:
        return part_at(payload, path)
    except LookupError as error:
        raise UsageError(
            f"`{kind.at}` is `{path}`, but `{source.name}/{kind.name}` has no `{error}` there.",
            hint="Write a path such as `$.detail`, or leave it out.",
        ) from error


def _reshaped(kind: EventKind, payload: object, values: Values) -> object:
    """Return the payload in the shape that a template gives it, where there is one."""
    template = str(values.plain(kind.reshape["template"])) if kind.reshape else ""
    if not template:
        return payload
    paths = values.plain(kind.reshape["paths"])
    assert isinstance(paths, dict)
    try:
        return reshaped(payload, paths, template)
    except ValueError as error:
        raise UsageError(
            f"`{kind.reshape['template']}` is `{template}`, which makes no JSON: {error}.",
            hint='Write a template such as `{"id": <id>, "text": "Order <id>"}`.',
        ) from error


def _packed(kind: EventKind, payload: object) -> object:
    """Return the tree in which the payload stands compressed and in base64, where there is one."""
    if not kind.pack:
        return payload
    text = b64encode(zipped(payload)).decode()
    return fill(dict(kind.pack), {PACKED: text}.__getitem__)


def _holds(condition: Mapping[str, object], values: Values) -> bool:
    return bool(condition) and all(values.plain(name) == want for name, want in condition.items())
