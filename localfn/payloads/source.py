"""An event source as `events/<cloud>/<source>/source.yaml` describes it (events/README.md)."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from localfn.model import NOTHING


class Field(NamedTuple):
    """One value of an event, and where it comes from when nobody gives it.

    In this order: `offered` (an option of the function's trigger), `derive`, `fake`, `default`.
    A default may hold slots. `hidden` fields serve others and are no option. `optional`: a key
    whose value is empty is left out; `when` leaves it out unless another field says yes. `match`
    says how a value must agree with the trigger.
    """

    name: str
    type: str = "string"
    help: str = ""
    default: object = ""
    fake: str = ""
    offered: str = ""
    derive: Mapping[str, object] = NOTHING
    choices: tuple[object, ...] = ()
    encode: str = ""
    hidden: bool = False
    optional: bool = False
    when: str = ""
    match: Mapping[str, str] = NOTHING


class EventKind(NamedTuple):
    """One event of a source.

    `values` stand before a field's own ways to a value, and may hold slots. `merge` names a field
    whose keys stand beside the payload's own. `delivered` is the name under which a trigger asks
    for it. `batch` is the path of the array that takes more records (`.` is the payload itself, `*`
    any key), or empty. `unwrap` and `part` are conditions on fields under which only the first
    record, or only one part of each, is sent. `instead` names a field that is sent for the whole
    payload where it has a value, `at` one with the path of the part that is sent; `reshape`
    names a template of what is sent, and the paths of its parts. `pack` is a tree
    in which the payload stands compressed. `also` are the names that other tools have for it.
    """

    name: str
    title: str
    file: str
    values: Mapping[str, object] = NOTHING
    delivered: str = ""
    batch: str = ""
    unwrap: Mapping[str, object] = NOTHING
    part: Mapping[str, object] = NOTHING
    merge: str = ""
    encoding: str = "json"
    instead: str = ""
    at: str = ""
    reshape: Mapping[str, str] = NOTHING
    pack: Mapping[str, object] = NOTHING
    also: tuple[str, ...] = ()


class Source(NamedTuple):
    """A source of events of one cloud. `asks` is the trigger's option that lists its events."""

    cloud: str
    name: str
    title: str
    summary: str
    contract: str
    default: str
    asks: str
    events: Mapping[str, EventKind]
    fields: Mapping[str, Field]
    folder: Path

    @property
    def options(self) -> tuple[Field, ...]:
        """Return the fields that can be given."""
        return tuple(each for each in self.fields.values() if not each.hidden)
