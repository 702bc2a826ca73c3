"""A value of a YAML file that knows its file and line."""

from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import Place


class Written(NamedTuple):
    """A value and where it stands; `text` is a scalar as it was written."""

    value: "Mapping[str, Written] | tuple[Written, ...] | str | int | float | bool | None"
    place: Place
    text: str = ""

    @property
    def mapping(self) -> "Mapping[str, Written]":
        """Return the children by key; nothing where this is no mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> "tuple[Written, ...]":
        """Return the elements; nothing where this is no list."""
        return self.value if isinstance(self.value, tuple) else ()
