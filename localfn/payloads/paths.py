"""Paths of requests, and templates of them such as `/orders/{id}` or `/{proxy+}`."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from localfn.payloads.slots import as_text

PARAMETER = re.compile(r"\{([^{}+]+)(\+?)\}")


def filled(template: str, given: Mapping[str, object], invent: str) -> str:
    """Return a path of the template: with the parameters that are given, else invented ones."""
    return PARAMETER.sub(lambda found: as_text(given.get(found[1], invent)), template)


def parameters(template: str, path: str) -> dict[str, str] | None:
    """Return what a path has for the template's parameters; None where it does not fit."""
    fitting = re.fullmatch(_pattern(template), path.rstrip("/") or "/")
    if fitting is None:
        return None
    names = (found[1] for found in PARAMETER.finditer(template))
    return {name: unquote(value) for name, value in zip(names, fitting.groups(), strict=True)}


def _pattern(template: str) -> str:
    """Return a regular expression with one group for each parameter."""
    parts, place = [], 0
    for found in PARAMETER.finditer(template):
        parts += [re.escape(template[place : found.start()]), "(.+)" if found[2] else "([^/]+)"]
        place = found.end()
    return "".join(parts) + (re.escape(template[place:].rstrip("/")) if place else _plain(template))


def _plain(template: str) -> str:
    return re.escape(template.rstrip("/") or "/")
