"""Signatures of requests: `FC` of FC2 and `ACS3-HMAC-SHA256` (contract alibaba-fc, section 5.1)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote

from localfn.model import HttpReply, HttpRequest
from localfn.providers.alibaba.environment import KEY_ID, KEY_SECRET, PLACEHOLDERS
from localfn.providers.alibaba.errors import error

FC = "FC "
ACS3 = "ACS3-HMAC-SHA256"
_ACS3_PARTS = re.compile(r"(\w+)=([^,\s]*)")


def refuse(request: HttpRequest, environ: Mapping[str, str], id_: str) -> HttpReply | None:
    """Return the answer to a request that is not signed with the keys of `environ`, else None.

    A machine without keys has placeholders (`environment.PLACEHOLDERS`): clients sign with them.
    """
    written = request.header("authorization")
    if not written:
        return _missing("Authorization", id_)
    date = request.header("date") or request.header("x-fc-date") or request.header("x-acs-date")
    if not date:
        return _missing("Date", id_)
    secret = environ.get(KEY_SECRET) if environ.get(KEY_ID) else PLACEHOLDERS[KEY_SECRET]
    known = environ.get(KEY_ID) or PLACEHOLDERS[KEY_ID]
    scheme = _fc if written.startswith(FC) else _acs3
    key_id, matches = scheme(request, written, (secret or "").encode())
    if key_id != known:
        return error(403, "InvalidAccessKeyID", f"access key '{key_id}' is not known here", id_)
    if not matches:
        message = "the signature does not match the request and the secret of this machine"
        return error(403, "SignatureNotMatch", message, id_)
    return None


def _missing(header: str, id_: str) -> HttpReply:
    message = f"required HTTP header {header} was not specified"
    return error(400, "MissingRequiredHeader", message, id_)


def _fc(request: HttpRequest, written: str, secret: bytes) -> tuple[str, bool]:
    """Return the key's id and whether the signature is right, in the scheme of FC2."""
    key_id, _, given = written.removeprefix(FC).partition(":")
    return key_id.strip(), any(
        hmac.compare_digest(given.strip().encode(), _fc_signature(request, each, secret))
        for each in _resources(request)
    )


def _fc_signature(request: HttpRequest, resource: str, secret: bytes) -> bytes:
    own = sorted(
        (name.lower(), value) for name, value in request.headers if name.lower().startswith("x-fc-")
    )
    lines = [
        request.method,
        request.header("content-md5"),
        request.header("content-type"),
        request.header("x-fc-date") or request.header("date"),
        *(f"{name}:{value}" for name, value in own),
        resource,
    ]
    return base64.b64encode(hmac.digest(secret, "\n".join(lines).encode(), "sha256"))


def _resources(request: HttpRequest) -> tuple[str, str]:
    """Return the two ways to sign a path: alone (the API), with its query (HTTP triggers)."""
    path = unquote(request.path)
    query = sorted(
        f"{name}={value}" for name, value in parse_qsl(request.query, keep_blank_values=True)
    )
    return path, path + "\n" + "\n".join(query)


def _acs3(request: HttpRequest, written: str, secret: bytes) -> tuple[str, bool]:
    """Return the key's id and whether the signature is right, in the newer scheme."""
    parts = dict(_ACS3_PARTS.findall(written))
    key_id = parts.get("Credential", "")
    if not written.startswith(ACS3):
        return key_id, False
    body = hashlib.sha256(request.whole_body()).hexdigest()
    said = request.header("x-acs-content-sha256")
    signed = parts.get("SignedHeaders", "").split(";")
    canonical = "\n".join(
        (
            request.method,
            request.path,
            _canonical_query(request.query),
            "".join(f"{name}:{_values(request, name)}\n" for name in signed),
            ";".join(signed),
            said,
        )
    )
    text = f"{ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    wanted = hmac.digest(secret, text.encode(), "sha256").hex()
    right = hmac.compare_digest(parts.get("Signature", "").encode(), wanted.encode())
    return key_id, right and said in (body, "")


def _values(request: HttpRequest, name: str) -> str:
    return ",".join(sorted(value.strip() for key, value in request.headers if key.lower() == name))


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
