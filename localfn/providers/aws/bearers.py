"""Tokens that say themselves who bears them: JWT and Cognito authorizers (contract 6.2 and 6.3)."""

import json
from collections.abc import Mapping

from localfn.model import Calls, Visit
from localfn.providers.aws import http_api, identity, request_facts
from localfn.providers.aws.identity import NotLetIn
from localfn.providers.aws.tokens import BadToken, claims_of

Told = Mapping[str, object]
BEARER = "bearer "


def jwt(visit: Visit, told: Told, calls: Calls) -> Told:
    """Read a token, as HTTP APIs do."""
    claims = _claims(visit, told, calls)
    scopes = _scopes(claims)
    _see_scopes(scopes, _wanted_scopes(visit, told))
    as_text = {name: _claim_text(value) for name, value in claims.items()}
    if http_api.is_first(visit):
        return {"claims": as_text, "scopes": list(scopes) or None}
    return {"jwt": {"claims": as_text, "scopes": list(scopes) or None}}


def cognito(visit: Visit, told: Told, calls: Calls) -> Told:
    """Read a token of a user pool, as REST APIs do."""
    claims = _claims(visit, told, calls)
    _see_scopes(_scopes(claims), _wanted_scopes(visit, told))
    return {"claims": {name: _claim_text(value) for name, value in claims.items()}}


def _claims(visit: Visit, told: Told, calls: Calls) -> Mapping[str, object]:
    rules = calls.rules
    if rules.claims is not None:
        return rules.claims
    token = identity.token(visit, told)
    if token.lower().startswith(BEARER):
        token = token[len(BEARER) :].strip()
    try:
        claims = claims_of(token, rules.token_keys, visit.moment)
    except BadToken as bad:
        raise NotLetIn("unauthorized", f"the token is not good: {bad}") from None
    issuer, audience = told.get("issuer"), request_facts.texts(told.get("audience"))
    if issuer and claims.get("iss") != issuer:
        why = f"the token's `iss` is `{claims.get('iss')}`, not `{issuer}`"
        raise NotLetIn("unauthorized", why)
    meant = claims.get("aud", claims.get("client_id"))
    named = {str(each) for each in (meant if isinstance(meant, list) else [meant])}
    if audience and not named & set(audience):
        why = f"the token is for {sorted(named)}, not for any of {sorted(audience)}"
        raise NotLetIn("unauthorized", why)
    return claims


def _scopes(claims: Mapping[str, object]) -> tuple[str, ...]:
    told = claims.get("scope", claims.get("scp"))
    return request_facts.texts(told) or tuple(str(told or "").split())


def _wanted_scopes(visit: Visit, told: Told) -> tuple[str, ...]:
    return request_facts.texts(visit.trigger.options.get("scopes")) or request_facts.texts(
        told.get("scopes")
    )


def _see_scopes(have: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    if wanted and not set(have) & set(wanted):
        why = f"the token's scopes are {sorted(have)}, and one of {sorted(wanted)} is asked for"
        raise NotLetIn("denied", why)


def _claim_text(value: object) -> str:
    """Return a claim as the gateway tells it: text, lists in brackets."""
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
