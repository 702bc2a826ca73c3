"""Tokens of JWT and Cognito authorizers: read, and checked where there are keys (6.3)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping

# Algorithm -> how long its hash is, in the name that hashlib has for it.
_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}
# What stands before a hash in a signature of RSA (RFC 8017, section 9.2).
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


PEM = "-----BEGIN PUBLIC KEY-----"


class BadToken(Exception):
    """A token does not let its bearer in; the message says why."""


def claims_of(token: str, keys: str, now: float) -> Mapping[str, object]:
    """Return what a token claims; raise `BadToken` where it is none, too old or not signed.

    Without `keys` (a set of keys in JSON, a public key in PEM, or a secret) signatures are not
    looked at.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("it is no token of three parts")
    head, claims = _object(parts[0]), _object(parts[1])
    if keys and not _is_signed(token, head, keys):
        raise BadToken("its signature is by none of the keys")
    if _moment(claims, "exp", now + 1) <= now:
        raise BadToken("it is over")
    if _moment(claims, "nbf", now) > now:
        raise BadToken("it is not good yet")
    return claims


def _moment(claims: Mapping[str, object], name: str, default: float) -> float:
    told = claims.get(name, default)
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise BadToken(f"`{name}` is no moment")
    return told


def _is_signed(token: str, head: Mapping[str, object], keys: str) -> bool:
    signed, _, written = token.rpartition(".")
    algorithm = str(head.get("alg", ""))
    digest = _HASHES.get(algorithm[2:])
    if digest is None:
        return False
    signature = _bytes(written)
    if algorithm.startswith("HS"):
        secrets = _secrets(keys)
        return any(
            hmac.compare_digest(signature, hmac.digest(each, signed.encode(), digest))
            for each in secrets
        )
    if algorithm.startswith("RS"):
        hashed = hashlib.new(digest, signed.encode()).digest()
        wanted = _DIGEST_INFO[digest] + hashed
        return any(_is_by(signature, wanted, *each) for each in _rsa_keys(keys, head.get("kid")))
    return False


def _is_by(signature: bytes, wanted: bytes, modulus: int, exponent: int) -> bool:
    """Return whether a signature is by this key (RFC 8017, section 8.2.2)."""
    size = (modulus.bit_length() + 7) // 8
    if size < len(wanted) + 11:
        return False
    told = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    padding = b"\xff" * (size - len(wanted) - 3)
    return hmac.compare_digest(told, b"\0\1" + padding + b"\0" + wanted)


def _secrets(keys: str) -> Iterator[bytes]:
    told = _key_set(keys)
    if told is None:
        # A public key is no secret: whoever knows it could sign with it.
        if PEM not in keys:
            yield keys.strip().encode()
        return
    for each in told:
        if each.get("kty") == "oct":
            yield _bytes(str(each.get("k", "")))


def _rsa_keys(keys: str, wanted: object) -> Iterator[tuple[int, int]]:
    if PEM in keys:
        yield rsa_key_of_pem(keys)
    for each in _key_set(keys) or ():
        named = each.get("kid")
        if each.get("kty") == "RSA" and (named is None or wanted is None or named == wanted):
            modulus, exponent = (_bytes(str(each.get(name, ""))) for name in ("n", "e"))
            yield int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")


def rsa_key_of_pem(text: str) -> tuple[int, int]:
    """Return modulus and exponent of a public key of RSA in PEM (RFC 8017, A.1.1; RFC 5280)."""
    body = text.partition(PEM)[2].partition("-----END")[0]
    try:
        told = base64.b64decode("".join(body.split()))
        _, whole, _ = _element(told)
        _, _, behind = _element(whole)  # which algorithm it is for
        _, bits, _ = _element(behind)
        _, pair, _ = _element(bits[1:])
        _, modulus, behind = _element(pair)
        _, exponent, _ = _element(behind)
    except (binascii.Error, ValueError, IndexError):
        raise BadToken("the key is no public key of RSA") from None
    return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")


def _element(told: bytes) -> tuple[int, bytes, bytes]:
    """Return tag and content of the first element of DER, and what stands behind it."""
    tag, size, start = told[0], told[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(told[2:start], "big")
    return tag, told[start : start + size], told[start + size :]


def _key_set(keys: str) -> list[Mapping[str, object]] | None:
    """Return the keys of a set (RFC 7517), None where it is a secret."""
    if not keys.lstrip().startswith("{"):
        return None
    told = json.loads(keys)
    found = told.get("keys", [told])
    return [each for each in found if isinstance(each, dict)]


def _object(written: str) -> Mapping[str, object]:
    try:
        told = json.loads(_bytes(written))
    except ValueError as error:
        raise BadToken(f"a part of it is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise BadToken("a part of it is no object")
    return told


def _bytes(written: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
    except (binascii.Error, ValueError):
        raise BadToken("a part of it is no base64") from None
