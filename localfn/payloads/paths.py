"""Paths of requests, and templates of them such as `/orders/{id}`, `/{proxy+}` or `/api/*`."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from localfn.payloads.slots import as_text

# A name in braces, for one step or with `+` for several; or a star, for any text.
PARAMETER = re.compile(r"\{([^{}+]+)(\+?)\}|\*")


def filled(template: str, given: Mapping[str, object], invent: str) -> str:
    """Return a path of the template: with the parameters that are given, else invented ones."""
    return PARAMETER.sub(lambda found: as_text(given.get(found[1] or "*", invent)), template)


def parameters(template: str, path: str) -> dict[str, str] | None:
    """Return what a path has for the template's parameters; None where it does not fit.

    A template that is no path, as that of a default route, takes every path.
    """
    if not template.startswith("/"):
        return {}
    fitting = re.fullmatch(_pattern(template), path.rstrip("/") or "/")
    if fitting is None:
        return None
    names = (found[1] for found in PARAMETER.finditer(template))
    pairs = zip(names, fitting.groups(), strict=True)
    return {name: unquote(value) for name, value in pairs if name}


def _pattern(template: str) -> str:
    """Return a regular expression with one group for each parameter."""
    parts, place = [], 0
    for found in PARAMETER.finditer(template):
        parts += [re.escape(template[place : found.start()]), _group(found)]
        place = found.end()
    return "".join(parts) + (re.escape(template[place:].rstrip("/")) if place else _plain(template))


def _group(found: re.Match[str]) -> str:
    if not found[1]:
        return "(.*)"
    return "(.+)" if found[2] else "([^/]+)"


def _plain(template: str) -> str:
    return re.escape(template.rstrip("/") or "/")
