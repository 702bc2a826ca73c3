"""Signatures of requests, version 4: `AWS4-HMAC-SHA256` (contract aws-lambda, section 5.1)."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from localfn.model import HttpReply, HttpRequest
from localfn.providers.aws.environment import KEY_ID, KEY_SECRET, PLACEHOLDERS
from localfn.providers.aws.errors import error

SCHEME = "AWS4-HMAC-SHA256"
_PARTS = re.compile(r"(\w+)=([^,\s]*)")


class _Signature(NamedTuple):
    """What `Authorization` says. `scope` is date, region, service and a word that ends it."""

    key_id: str
    scope: tuple[str, ...]
    headers: tuple[str, ...]
    digest: str


def refuse(request: HttpRequest, environ: Mapping[str, str], id_: str) -> HttpReply | None:
    """Return the answer to a request that is not signed with the keys of `environ`, else None.

    A machine without keys has placeholders (`environment.PLACEHOLDERS`): functions sign with them.
    """
    written = request.header("authorization")
    if not written:
        return error(
            403, "MissingAuthenticationTokenException", "Missing Authentication Token", id_
        )
    told = _read(written)
    if told is None:
        message = f"Authorization header is no `{SCHEME}`: '{written[:60]}'."
        return error(403, "IncompleteSignatureException", message, id_)
    known, secret = keys(environ)
    if told.key_id != known:
        message = f"The key '{told.key_id}' is not known on this machine."
        return error(403, "UnrecognizedClientException", message, id_)
    if not hmac.compare_digest(told.digest.encode(), _digest(request, told, secret).encode()):
        message = "The signature does not match the request and the secret of this machine."
        return error(403, "InvalidSignatureException", message, id_)
    return None


def keys(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the id and the secret that requests are signed with on this machine."""
    found = environ if environ.get(KEY_ID) else PLACEHOLDERS
    return found[KEY_ID], found.get(KEY_SECRET, "")


def key_id_of(request: HttpRequest) -> str:
    """Return the key that a request says it is signed with, "" where it says none."""
    told = _read(request.header("authorization"))
    return told.key_id if told else ""


def _read(written: str) -> _Signature | None:
    parts = dict(_PARTS.findall(written.removeprefix(SCHEME)))
    key_id, *scope = parts.get("Credential", "").split("/")
    if not written.startswith(SCHEME) or len(scope) != 4:
        return None
    headers = tuple(parts.get("SignedHeaders", "").split(";"))
    return _Signature(key_id, tuple(scope), headers, parts.get("Signature", ""))


def _digest(request: HttpRequest, told: _Signature, secret: str) -> str:
    body = request.header("x-amz-content-sha256")
    canonical = "\n".join(
        (
            request.method,
            quote(request.path, safe="/~"),
            _canonical_query(request.query),
            "".join(f"{name}:{_values(request, name)}\n" for name in told.headers),
            ";".join(told.headers),
            body or hashlib.sha256(request.whole_body()).hexdigest(),
        )
    )
    text = "\n".join(
        (
            SCHEME,
            request.header("x-amz-date"),
            "/".join(told.scope),
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"AWS4{secret}".encode()
    for each in told.scope:
        key = hmac.digest(key, each.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _values(request: HttpRequest, name: str) -> str:
    found = (" ".join(value.split()) for key, value in request.headers if key.lower() == name)
    return ",".join(found)


def _canonical_query(query: str) -> str:
    pairs = [
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
