"""Who may ask: Lambda, JWT and Cognito authorizers of both kinds of API (contract 6.2 and 6.3)."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from localfn.model import Call, Calls, Event, Function, HttpReply, Result, Visit, WebRules
from localfn.providers.aws import http_api, request_facts, rest_api, signature
from localfn.providers.aws.environment import account, partition, region
from localfn.providers.aws.policy import BadPolicy, Verdict, verdict
from localfn.providers.aws.tokens import BadToken, claims_of

Told = Mapping[str, object]
# What an authorizer's function raises to say that it does not know the client.
UNAUTHORIZED = "Unauthorized"
BEARER = "bearer "
# Sources of triggers whose gateways answer in the words of REST APIs.
OF_FIRST_KIND = frozenset({"api", "websocket"})
_REQUEST = re.compile(r"^(method|route)\.request\.|^\$request\.")


class _Refused(Exception):
    """The client is not let in; `name` is one of the gateway's own answers."""

    def __init__(self, name: str, more: str = "") -> None:
        self.name = name
        self.more = more


def is_guarded(visit: Visit) -> bool:
    """Return whether a route has an authorizer."""
    return "authorizer" in visit.trigger.options


def admit(visit: Visit, calls: Calls) -> Visit | HttpReply:
    """Return the visit with what its authorizer says of the client, or the gateway's answer."""
    told = request_facts.section(visit.trigger.options.get("authorizer"))
    if told is None:
        return visit
    try:
        client = _KINDS.get(str(told.get("kind")), _nothing)(visit, told, calls)
    except _Refused as refused:
        if visit.trigger.source in OF_FIRST_KIND:
            return rest_api.own(refused.name, visit.id, refused.more)
        return http_api.with_cors(http_api.own(refused.name, visit.id), visit)
    return visit._replace(client=client)


def admit_socket(visit: Visit, event: Told, calls: Calls) -> Visit | HttpReply:
    """Return the same for a client that opens a WebSocket; `event` is what its function gets."""
    told = request_facts.section(visit.trigger.options.get("authorizer"))
    if told is None or told.get("kind") != "request":
        return admit(visit, calls)
    try:
        _whole_identity(visit, told)
        asked = {"type": "REQUEST", "methodArn": method_arn(visit, calls.rules), **event}
        client = _by_policy(visit, _ask(asked, told, calls, visit), calls.rules)
    except _Refused as refused:
        return rest_api.own(refused.name, visit.id, refused.more)
    return visit._replace(client=client)


def _nothing(_: Visit, __: Told, ___: Calls) -> Told:
    return {}


def _whole_identity(visit: Visit, told: Told) -> list[str]:
    """Return what all sources of identity hold; raise `_Refused` where one holds nothing."""
    identity = [_identity(visit, each) for each in request_facts.texts(told.get("identity"))]
    if not all(identity):
        raise _Refused("unauthorized")
    return identity


# --- functions that decide -------------------------------------------------------------------


def _token(visit: Visit, told: Told, calls: Calls) -> Told:
    """Ask a function about a token, as REST APIs do."""
    token = _token_of(visit, told)
    pattern = str(told.get("validation") or "")
    if not token or (pattern and not re.fullmatch(pattern, token)):
        raise _Refused("unauthorized")
    event = {
        "type": "TOKEN",
        "authorizationToken": token,
        "methodArn": method_arn(visit, calls.rules),
    }
    return _by_policy(visit, _ask(event, told, calls, visit), calls.rules)


def _request(visit: Visit, told: Told, calls: Calls) -> Told:
    """Ask a function about a whole request."""
    identity = _whole_identity(visit, told)
    if visit.trigger.source == "api":
        event = {
            "type": "REQUEST",
            "methodArn": method_arn(visit, calls.rules),
            **_without_body(rest_api.event(visit, calls.rules)),
        }
        return _by_policy(visit, _ask(event, told, calls, visit), calls.rules)
    if told.get("payload_format") == "1.0":
        first = _without_body(http_api.first_event(visit, calls.rules))
        joined = ",".join(identity)
        event = {
            **first,
            "version": "1.0",
            "type": "REQUEST",
            "methodArn": method_arn(visit, calls.rules),
            "identitySource": joined,
            "authorizationToken": joined,
        }
    else:
        event = {
            **http_api.addressed(visit),
            "type": "REQUEST",
            "routeArn": method_arn(visit, calls.rules),
            "identitySource": identity or None,
            "requestContext": http_api.context(visit, calls.rules),
        }
    answer = _ask(event, told, calls, visit)
    if told.get("simple") is True:
        return _by_word(answer)
    found = _by_policy(visit, answer, calls.rules)
    return found if http_api.is_first(visit) else {"lambda": _context(answer)}


def _ask(
    event: Mapping[str, object], told: Told, calls: Calls, visit: Visit
) -> Mapping[str, object]:
    """Return what an authorizer's function answers."""
    function = _function(str(told.get("function", "")), calls)
    if function is None:
        raise _Refused("authorizer")
    payload = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
    call = Call(function, Event(payload, visit.trigger.source), id=calls.new_id(function))
    result = calls.invoke(call)
    if result.failure is not None:
        is_first = visit.trigger.source in OF_FIRST_KIND
        raise _Refused("unauthorized" if is_first and _says_unauthorized(result) else "authorizer")
    try:
        answer = json.loads(result.payload)
    except ValueError:
        raise _Refused("authorizer") from None
    if not isinstance(answer, dict):
        raise _Refused("authorizer")
    return answer


def _says_unauthorized(result: Result) -> bool:
    """Return whether a function has raised the one error that means no."""
    try:
        told = json.loads(result.payload)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("errorMessage") == UNAUTHORIZED


def _function(key: str, calls: Calls) -> Function | None:
    named = (each for each in calls.functions if key in (each.key, each.name))
    logical = (each for each in calls.functions if key == each.attributes.get("logical_id"))
    return next(named, None) or next(logical, None)


def _by_policy(visit: Visit, answer: Told, rules: WebRules) -> Told:
    """Return what a policy's author says of the client it lets in; raise `_Refused` for others."""
    if not isinstance(answer.get("principalId"), str | int):
        raise _Refused("authorizer")
    try:
        said = verdict(answer.get("policyDocument"), method_arn(visit, rules))
    except BadPolicy:
        raise _Refused("authorizer") from None
    if said is not Verdict.ALLOWED:
        raise _Refused("denied", rest_api.EXPLICITLY if said is Verdict.DENIED else "")
    told = _context(answer)
    if any(isinstance(each, list | dict) for each in told.values()):
        raise _Refused("authorizer")
    as_text = {name: _text(value) for name, value in told.items() if value is not None}
    return {"principalId": str(answer["principalId"]), "integrationLatency": 0, **as_text}


def _by_word(answer: Told) -> Told:
    """Return what a function that answers yes or no says of the client."""
    said = answer.get("isAuthorized")
    if not isinstance(said, bool):
        raise _Refused("authorizer")
    if not said:
        raise _Refused("denied")
    return {"lambda": _context(answer)}


def _context(answer: Told) -> Mapping[str, object]:
    told = answer.get("context")
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise _Refused("authorizer")
    return told


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


# --- tokens that say it themselves -----------------------------------------------------------


def _jwt(visit: Visit, told: Told, calls: Calls) -> Told:
    """Read a token, as HTTP APIs do."""
    claims = _claims(visit, told, calls)
    scopes = _scopes(claims)
    _see_scopes(scopes, _wanted_scopes(visit, told))
    as_text = {name: _claim_text(value) for name, value in claims.items()}
    if http_api.is_first(visit):
        return {"claims": as_text, "scopes": list(scopes) or None}
    return {"jwt": {"claims": as_text, "scopes": list(scopes) or None}}


def _cognito(visit: Visit, told: Told, calls: Calls) -> Told:
    """Read a token of a user pool, as REST APIs do."""
    claims = _claims(visit, told, calls)
    _see_scopes(_scopes(claims), _wanted_scopes(visit, told))
    return {"claims": {name: _claim_text(value) for name, value in claims.items()}}


def _claims(visit: Visit, told: Told, calls: Calls) -> Mapping[str, object]:
    rules = calls.rules
    if rules.claims is not None:
        return rules.claims
    token = _token_of(visit, told)
    if token.lower().startswith(BEARER):
        token = token[len(BEARER) :].strip()
    try:
        claims = claims_of(token, rules.token_keys, visit.moment)
    except BadToken:
        raise _Refused("unauthorized") from None
    issuer, audience = told.get("issuer"), request_facts.texts(told.get("audience"))
    if issuer and claims.get("iss") != issuer:
        raise _Refused("unauthorized")
    meant = claims.get("aud", claims.get("client_id"))
    named = {str(each) for each in (meant if isinstance(meant, list) else [meant])}
    if audience and not named & set(audience):
        raise _Refused("unauthorized")
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
        raise _Refused("denied")


def _claim_text(value: object) -> str:
    """Return a claim as the gateway tells it: text, lists in brackets."""
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _iam(visit: Visit, _: Told, calls: Calls) -> Told:
    """See that a request is signed, where the person at the terminal wants that."""
    if not calls.rules.verifies:
        return {}
    path = visit.uri.partition("?")[0]
    request = visit.request._replace(path=path, body=visit.request.whole_body())
    if signature.refuse(request, calls.rules.environ, visit.id) is not None:
        raise _Refused("unknown" if visit.trigger.source in OF_FIRST_KIND else "denied")
    return {}


# --- where things are ------------------------------------------------------------------------


def method_arn(visit: Visit, rules: WebRules) -> str:
    """Return the ARN of what is asked for, by its path."""
    default = rest_api.STAGE if visit.trigger.source in OF_FIRST_KIND else http_api.STAGE
    if visit.trigger.source == "websocket":
        route = request_facts.option(visit, "route", "$default")
        return f"{_api_arn(visit, rules, default)}/{route}"
    path = visit.request.path.lstrip("/")
    return f"{_api_arn(visit, rules, default)}/{visit.request.method}/{path}"


def _api_arn(visit: Visit, rules: WebRules, default: str) -> str:
    where, owner = region(visit.function, rules.environ), account(visit.function, rules.environ)
    api = request_facts.option(visit, "api_id", "local")
    stage = request_facts.stage(visit, default)
    return f"arn:{partition(where)}:execute-api:{where}:{owner}:{api}/{stage}"


def _token_of(visit: Visit, told: Told) -> str:
    sources = request_facts.texts(told.get("identity")) or ("$request.header.Authorization",)
    return _identity(visit, sources[0])


def _identity(visit: Visit, source: str) -> str:
    """Return what a source of identity holds, such as `method.request.header.X`."""
    place, _, name = _REQUEST.sub("", source).partition(".")
    if source.startswith(("stageVariables.", "$stageVariables.")):
        return str((rest_api.stage_variables(visit) or {}).get(source.partition(".")[2], ""))
    if source.startswith(("context.", "$context.")):
        return _of_context(visit, source.partition(".")[2])
    if place == "header":
        return visit.request.header(name)
    if place == "querystring":
        return request_facts.last(request_facts.query_pairs(visit.request.query)).get(name, "")
    return unquote(visit.values.get(name, "")) if place == "path" else ""


def _of_context(visit: Visit, name: str) -> str:
    found: object = rest_api.context(visit, WebRules())
    for each in name.split("."):
        found = found.get(each) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def _without_body(event: dict[str, object]) -> dict[str, object]:
    return {name: told for name, told in event.items() if name not in ("body", "isBase64Encoded")}


_KINDS: Mapping[str, Callable[[Visit, Told, Calls], Told]] = {
    "token": _token,
    "request": _request,
    "jwt": _jwt,
    "cognito": _cognito,
    "iam": _iam,
}
