"""Sample events: read `events/`, fill in values."""

from localfn.payloads.catalog import catalog, clouds, find_source, has_source
from localfn.payloads.event import choose, generate, mismatches
from localfn.payloads.reading import read
from localfn.payloads.source import EventKind, Field, Source

__all__ = [
    "EventKind",
    "Field",
    "Source",
    "catalog",
    "choose",
    "clouds",
    "find_source",
    "generate",
    "has_source",
    "mismatches",
    "read",
]
