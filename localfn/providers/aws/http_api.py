"""HTTP APIs: events and answers of the second format, and of the first (contract 6.3 and 6.4)."""

from collections.abc import Mapping

from localfn.model import FailureKind, Headers, HttpReply, Result, Visit, WebRules
from localfn.providers.aws import answers, cors, request_facts, rest_api
from localfn.providers.aws.answers import Malformed
from localfn.providers.aws.environment import account
from localfn.providers.aws.errors import encoded

STAGE = "$default"
DEFAULT_ROUTE = "$default"
TIMEOUT_S = 30.0
JSON = ("content-type", "application/json")
# What an answer with a status and without a type is sent as: not verified.
UNTYPED = ("content-type", "text/plain; charset=utf-8")
# The gateway's own answers (6.4). The text of 413 is not verified.
OWN: Mapping[str, tuple[int, str]] = {
    "broken": (500, "Internal Server Error"),
    "refused": (500, "Internal Server Error"),
    "late": (503, "Service Unavailable"),
    "too-large": (413, "Request Entity Too Large"),
    "unknown": (404, "Not Found"),
    "unauthorized": (401, "Unauthorized"),
    "denied": (403, "Forbidden"),
    "authorizer": (500, "Internal Server Error"),
}
REFUSED = {FailureKind.THROTTLED: "refused", FailureKind.TOO_LARGE: "too-large"}
FIRST = "1.0"


def own(name: str, id_: str = "") -> HttpReply:
    """Return one of the gateway's own answers."""
    status, message = OWN[name]
    headers = (JSON, *((("apigw-requestid", id_),) if id_ else ()))
    return HttpReply(status, headers, encoded({"message": message}))


def event(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event in the format that the integration asks for."""
    if is_first(visit):
        return first_event(visit, rules)
    return second_event(visit, rules)


def is_first(visit: Visit) -> bool:
    """Return whether an integration wants the first format."""
    return request_facts.option(visit, "payload_format") == FIRST


def first_event(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event of the first format as HTTP APIs fill it in."""
    told = rest_api.event(visit, rules)
    request = visit.request
    body, is_base64 = request_facts.by_content_type(request, request.whole_body())
    context = rest_api.context(visit, rules)
    named = request_facts.stage(visit, STAGE)
    context |= {"resourceId": None, "stage": named, "path": staged_path(visit)}
    return {
        "version": FIRST,
        **told,
        "requestContext": context,
        "body": body or None,
        "isBase64Encoded": is_base64,
    }


def second_event(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event of the second format."""
    request = visit.request
    body, is_base64 = request_facts.by_content_type(request, request.whole_body())
    told = {**addressed(visit), "requestContext": context(visit, rules)}
    if body:
        told["body"] = body
    told["isBase64Encoded"] = is_base64
    return told


def addressed(visit: Visit) -> dict[str, object]:
    """Return what was asked for; what there is nothing of is left out."""
    request = visit.request
    headers, cookies = _headers_and_cookies(request_facts.with_forwarded(visit))
    told = {
        "version": "2.0",
        "routeKey": route_key(visit),
        "rawPath": staged_path(visit),
        "rawQueryString": request.query,
        "headers": headers,
    }
    optional = {
        "cookies": cookies,
        "queryStringParameters": request_facts.joined(request_facts.query_pairs(request.query)),
        "pathParameters": request_facts.decoded_values(visit),
        "stageVariables": rest_api.stage_variables(visit),
    }
    return {**told, **{name: found for name, found in optional.items() if found}}


def context(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event's part about the request and the client."""
    request = visit.request
    told: dict[str, object] = {
        "accountId": account(visit.function, rules.environ),
        "apiId": request_facts.option(visit, "api_id", "local"),
        "domainName": request_facts.domain(request),
        "domainPrefix": request_facts.domain_prefix(request),
        "http": {
            "method": request.method,
            "path": staged_path(visit),
            "protocol": request.protocol,
            "sourceIp": request.client_ip,
            "userAgent": request.header("user-agent"),
        },
        "requestId": visit.id,
        "routeKey": route_key(visit),
        "stage": request_facts.stage(visit, STAGE),
        "time": request_facts.request_time(visit.moment),
        "timeEpoch": request_facts.epoch_ms(visit.moment),
    }
    if visit.client:
        told["authorizer"] = dict(visit.client)
    return told


def route_key(visit: Visit) -> str:
    """Return the route that was taken: `GET /orders/{id}`, `ANY /{proxy+}`, `$default`."""
    path = request_facts.option(visit, "path", DEFAULT_ROUTE)
    if path == DEFAULT_ROUTE or request_facts.option(visit, "route_key") == DEFAULT_ROUTE:
        return DEFAULT_ROUTE
    methods = request_facts.texts(visit.trigger.options.get("methods"))
    return f"{methods[0] if len(methods) == 1 else 'ANY'} {path}"


def staged_path(visit: Visit) -> str:
    """Return the path that was asked for: behind the stage, where it has a name."""
    named = request_facts.stage(visit, STAGE)
    return visit.request.path if named == STAGE else f"/{named}{visit.request.path}"


def reply(result: Result, visit: Visit, _: WebRules) -> HttpReply:
    """Return the answer to a request from what its function answered."""
    return with_cors(_answer(result, visit), visit)


def _answer(result: Result, visit: Visit) -> HttpReply:
    if result.failure is not None:
        return own(REFUSED.get(result.failure.kind, "broken"), visit.id)
    try:
        read = _described_first if is_first(visit) else described
        answer = read(result.payload)
    except Malformed as wrong:
        return own("broken", visit.id)._replace(why=str(wrong))
    return answer._replace(headers=(*answer.headers, ("apigw-requestid", visit.id)))


def with_cors(reply: HttpReply, visit: Visit) -> HttpReply:
    """Return an answer with the headers that the API's own rules say."""
    rules = request_facts.section(visit.trigger.options.get("cors"))
    if not rules:
        return reply
    return reply._replace(headers=cors.with_cors(rules, visit.request, reply.headers))


def described(payload: bytes) -> HttpReply:
    """Return the answer of the second format; raise `Malformed`.

    An object without a status, and all that is no object, is the body itself.
    """
    told = answers.parsed(payload)
    if not isinstance(told, dict):
        body = answers.encoded(told) if isinstance(told, str) else payload
        return HttpReply(200, (JSON,), body)
    if "statusCode" not in told:
        return HttpReply(200, (JSON,), payload)
    headers = answers.single_headers(told.get("headers"))
    return _answered(told, headers, cookies=answers.texts_of(told.get("cookies"), "cookies"))


def _described_first(payload: bytes) -> HttpReply:
    """Return the answer of the first format, whose status may not be missing."""
    told = answers.parsed(payload)
    if not isinstance(told, dict):
        raise Malformed(f"the answer is `{answers.short(told)}`, no object with a `statusCode`")
    headers = answers.merged(
        answers.multi_headers(told.get("multiValueHeaders")),
        answers.single_headers(told.get("headers")),
    )
    return _answered(told, headers, ())


def _answered(told: Mapping[str, object], headers: Headers, cookies: tuple[str, ...]) -> HttpReply:
    status = answers.status_of(told.get("statusCode"))
    if not answers.has(headers, "content-type"):
        headers = (*headers, UNTYPED)
    headers = (*headers, *(("set-cookie", each) for each in cookies))
    text = answers.body_of(told.get("body"))
    body = (
        answers.from_base64(text) if told.get("isBase64Encoded") is True else answers.encoded(text)
    )
    return HttpReply(status, headers, body)


def _headers_and_cookies(headers: Headers) -> tuple[dict[str, str], list[str]]:
    """Return headers in lower case, each once, and the cookies by themselves."""
    plain, cookies = [], []
    for name, value in headers:
        if name.lower() == "cookie":
            cookies += [each.strip() for each in value.split(";") if each.strip()]
        else:
            plain.append((name.lower(), value))
    return request_facts.joined(plain), cookies
