"""The JSON schema of localfn.yaml: the one table of what can be set.

A rule is one of its nodes. Besides the keywords of JSON Schema it has three of ours, which
editors pass over: `x-option` and `x-variable` name the option and the environment variable of
the same setting, `x-path` says that its text is a path.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

SCHEMA = Path(__file__).with_name("localfn.schema.json")


class Rule(NamedTuple):
    """What a value must be. `key` is dotted: where it stands in localfn.yaml."""

    key: str
    told: Mapping[str, object]

    def word(self, keyword: str) -> str:
        """Return a keyword's text, "" without one."""
        return str(self.told.get(keyword, ""))

    @property
    def option(self) -> str:
        """Return the name under which the command line reads it, "" without one."""
        return self.word("x-option").partition("/")[0].lstrip("-").replace("-", "_")

    @property
    def types(self) -> tuple[str, ...]:
        """Return the types that a value may have; none where only `enum` counts."""
        found = self.told.get("type", ())
        return (found,) if isinstance(found, str) else tuple(_list(found))

    @property
    def choices(self) -> tuple[object, ...]:
        """Return the only values there are; none where any will do."""
        return tuple(_list(self.told.get("enum", ())))

    @property
    def is_path(self) -> bool:
        """Return whether the text names a file or a folder."""
        return bool(self.told.get("x-path"))

    @property
    def children(self) -> "Mapping[str, Rule]":
        """Return the rules of the keys that are named."""
        return {
            name: Rule(f"{self.key}.{name}".lstrip("."), _mapping(told))
            for name, told in _mapping(self.told.get("properties", {})).items()
        }

    @property
    def others(self) -> "Rule | None":
        """Return the rule of all other keys; None where there may be none."""
        found = self.told.get("additionalProperties")
        return Rule(self.key, _mapping(found)) if isinstance(found, dict) else None

    @property
    def items(self) -> "Rule":
        """Return the rule of a list's elements."""
        return Rule(self.key, _mapping(self.told.get("items", {})))

    def find(self, key: str) -> "Rule":
        """Return the rule of a dotted key."""
        rule = self
        for step in key.split("."):
            rule = rule.children[step]
        return rule

    def leaves(self) -> Iterator["Rule"]:
        """Yield the rule of every setting, the groups' own included."""
        for rule in self.children.values():
            if rule.children:
                yield from rule.leaves()
            else:
                yield rule


@cache
def read_schema() -> Rule:
    """Return the rule of the whole file."""
    return Rule("", _mapping(json.loads(SCHEMA.read_bytes())))


def _mapping(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _list(value: object) -> list[str]:
    return list(value) if isinstance(value, list | tuple) else []
