"""How a payload is written: what a source's `encoding` may say."""

import json
from collections.abc import Callable, Mapping


def _json(payload: object) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def _json_strings(payload: object) -> bytes:
    """Return an array in which each record is the JSON text of itself."""
    assert isinstance(payload, list)
    return _json([json.dumps(each, ensure_ascii=False) for each in payload])


ENCODINGS: Mapping[str, tuple[Callable[[object], bytes], str]] = {
    "json": (_json, "application/json"),
    "json-strings": (_json_strings, "application/json"),
}
