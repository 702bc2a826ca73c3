"""Make an event of a source."""

import time
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from localfn.errors import UsageError
from localfn.model import NOTHING, Event
from localfn.nearest import nearest
from localfn.payloads.convert import convert
from localfn.payloads.encodings import ENCODINGS
from localfn.payloads.fakes import Chance
from localfn.payloads.paths import parameters
from localfn.payloads.source import EventKind, Source
from localfn.payloads.template import assemble, read_template
from localfn.payloads.values import Values

# The two fields that are worked out here: when it happened (all other times follow from it), and
# the place of a record in its batch, from 0.
MOMENT = "time"
RECORD = "record"
# The option of a trigger that says how many records come in one event.
MOST = "batch"
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
    common = {MOMENT: _start(seed, now, chance), **wanted}
    records = [
        Values(source, kind, {**common, RECORD: place}, offered, chance) for place in range(count)
    ]
    payload = assemble(source, kind, read_template(source, kind), records)
    encode, content_type = ENCODINGS[kind.encoding]
    return Event(encode(payload), f"{source.name}/{kind.name}", content_type)


def choose(source: Source, event: str, offered: Mapping[str, object]) -> EventKind:
    """Return the event meant: the one named, the one the trigger asks for, or the default."""
    if event:
        return _named(source, event)
    asked = _patterns(source, offered)
    fitting = [each for each in source.events.values() if _is_asked(each, asked)]
    preferred = source.events.get(source.default)
    if preferred is not None and (preferred in fitting or not fitting):
        return preferred
    if fitting:
        return fitting[0]
    raise UsageError(
        f"`{source.name}` has several events.",
        hint=f"Name one: {', '.join(f'{source.name}/{each}' for each in source.events)}.",
    )


def mismatches(
    source: Source,
    event: str,
    given: Mapping[str, object],
    offered: Mapping[str, object],
    count: int = 1,
) -> tuple[str, ...]:
    """Return why the function's own trigger would not deliver this event, in words."""
    doubts = []
    kind = choose(source, event, offered)
    asked = _patterns(source, offered)
    if kind.delivered and asked and not _is_asked(kind, asked):
        doubts.append(f"the trigger asks for {', '.join(asked)}, not for `{kind.delivered}`")
    most = offered.get(MOST)
    if kind.batch and isinstance(most, int) and count > most:
        doubts.append(f"the trigger takes {most} records at a time, not {count}")
    if offered.get("enabled") is False:
        doubts.append("the trigger is not enabled")
    for name, value in given.items():
        field = source.fields.get(name)
        for how, of in (field.match if field else {}).items():
            expected = _texts(offered.get(of))
            if expected and not any(_AGREES[how](str(value), each) for each in expected):
                told = " or ".join(f"`{each}`" for each in expected)
                doubts.append(f"`{name}` is `{value}`, but the trigger's {of} is {told}")
    return tuple(doubts)


_AGREES: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda value, expected: value == expected,
    "starts": lambda value, expected: value.startswith(expected),
    "ends": lambda value, expected: value.endswith(expected),
    "fits": lambda value, template: parameters(template, value) is not None,
}


def _patterns(source: Source, offered: Mapping[str, object]) -> tuple[str, ...]:
    return _texts(offered.get(source.asks))


def _texts(offer: object) -> tuple[str, ...]:
    """Return what a trigger says as texts: none, one or several."""
    if isinstance(offer, str) or not isinstance(offer, Iterable):
        return (str(offer),) if offer else ()
    return tuple(str(each) for each in offer)


def _is_asked(kind: EventKind, patterns: tuple[str, ...]) -> bool:
    return bool(kind.delivered) and any(fnmatchcase(kind.delivered, each) for each in patterns)


def _named(source: Source, event: str) -> EventKind:
    if event in source.events:
        return source.events[event]
    hint = nearest(event, source.events, f"{source.name}/")
    raise UsageError(f"`{source.name}` has no event `{event}`.", hint=hint)


def _given(source: Source, name: str, value: object) -> object:
    field = source.fields.get(name)
    if field is not None and not field.hidden:
        return convert(field, value)
    hint = nearest(name, [each.name for each in source.options])
    raise UsageError(f"`{source.name}` has no field `{name}`.", hint=hint)


def _start(seed: int | None, now: float | None, chance: Chance) -> float:
    """Return the moment of an event that nobody gave one."""
    if now is not None:
        return now
    if seed is None:
        return time.time()
    return SEEDED_EPOCH_S + chance.random.randrange(SEEDED_SPAN_S)
