"""Who may ask: what stands before the functions of all kinds of API (contract 6.2 and 6.3)."""

import json
import re
from collections.abc import Callable, Mapping

from localfn.model import Call, Calls, Event, Function, HttpReply, Result, Visit, WebRules
from localfn.providers.aws import (
    bearers,
    function_url,
    http_api,
    identity,
    request_facts,
    rest_api,
    signature,
)
from localfn.providers.aws.environment import account, partition, region
from localfn.providers.aws.identity import NotLetIn
from localfn.providers.aws.policy import BadPolicy, Verdict, verdict

Told = Mapping[str, object]
# What an authorizer's function raises to say that it does not know the client.
UNAUTHORIZED = "Unauthorized"
DOOR = "authorizer"
UNSIGNED = "the request is not signed with the keys of this machine"
# Sources of triggers whose gateways answer in the words of REST APIs.
OF_FIRST_KIND = frozenset({"api", "websocket"})


def is_guarded(visit: Visit) -> bool:
    """Return whether a route has an authorizer, or a URL wants signatures."""
    asked = visit.trigger.options.get("authorizer") is not None
    return asked or function_url.wants_signatures(visit)


def admit(visit: Visit, calls: Calls) -> Visit | HttpReply:
    """Return the visit with what its authorizer says of the client, or the gateway's answer."""
    if function_url.wants_signatures(visit):
        return _signed(visit, calls)
    told = request_facts.section(visit.trigger.options.get("authorizer"))
    if told is None:
        return visit
    if told.get("kind") == "iam":
        # What is signed is all of the body; it can be read only once.
        visit = visit._replace(request=visit.request._replace(body=visit.request.whole_body()))
    try:
        client = _KINDS.get(str(told.get("kind")), _unknown)(visit, told, calls)
    except NotLetIn as refused:
        if visit.trigger.source in OF_FIRST_KIND:
            return _own(visit, refused)
        own = http_api.own(refused.name, visit.id)._replace(why=str(refused))
        return http_api.with_cors(own, visit)
    return visit._replace(client=client)


def admit_socket(visit: Visit, event: Told, calls: Calls) -> Visit | HttpReply:
    """Return the same for a client that opens a WebSocket; `event` is what its function gets."""
    told = request_facts.section(visit.trigger.options.get("authorizer"))
    if told is None or told.get("kind") != "request":
        return admit(visit, calls)
    try:
        identity.whole(visit, told)
        asked = {"type": "REQUEST", "methodArn": method_arn(visit, calls.rules), **event}
        client = _by_policy(visit, _ask(asked, told, calls, visit), calls.rules)
    except NotLetIn as refused:
        return _own(visit, refused)
    return visit._replace(client=client)


def _own(visit: Visit, refused: NotLetIn) -> HttpReply:
    reply = rest_api.own(refused.name, visit.id, refused.more)
    return reply._replace(why=str(refused))


def _unknown(_: Visit, told: Told, __: Calls) -> Told:
    """Let nobody in: what decides is nothing that is known here."""
    raise NotLetIn("authorizer", f"there are no authorizers of the kind `{told.get('kind')}` here")


# --- functions that decide -------------------------------------------------------------------


def _token(visit: Visit, told: Told, calls: Calls) -> Told:
    """Ask a function about a token, as REST APIs do."""
    token = identity.token(visit, told)
    if not token:
        raise NotLetIn("unauthorized", "the request has no token where the authorizer looks for it")
    pattern = str(told.get("validation") or "")
    if not _is_valid(token, pattern):
        raise NotLetIn("unauthorized", f"the token is not as `{pattern}` wants it")
    event = {
        "type": "TOKEN",
        "authorizationToken": token,
        "methodArn": method_arn(visit, calls.rules),
    }
    return _by_policy(visit, _ask(event, told, calls, visit), calls.rules)


def _is_valid(token: str, pattern: str) -> bool:
    """Return whether a token has the form that a template wants."""
    try:
        return not pattern or re.fullmatch(pattern, token) is not None
    except re.error as error:
        raise NotLetIn("authorizer", f"`{pattern}` is no regular expression: {error}") from None


def _request(visit: Visit, told: Told, calls: Calls) -> Told:
    """Ask a function about a whole request but its body."""
    held = identity.whole(visit, told)
    # It may still be coming, and is the other function's.
    visit = visit._replace(request=visit.request._replace(body=b""))
    if visit.trigger.source == "api":
        event = {
            "type": "REQUEST",
            "methodArn": method_arn(visit, calls.rules),
            **_without_body(rest_api.event(visit, calls.rules)),
        }
        return _by_policy(visit, _ask(event, told, calls, visit), calls.rules)
    if told.get("payload_format") == "1.0":
        first = _without_body(http_api.first_event(visit, calls.rules))
        joined = ",".join(held)
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
            "identitySource": held or None,
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
    named = str(told.get("function", ""))
    function = _function(named, calls)
    if function is None:
        raise NotLetIn("authorizer", f"the authorizer `{named}` is no function of this project")
    payload = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
    call = Call(function, Event(payload, visit.trigger.source), id=calls.new_id(function))
    result = calls.invoke(call, DOOR)
    if result.failure is not None:
        is_first = visit.trigger.source in OF_FIRST_KIND
        says_no = is_first and _says_unauthorized(result)
        why = f"the authorizer `{function.key}` {'says no' if says_no else 'failed'}"
        raise NotLetIn("unauthorized" if says_no else "authorizer", why)
    try:
        answer = json.loads(result.payload)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise NotLetIn("authorizer", f"the authorizer `{function.key}` answers no object")
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
    """Return what a policy's author says of the client it lets in; raise `NotLetIn` for others."""
    if not isinstance(answer.get("principalId"), str | int):
        raise NotLetIn("authorizer", "the authorizer's answer has no `principalId`")
    arn = method_arn(visit, rules)
    try:
        said = verdict(answer.get("policyDocument"), arn)
    except BadPolicy:
        raise NotLetIn("authorizer", "the authorizer's `policyDocument` is no policy") from None
    if said is Verdict.DENIED:
        raise NotLetIn("denied", f"the policy denies `{arn}`", rest_api.EXPLICITLY)
    if said is Verdict.NOTHING:
        raise NotLetIn("denied", f"the policy says nothing about `{arn}`")
    told = _context(answer)
    if any(isinstance(each, list | dict) for each in told.values()):
        raise NotLetIn("authorizer", "the authorizer's `context` may hold only texts and numbers")
    as_text = {name: _text(value) for name, value in told.items() if value is not None}
    return {"principalId": str(answer["principalId"]), "integrationLatency": 0, **as_text}


def _by_word(answer: Told) -> Told:
    """Return what a function that answers yes or no says of the client."""
    said = answer.get("isAuthorized")
    if not isinstance(said, bool):
        raise NotLetIn("authorizer", "the authorizer's `isAuthorized` is neither true nor false")
    if not said:
        raise NotLetIn("denied", "the authorizer says no")
    return {"lambda": _context(answer)}


def _context(answer: Told) -> Mapping[str, object]:
    told = answer.get("context")
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise NotLetIn("authorizer", "the authorizer's `context` is no object")
    return told


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


# --- signatures ------------------------------------------------------------------------------


def _iam(visit: Visit, _: Told, calls: Calls) -> Told:
    """See that a request is signed, where the person at the terminal wants that."""
    if not _is_signed(visit, calls):
        name = "unknown" if visit.trigger.source in OF_FIRST_KIND else "denied"
        raise NotLetIn(name, UNSIGNED)
    return {}


def _signed(visit: Visit, calls: Calls) -> Visit | HttpReply:
    """Return the visit of a URL that wants signatures, or its answer to one without."""
    visit = visit._replace(request=visit.request._replace(body=visit.request.whole_body()))
    if _is_signed(visit, calls):
        return visit
    return function_url.forbidden(visit.id)._replace(why=UNSIGNED)


def _is_signed(visit: Visit, calls: Calls) -> bool:
    """Return whether a request is signed, or need not be: where nobody has asked for that."""
    rules = calls.rules
    request = visit.request._replace(path=visit.uri.partition("?")[0])
    return not rules.verifies or signature.refuse(request, rules.environ, visit.id) is None


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


def _without_body(event: dict[str, object]) -> dict[str, object]:
    return {name: told for name, told in event.items() if name not in ("body", "isBase64Encoded")}


_KINDS: Mapping[str, Callable[[Visit, Told, Calls], Told]] = {
    "token": _token,
    "request": _request,
    "jwt": bearers.jwt,
    "cognito": bearers.cognito,
    "iam": _iam,
}
