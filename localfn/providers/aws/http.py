"""HTTP requests to functions: which gateway stands before them, and what it does (contract 6)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from localfn.model import (
    Event,
    Function,
    HttpReply,
    HttpRequest,
    Part,
    Patience,
    Result,
    Trigger,
    Visit,
    WebRules,
)
from localfn.providers.aws import (
    api,
    cors,
    errors,
    function_url,
    http_api,
    load_balancer,
    request_facts,
    rest_api,
    streaming,
)
from localfn.providers.aws.answers import Malformed

# One that is kept: `json.dumps` makes a new one for every text that is not plain ASCII.
_AS_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
MOST_BODY_BYTES = 10 << 20
# Nothing here is left open in a way that a status alone would settle.
STATUSES: Mapping[str, int] = MappingProxyType({})
_LOCAL = ".localhost"


class Gateway(NamedTuple):
    """One of the cloud's gateways. `late` is its answer where a function takes over `most_s`."""

    event: Callable[[Visit, WebRules], Mapping[str, object]]
    reply: Callable[[Result, Visit, WebRules], HttpReply]
    too_large: Callable[[str], HttpReply]
    throttled: Callable[[str], HttpReply]
    most_bytes: int
    late: Callable[[str], HttpReply] | None = None
    most_s: float = 0.0


# A trigger's source -> the gateway that stands before it.
GATEWAYS: Mapping[str, Gateway] = {
    "api": Gateway(
        rest_api.event,
        rest_api.reply,
        lambda id_: rest_api.own("too-large", id_),
        lambda id_: rest_api.own("refused", id_),
        rest_api.MOST_BODY_BYTES,
        lambda id_: rest_api.own("late", id_),
        rest_api.TIMEOUT_S,
    ),
    "http-api": Gateway(
        http_api.event,
        http_api.reply,
        lambda id_: http_api.own("too-large", id_),
        lambda id_: http_api.own("refused", id_),
        MOST_BODY_BYTES,
        lambda id_: http_api.own("late", id_),
        http_api.TIMEOUT_S,
    ),
    "function-url": Gateway(
        function_url.event,
        function_url.reply,
        function_url.too_large,
        function_url.throttled,
        function_url.MOST_BODY_BYTES,
    ),
    "alb": Gateway(
        load_balancer.event,
        load_balancer.reply,
        lambda _: load_balancer.page(413),
        lambda _: load_balancer.page(502),
        load_balancer.MOST_BYTES,
    ),
}
# What a function without a trigger of its own is asked by, where its name is called.
_DEFAULT = GATEWAYS["function-url"]


def most_body_bytes(request: HttpRequest) -> int:
    """Return how long the body of a request may be, whoever it is for."""
    return (
        api.most_body_bytes(request) if request.path.startswith(api.PREFIXES) else MOST_BODY_BYTES
    )


def is_asynchronous(_: HttpRequest) -> bool:
    """Return that every client of these gateways waits for an answer."""
    return False


def refuse(visit: Visit, rules: WebRules) -> HttpReply | None:
    """Return what the gateway answers by itself, None where the function is to answer."""
    size, gateway = _declared(visit.request), _gateway(visit.trigger)
    if size > gateway.most_bytes:
        return gateway.too_large(visit.id)
    if (preflight := _preflight(visit)) is not None:
        return preflight
    if api.never_runs(visit.function):
        return gateway.throttled(visit.id)
    if visit.trigger.source == "alb":
        return load_balancer.refuse(visit)
    if rules.verifies and visit.trigger.options.get("api_key") is True:
        has_key = bool(visit.request.header("x-api-key"))
        return None if has_key else rest_api.own("no-key", visit.id)
    return None


def patience(visit: Visit) -> Patience | None:
    """Return how long a gateway waits for a function."""
    gateway = _gateway(visit.trigger)
    if gateway.late is None:
        return None
    told = visit.trigger.options.get("timeout_s")
    limit_s = float(told) if isinstance(told, int | float) else gateway.most_s
    why = f"the gateway waits for {limit_s:g} s and no longer; the function goes on"
    return Patience(limit_s, gateway.late(visit.id)._replace(why=why))


def accepted(visit: Visit) -> HttpReply:
    """Return the answer to a client that does not wait; there is none of these here."""
    return HttpReply(202, ((errors.REQUEST_ID, visit.id),))


def event_from_http(visit: Visit, rules: WebRules) -> Event:
    """Return the event that the gateway makes of a request."""
    told = _AS_JSON(_gateway(visit.trigger).event(visit, rules))
    return Event(told.encode("utf-8", "surrogatepass"), visit.trigger.source, "application/json")


def http_from_result(result: Result, visit: Visit, rules: WebRules) -> HttpReply:
    """Return the answer that the gateway makes of a result."""
    return _gateway(visit.trigger).reply(result, visit, rules)


def http_from_parts(parts: Iterator[Part | Result], visit: Visit, rules: WebRules) -> HttpReply:
    """Return the answer that is sent on as the function writes it.

    A function that does not write to a stream is answered for as ever.
    """
    first = next(parts)
    if isinstance(first, Result) and not streaming.is_streamed(first):
        return http_from_result(first, visit, rules)
    is_rest = visit.trigger.source == "api"
    try:
        answer = streaming.reply(first, parts)
    except Malformed as wrong:
        own = rest_api.own("broken", visit.id) if is_rest else function_url.broken()
        return own._replace(why=str(wrong))
    return rest_api.finished(answer, visit) if is_rest else function_url.finished(answer, visit)


def forwarded(reply: HttpReply, _: Visit, __: WebRules) -> HttpReply:
    """Return an answer as it is: no function of this cloud is asked by HTTP itself."""
    return reply


def unrouted(request: HttpRequest, functions: Sequence[Function], id_: str) -> HttpReply | None:
    """Return what an API answers where none of its routes is meant; None where there is no API."""
    triggers = _of_apis(request, functions)
    if not triggers:
        return None
    if cors.is_preflight(request):
        for each in triggers:
            rules = request_facts.section(each.options.get("cors"))
            if rules:
                is_rest = each.source == "api"
                return cors.mocked(rules) if is_rest else cors.preflight(rules, request)
    of_http = next((each for each in triggers if each.source == "http-api"), None)
    if of_http is None:
        return rest_api.own("unknown", id_)
    lost, rules = http_api.own("unknown", id_), request_facts.section(of_http.options.get("cors"))
    return (
        lost if not rules else lost._replace(headers=cors.with_cors(rules, request, lost.headers))
    )


def _gateway(trigger: Trigger) -> Gateway:
    return GATEWAYS.get(trigger.source, _DEFAULT)


def _preflight(visit: Visit) -> HttpReply | None:
    """Return the answer to a browser that asks what it may, where the gateway knows it."""
    rules = request_facts.section(visit.trigger.options.get("cors"))
    if not rules or not cors.is_preflight(visit.request):
        return None
    if visit.trigger.source != "api":
        return cors.preflight(rules, visit.request)
    # The template makes a mock for `OPTIONS` beside a route for any method.
    own = "OPTIONS" in request_facts.texts(visit.trigger.options.get("methods"))
    return None if own else cors.mocked(rules)


def _of_apis(request: HttpRequest, functions: Sequence[Function]) -> list[Trigger]:
    """Return the routes of the API that a request was sent to; of all where it names none."""
    found = [
        each
        for function in functions
        for each in function.triggers
        if each.source in ("api", "http-api")
    ]
    host = request.header("host").lower().partition(":")[0]
    if not host.endswith(_LOCAL):
        return found
    label = host.removesuffix(_LOCAL)
    return [each for each in found if str(each.options.get("api_id", "")).lower() == label]


def _declared(request: HttpRequest) -> int:
    if isinstance(request.body, bytes):
        return len(request.body)
    declared = request.header("content-length")
    return int(declared) if declared.isdigit() else 0
