"""Whether a policy lets somebody ask for something (contract aws-lambda, 6.2)."""

import re
from collections.abc import Iterable, Mapping
from enum import Enum

INVOKE = "execute-api:Invoke"


class Verdict(Enum):
    """What a policy says. Nothing is as good as no, but is told otherwise."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOTHING = "nothing"


class BadPolicy(Exception):
    """What was given as a policy is none."""


def verdict(document: object, resource: str) -> Verdict:
    """Return what a policy says about a resource; a denial beats everything. Raise `BadPolicy`."""
    if not isinstance(document, dict):
        raise BadPolicy
    said = [
        str(each.get("Effect", ""))
        for each in _statements(document)
        if _matches(each, "Action", INVOKE) and _matches(each, "Resource", resource)
    ]
    if "Deny" in said:
        return Verdict.DENIED
    return Verdict.ALLOWED if "Allow" in said else Verdict.NOTHING


def _statements(document: Mapping[str, object]) -> Iterable[Mapping[str, object]]:
    told = document.get("Statement")
    for each in told if isinstance(told, list) else [told]:
        if not isinstance(each, dict) or each.get("Effect") not in ("Allow", "Deny"):
            raise BadPolicy
        yield each


def _matches(statement: Mapping[str, object], key: str, wanted: str) -> bool:
    """Return whether a statement is about this; `NotResource` is about all but what it names."""
    if f"Not{key}" in statement:
        return not any(_fits(each, wanted) for each in _listed(statement[f"Not{key}"]))
    return any(_fits(each, wanted) for each in _listed(statement.get(key)))


def _listed(told: object) -> list[str]:
    return [str(each) for each in (told if isinstance(told, list) else [told]) if each is not None]


def _fits(pattern: str, wanted: str) -> bool:
    """Return whether a text fits a pattern in which `*` is anything and `?` one character."""
    parts = (".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)
    # Actions are compared without regard to case; resources of these APIs differ in more than that.
    return re.fullmatch("".join(parts), wanted, re.DOTALL | re.IGNORECASE) is not None
