"""Answers that a handler describes in JSON, checked piece by piece (contract, 6.2 and 6.4)."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping

from localfn.model import Headers


class Malformed(Exception):
    """An answer is not what the gateway wants; the message says what is wrong."""


def parsed(payload: bytes) -> object:
    """Return the value of an answer; raise `Malformed` where it is no JSON."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the answer is no JSON: {error}") from None


def status_of(told: object) -> int:
    """Return a status that was given as a number or as its digits."""
    text = "" if isinstance(told, bool) else str(told)
    if isinstance(told, float) and told.is_integer():
        text = str(int(told))
    if text.isascii() and text.isdigit() and 200 <= int(text) <= 599:
        return int(text)
    raise Malformed(f"`statusCode` is `{short(told)}`")


def single_headers(told: object, name: str = "headers") -> Headers:
    """Return the headers of an object that has one value for each."""
    return tuple((key, text_of(value, key)) for key, value in _object(told, name).items())


def multi_headers(told: object, name: str = "multiValueHeaders") -> Headers:
    """Return the headers of an object that lists the values of each."""
    found = []
    for key, values in _object(told, name).items():
        if not isinstance(values, list):
            raise Malformed(f"`{name}.{key}` is `{short(values)}`, not a list")
        found += [(key, text_of(value, key)) for value in values]
    return tuple(found)


def merged(first: Headers, second: Headers) -> Headers:
    """Return all headers; what both say alike is said once, whatever the case of its name."""
    known = {(name.lower(), value) for name, value in first}
    return first + tuple(each for each in second if (each[0].lower(), each[1]) not in known)


def text_of(value: object, name: str) -> str:
    """Return a header's value as HTTP carries it: bytes, written as Latin-1."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        raise Malformed(f"the header `{name}` is `{short(value)}`; one text per header")
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    if set(text) & set("\r\n\0") or not _is_name(name):
        raise Malformed(f"the header `{short(name)}` has characters that HTTP does not allow")
    return text.encode("utf-8", "replace").decode("latin-1")


def body_of(told: object) -> str:
    """Return a body that was given as text, "" for none."""
    if told is None:
        return ""
    if not isinstance(told, str):
        raise Malformed(f"`body` is `{short(told)}`, not text")
    return told


def from_base64(text: str) -> bytes:
    """Return the bytes of a body that was said to be base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"`body` is `{short(text)}`, not base64") from None


def texts_of(told: object, name: str) -> tuple[str, ...]:
    """Return a list of texts, () for none."""
    if told is None:
        return ()
    if not isinstance(told, list):
        raise Malformed(f"`{name}` is `{short(told)}`, not a list")
    return tuple(text_of(each, name) for each in told)


def has(headers: Iterable[tuple[str, str]], name: str) -> bool:
    """Return whether a header is among these, whatever the case of its name."""
    return any(each.lower() == name for each, _ in headers)


def encoded(text: str) -> bytes:
    """Return a body as it is sent."""
    return text.encode("utf-8", "surrogatepass")


def short(value: object) -> str:
    """Return a value for an error's message."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _object(told: object, name: str) -> Mapping[str, object]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise Malformed(f"`{name}` is `{short(told)}`, not an object")
    return told


def _is_name(name: str) -> bool:
    return bool(name) and name.isascii() and name.isprintable() and not set(name) & set(" :")
