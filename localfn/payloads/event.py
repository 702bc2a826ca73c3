"""Make an event of a source."""

import json
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from localfn.errors import UsageError
from localfn.model import NOTHING, Event
from localfn.payloads.derive import to_moment
from localfn.payloads.encodings import ENCODINGS
from localfn.payloads.fakes import Chance
from localfn.payloads.slots import fill
from localfn.payloads.source import EventKind, Source
from localfn.payloads.values import Values, convert

# The field that says when it happened; all other times follow from it.
MOMENT = "time"
# Where seeded time starts: the same seed gives the same event on any day.
SEEDED_EPOCH_S = 1_767_225_600  # 2026-01-01T00:00:00Z
SEEDED_SPAN_S = 365 * 24 * 3600


def generate(
    source: Source,
    event: str,
    given: Mapping[str, object],
    *,
    offered: Mapping[str, object] = NOTHING,
    count: int = 1,
    seed: int | None = None,
    now: float | None = None,
) -> Event:
    """Return an event of this source.

    `event` may be empty where the source or the function's trigger leaves one choice. `given` are
    the user's values, `offered` those of the function's trigger. `count` records go into one
    event where the source sends batches. The same `seed` gives the same bytes. `now` is in epoch
    seconds. Raises `UsageError` for an unknown event, field or value.
    """
    kind = choose(source, event, offered)
    wanted = {name: _given(source, name, value) for name, value in given.items()}
    chance = Chance(seed)
    start = _start(wanted, seed, now, chance)
    records = [
        Values(source, {**kind.values, **wanted, MOMENT: start}, offered, chance)
        for _ in range(count)
    ]
    if kind.encoding == "text":
        return _text(source, kind, records)
    template = json.loads((source.folder / kind.file).read_text(encoding="utf-8"))
    trees = [_merged(kind, fill(template, each), each) for each in records]
    payload = _shaped(source, kind, trees, records[0])
    encode, content_type = ENCODINGS[kind.encoding]
    return Event(encode(payload), f"{source.name}/{kind.name}", content_type)


def choose(source: Source, event: str, offered: Mapping[str, object]) -> EventKind:
    """Return the event meant: the one named, the one the trigger asks for, or the default."""
    if event:
        return _named(source, event)
    asked = _patterns(source, offered)
    for kind in source.events.values():
        if kind.delivered and any(fnmatchcase(kind.delivered, each) for each in asked):
            return kind
    if source.default:
        return source.events[source.default]
    raise UsageError(
        f"`{source.name}` has several events.",
        hint=f"Name one: {', '.join(f'{source.name}/{each}' for each in source.events)}.",
    )


def mismatches(
    source: Source, event: str, given: Mapping[str, object], offered: Mapping[str, object]
) -> tuple[str, ...]:
    """Return why the function's own trigger would not deliver this event, in words."""
    doubts = []
    kind = choose(source, event, offered)
    asked = _patterns(source, offered)
    if kind.delivered and asked and not any(fnmatchcase(kind.delivered, each) for each in asked):
        doubts.append(f"the trigger asks for {', '.join(asked)}, not for `{kind.delivered}`")
    if offered.get("enabled") is False:
        doubts.append("the trigger is not enabled")
    for name, value in given.items():
        field = source.fields.get(name)
        for how, of in (field.match if field else {}).items():
            expected = offered.get(of)
            if isinstance(expected, str) and expected and not _AGREES[how](str(value), expected):
                doubts.append(f"`{name}` is `{value}`, but the trigger's {of} is `{expected}`")
    return tuple(doubts)


_AGREES = {
    "equals": lambda value, expected: value == expected,
    "starts": lambda value, expected: value.startswith(expected),
    "ends": lambda value, expected: value.endswith(expected),
}


def _patterns(source: Source, offered: Mapping[str, object]) -> tuple[str, ...]:
    asked = offered.get(source.asks, ())
    return (asked,) if isinstance(asked, str) else tuple(str(each) for each in cast("Any", asked))


def _named(source: Source, event: str) -> EventKind:
    if event in source.events:
        return source.events[event]
    from difflib import get_close_matches

    near = get_close_matches(event, source.events, 1)
    raise UsageError(
        f"`{source.name}` has no event `{event}`.",
        hint=f"Did you mean `{source.name}/{near[0]}`?"
        if near
        else f"Known: {', '.join(source.events)}.",
    )


def _given(source: Source, name: str, value: object) -> object:
    field = source.fields.get(name)
    if field is not None and not field.hidden:
        return convert(field, value)
    from difflib import get_close_matches

    known = [each.name for each in source.options]
    near = get_close_matches(name, known, 1)
    raise UsageError(
        f"`{source.name}` has no field `{name}`.",
        hint=f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(known)}.",
    )


def _start(
    wanted: Mapping[str, object], seed: int | None, now: float | None, chance: Chance
) -> object:
    if MOMENT in wanted and wanted[MOMENT] != "":
        try:
            to_moment(wanted[MOMENT])
        except ValueError as error:
            raise UsageError(
                f"`{MOMENT}` is `{wanted[MOMENT]}`, which is no moment.",
                hint="Write it as `2026-03-04T05:06:07Z`.",
            ) from error
        return wanted[MOMENT]
    if now is not None:
        return now
    if seed is None:
        return time.time()
    return SEEDED_EPOCH_S + chance.random.randrange(SEEDED_SPAN_S)


def _text(source: Source, kind: EventKind, records: list[Values]) -> Event:
    if len(records) > 1:
        raise _no_batch(source, kind)
    template = (source.folder / kind.file).read_text(encoding="utf-8")
    text = fill(template.removesuffix("\n"), records[0])
    payload = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return Event(payload.encode(), f"{source.name}/{kind.name}", "text/plain; charset=utf-8")


def _merged(kind: EventKind, tree: object, values: Values) -> object:
    """Return the record with the keys of its merged field first."""
    extra = values.plain(kind.merge) if kind.merge else None
    return {**extra, **tree} if isinstance(extra, dict) and isinstance(tree, dict) else tree


def _shaped(source: Source, kind: EventKind, trees: list[object], values: Values) -> object:
    """Return the records as one payload: batched, alone, or only a part of each."""
    if len(trees) > 1 and (not kind.batch or _holds(kind.unwrap, values)):
        raise _no_batch(source, kind)
    first = trees[0]
    if not kind.batch:
        return first
    batches = [_batch_of(each, kind.batch) for each in trees]
    records: list[Any] = [record for batch in batches for record in batch]
    if kind.part and _holds({k: v for k, v in kind.part.items() if k != "take"}, values):
        records = [each[str(kind.part["take"])] for each in records]
    if kind.unwrap and _holds(kind.unwrap, values):
        return records[0]
    if kind.batch == ".":
        return records
    assert isinstance(first, dict)
    return {**first, kind.batch: records}


def _holds(condition: Mapping[str, object], values: Values) -> bool:
    return bool(condition) and all(values.plain(name) == want for name, want in condition.items())


def _batch_of(tree: object, batch: str) -> list[Any]:
    found = tree if batch == "." else tree[batch] if isinstance(tree, dict) else None
    assert isinstance(found, list)
    return found


def _no_batch(source: Source, kind: EventKind) -> UsageError:
    return UsageError(
        f"`{source.name}/{kind.name}` carries one record, so `--count` must be 1.",
        hint="Use `localfn invoke --repeat` to send several events.",
    )
