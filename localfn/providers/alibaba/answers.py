"""Answers that a handler describes in JSON (contract alibaba-fc, section 6.1)."""

import base64
import binascii
import json
from collections.abc import Mapping

from localfn.model import Headers, HttpReply
from localfn.providers.alibaba.errors import JSON, bad_response


class _Malformed(Exception):
    """The description is not what it should be; the message says what is wrong."""


def described(output: bytes, id_: str) -> HttpReply:
    """Return the answer that a JSON object with `statusCode` describes, else the output itself."""
    told = _object(output)
    if told is None or "statusCode" not in told:
        return HttpReply(200, (JSON,), output)
    try:
        headers = _headers(told.get("headers"))
        body = _answer_body(told.get("body"), is_base64=told.get("isBase64Encoded") is True)
        status = _status_code(told["statusCode"])
    except _Malformed as wrong:
        return bad_response(f"the function's answer is malformed: {wrong}", id_)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (JSON, *headers)
    return HttpReply(status, headers, body)


def _object(output: bytes) -> Mapping[str, object] | None:
    if output.lstrip()[:1] != b"{":
        return None
    try:
        told = json.loads(output.decode())
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _status_code(told: object) -> int:
    text = "" if isinstance(told, bool) else str(told)
    if text.isascii() and text.isdigit() and 200 <= int(text) <= 599:
        return int(text)
    raise _Malformed(f"`statusCode` is `{_short(told)}`")


def _headers(told: object) -> Headers:
    if told is None:
        return ()
    if not isinstance(told, dict):
        raise _Malformed(f"`headers` is `{_short(told)}`, not an object")
    for name, value in told.items():
        if isinstance(value, list | dict):
            raise _Malformed(f"the header `{name}` is `{_short(value)}`; one text per header")
    return tuple((name, _text(value)) for name, value in told.items() if value is not None)


def _text(value: object) -> str:
    """Return a header's value as HTTP carries it: bytes, written as Latin-1."""
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return text.encode("utf-8", "replace").decode("latin-1")


def _answer_body(told: object, *, is_base64: bool) -> bytes:
    if told is None:
        return b""
    if not isinstance(told, str):
        raise _Malformed(f"`body` is `{_short(told)}`, not text")
    if not is_base64:
        return told.encode("utf-8", "replace")
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        raise _Malformed(f"`body` is `{_short(told)}`, not base64") from None


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
