"""Cross-origin rules of HTTP APIs and Function URLs (contract aws-lambda, 6.4)."""

from collections.abc import Mapping

from localfn.model import Headers, HttpReply, HttpRequest
from localfn.providers.aws import request_facts

# Whether a preflight gets 200 or 204 is not documented.
PREFLIGHT_STATUS = 204
_OURS = "access-control-"


def is_preflight(request: HttpRequest) -> bool:
    """Return whether a browser asks what it may ask."""
    return (
        request.method == "OPTIONS"
        and bool(request.header("origin"))
        and bool(request.header("access-control-request-method"))
    )


def preflight(rules: Mapping[str, object], request: HttpRequest) -> HttpReply:
    """Return the answer to a browser that asks first; nothing is allowed where it says nothing."""
    origin = _origin(rules, request)
    told = list(origin)
    if origin:
        told += _listed("access-control-allow-methods", rules.get("methods"))
        told += _listed("access-control-allow-headers", rules.get("headers"))
        if rules.get("max_age") is not None:
            told.append(("access-control-max-age", str(rules["max_age"])))
    why = "" if origin else f"the origin `{request.header('origin')}` is none that the rules allow"
    return HttpReply(PREFLIGHT_STATUS, tuple(told), why=why)


def with_cors(rules: Mapping[str, object], request: HttpRequest, headers: Headers) -> Headers:
    """Return the headers of an answer: those of the rules, never the function's own."""
    kept = tuple(each for each in headers if not each[0].lower().startswith(_OURS))
    origin = _origin(rules, request)
    if not origin:
        return kept
    exposed = _listed("access-control-expose-headers", rules.get("expose"))
    return (*kept, *origin, *exposed)


def mocked(rules: Mapping[str, object]) -> HttpReply:
    """Return the answer of the mock method that a REST API's template makes for `OPTIONS`."""
    told: list[tuple[str, str]] = []
    for name, key in (("Headers", "headers"), ("Methods", "methods"), ("Origin", "origins")):
        told += _listed(f"Access-Control-Allow-{name}", rules.get(key))
    if rules.get("max_age") is not None:
        told.append(("Access-Control-Max-Age", str(rules["max_age"])))
    if rules.get("credentials") is True:
        told.append(("Access-Control-Allow-Credentials", "true"))
    return HttpReply(200, (("Content-Type", "application/json"), *told))


def _origin(rules: Mapping[str, object], request: HttpRequest) -> Headers:
    """Return the headers that let this origin in, none where it is not let in."""
    asked = request.header("origin")
    allowed = request_facts.texts(rules.get("origins"))
    if not asked or not any(_matches(each, asked) for each in allowed):
        return ()
    credentials = rules.get("credentials") is True
    told = "*" if "*" in allowed and not credentials else asked
    found = [("access-control-allow-origin", told)]
    if credentials:
        found.append(("access-control-allow-credentials", "true"))
    if told != "*":
        found.append(("vary", "origin"))
    return tuple(found)


def _matches(pattern: str, origin: str) -> bool:
    """Return whether a rule names an origin; `https://*` and `https://*.example.com` name many."""
    before, star, behind = pattern.partition("*")
    if not star:
        return pattern.lower() == origin.lower()
    return origin.lower().startswith(before.lower()) and origin.lower().endswith(behind.lower())


def _listed(name: str, told: object) -> list[tuple[str, str]]:
    found = request_facts.texts(told)
    return [(name, ",".join(found))] if found else []
