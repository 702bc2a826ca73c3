"""Signatures of tokens, against a key that OpenSSL has made."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from localfn.providers.aws.tokens import BadToken, claims_of, rsa_key_of_pem

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not here; it signs the tokens")
NOW = 1000.0


def part(told: bytes) -> str:
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def openssl(*words: str, told: bytes = b"") -> bytes:
    assert OPENSSL
    return subprocess.run([OPENSSL, *words], input=told, capture_output=True, check=True).stdout


class Issuer:
    """Signs tokens with a key of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.pem"
        openssl("genrsa", "-out", str(self.path), "2048")
        self.pem = openssl("rsa", "-in", str(self.path), "-pubout").decode()

    def token(self, claims: dict, bits: str = "256", **head: str) -> str:
        told = {"alg": f"RS{bits}", **head}
        signed = f"{part(json.dumps(told).encode())}.{part(json.dumps(claims).encode())}"
        words = ("dgst", f"-sha{bits}", "-sign", str(self.path))
        return f"{signed}.{part(openssl(*words, told=signed.encode()))}"

    def jwk(self, **more: str) -> dict:
        modulus, exponent = rsa_key_of_pem(self.pem)
        sizes = ((modulus, 256), (exponent, 3))
        n, e = (part(number.to_bytes(size, "big")) for number, size in sizes)
        return {"kty": "RSA", "n": n, "e": e, **more}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("keys"), "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("keys"), "theirs")


@pytest.mark.parametrize("bits", ["256", "384", "512"])
def test_a_token_is_checked_with_a_public_key(issuer: Issuer, stranger: Issuer, bits: str) -> None:
    written = issuer.token({"sub": "me"}, bits)

    assert claims_of(written, issuer.pem, NOW) == {"sub": "me"}
    assert claims_of(written, json.dumps({"keys": [stranger.jwk(), issuer.jwk()]}), NOW)
    with pytest.raises(BadToken):
        claims_of(written, stranger.pem, NOW)


def test_a_key_of_a_set_is_chosen_by_its_name(issuer: Issuer, stranger: Issuer) -> None:
    named = issuer.token({"sub": "me"}, kid="a")

    assert claims_of(named, json.dumps({"keys": [issuer.jwk(kid="a")]}), NOW)
    with pytest.raises(BadToken):
        claims_of(named, json.dumps({"keys": [issuer.jwk(kid="b"), stranger.jwk(kid="a")]}), NOW)


def test_a_token_that_was_changed_is_refused(issuer: Issuer) -> None:
    head, _, signature = issuer.token({"sub": "me"}).split(".")
    changed = f"{head}.{part(json.dumps({'sub': 'you'}).encode())}.{signature}"

    with pytest.raises(BadToken):
        claims_of(changed, issuer.pem, NOW)


def test_a_public_key_is_no_secret(issuer: Issuer) -> None:
    import hmac

    signed = f"{part(json.dumps({'alg': 'HS256'}).encode())}.{part(b'{}')}"
    forged = f"{signed}.{part(hmac.digest(issuer.pem.strip().encode(), signed.encode(), 'sha256'))}"

    with pytest.raises(BadToken):
        claims_of(forged, issuer.pem, NOW)


@pytest.mark.parametrize(
    "keys",
    [
        '{"keys": []}',
        '{"keys": [{"kty": "RSA"}]}',
        '{"keys": [{"kty": "RSA", "n": "AA", "e": "AQAB"}]}',
        '{"keys": "x"}',
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ],
)
def test_keys_that_are_none_let_nobody_in(issuer: Issuer, keys: str) -> None:
    with pytest.raises(BadToken):
        claims_of(issuer.token({}), keys, NOW)
