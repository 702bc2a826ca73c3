"""Parts of a payload, by paths such as `$.detail.items[0]`, and texts that are made of them."""

import json
import re
from collections.abc import Mapping

from localfn.payloads.slots import as_text

STEP = re.compile(r"[^.\[\]$]+")
# A name in a template, or a string of JSON, in which names may stand too.
NAME = re.compile(r"<([\w.-]+)>")
PIECE = re.compile(rf'"(?:[^"\\]|\\.)*"|{NAME.pattern}')


def part_at(payload: object, path: str) -> object:
    """Return what stands at a path; raise `LookupError` with the step that leads nowhere."""
    for step in STEP.findall(path):
        if isinstance(payload, dict) and step in payload:
            payload = payload[step]
        elif isinstance(payload, list) and step.isdigit() and int(step) < len(payload):
            payload = payload[int(step)]
        else:
            raise LookupError(step)
    return payload


def reshaped(payload: object, paths: Mapping[str, object], template: str) -> object:
    """Return a template of JSON filled with parts of a payload; raise `ValueError` if it is none.

    `<name>` is the value at the path of that name: as JSON, inside a string as text.
    """
    values = {name: _found(payload, as_text(path)) for name, path in paths.items()}

    def replace(piece: re.Match[str]) -> str:
        if not piece[0].startswith('"'):
            return json.dumps(values[piece[1]]) if piece[1] in values else piece[0]
        return NAME.sub(lambda name: _inside(name, values), piece[0])

    return json.loads(PIECE.sub(replace, template))


def _found(payload: object, path: str) -> object:
    try:
        return part_at(payload, path)
    except LookupError:
        return ""


def _inside(name: re.Match[str], values: Mapping[str, object]) -> str:
    """Return a value as it stands inside a string of JSON."""
    return json.dumps(as_text(values[name[1]]))[1:-1] if name[1] in values else name[0]
