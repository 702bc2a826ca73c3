"""How a payload is written: what an event's `encoding` may say."""

import json
from collections.abc import Callable, Mapping

from localfn.payloads.slots import as_text


def _json(payload: object) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def _json_strings(payload: object) -> bytes:
    """Return an array in which each record is the JSON text of itself."""
    if not isinstance(payload, list):
        return _json(payload)
    return _json([json.dumps(each, ensure_ascii=False) for each in payload])


def _text(payload: object) -> bytes:
    return as_text(payload).encode()


def _cbor(payload: object) -> bytes:
    from localfn.payloads import cbor

    return cbor.dumps(payload)


TEXT = "text"
# encoding -> how to write it, and its content type
ENCODINGS: Mapping[str, tuple[Callable[[object], bytes], str]] = {
    "json": (_json, "application/json"),
    "json-strings": (_json_strings, "application/json"),
    TEXT: (_text, "text/plain; charset=utf-8"),
    "cbor": (_cbor, "application/cbor"),
}
