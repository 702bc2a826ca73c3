"""Signatures as the official SDKs make them are in tests/integration; here are the refusals."""

import base64
import hashlib
import hmac
import json

import pytest

from localfn.model import HttpRequest, WebRules
from localfn.providers.alibaba import http, signature
from tests.clouds.alibaba.http.conftest import visit

KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "key", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
DATE = ("date", "Wed, 25 Nov 2026 03:46:12 GMT")


def signed(key: str = "key", secret: str = "secret", **changes: object) -> HttpRequest:
    """A request as contract section 5.1 has it signed in FC2, then perhaps tampered with."""
    headers = (("content-type", "application/json"), DATE, ("X-Fc-B", "2"), ("x-fc-a", "1"))
    text = f"POST\n\napplication/json\n{DATE[1]}\nx-fc-a:1\nx-fc-b:2\n/2016-08-15/services/a b"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    written = f"FC {key}:{base64.b64encode(digest).decode()}"
    asked = HttpRequest(
        "POST", "/2016-08-15/services/a%20b", headers=(*headers, ("authorization", written))
    )
    return asked._replace(**changes)


def refusal(request: HttpRequest, environ: dict[str, str] | None = None) -> tuple[int, str]:
    refused = signature.refuse(request, KEYS if environ is None else environ, "id")
    return (0, "") if refused is None else (refused.status, json.loads(refused.body)["Code"])


def test_a_request_that_is_signed_right_is_let_through() -> None:
    assert refusal(signed()) == (0, "")


def test_a_machine_without_keys_takes_its_placeholders() -> None:
    request = signed("localfn-key-id", "localfn-key-secret")

    assert refusal(request, {}) == (0, "")
    assert refusal(signed(), {}) == (403, "InvalidAccessKeyID")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (signed(headers=()), 400, "MissingRequiredHeader"),
        (signed(headers=(("authorization", "FC key:x"),)), 400, "MissingRequiredHeader"),
        (signed(key="other"), 403, "InvalidAccessKeyID"),
        (signed(secret="other"), 403, "SignatureNotMatch"),
        (signed(method="PUT"), 403, "SignatureNotMatch"),
        (signed(path="/2016-08-15/services/b"), 403, "SignatureNotMatch"),
        (signed(headers=(DATE, ("authorization", "Basic xyz"))), 403, "InvalidAccessKeyID"),
        (
            signed(headers=(DATE, ("authorization", "ACS3-HMAC-SHA256 Credential=key"))),
            403,
            "SignatureNotMatch",
        ),
    ],
)
def test_a_request_that_is_not_signed_right_is_refused(
    request_: HttpRequest, status: int, code: str
) -> None:
    assert refusal(request_) == (status, code)


def test_triggers_ask_for_a_signature_only_if_they_say_so_and_one_wants_it() -> None:
    asked = HttpRequest("GET", "/")
    strict, lax = WebRules(verifies=True, environ=KEYS), WebRules(environ=KEYS)

    assert http.refuse(visit(asked, auth="function"), lax) is None
    assert http.refuse(visit(asked, auth="anonymous"), strict) is None
    refused = http.refuse(visit(asked, auth="function"), strict)
    assert refused is not None
    assert refused.status == 400
