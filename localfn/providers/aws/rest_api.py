"""REST APIs: events and answers of the first format (contract aws-lambda, 6.1 and 6.2)."""

import zlib
from collections.abc import Mapping

from localfn.model import FailureKind, Headers, HttpReply, Result, Visit, WebRules
from localfn.providers.aws import answers, request_facts
from localfn.providers.aws.answers import Malformed
from localfn.providers.aws.environment import account
from localfn.providers.aws.errors import ERROR_TYPE, JSON, REQUEST_ID, encoded
from localfn.providers.aws.trace import new_trace

STAGE = "Prod"
TIMEOUT_S = 29.0
MOST_BODY_BYTES = 10 << 20
# The gateway's own answers: status, exception, message (6.2). Texts of 413 and 429 are unverified.
OWN: Mapping[str, tuple[int, str, str | None]] = {
    "broken": (502, "InternalServerErrorException", "Internal server error"),
    "refused": (500, "InternalServerErrorException", "Internal server error"),
    "late": (504, "InternalServerErrorException", "Endpoint request timed out"),
    "too-large": (413, "RequestTooLargeException", "Request Too Long"),
    "unknown": (403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    "no-key": (403, "ForbiddenException", "Forbidden"),
    "unauthorized": (401, "UnauthorizedException", "Unauthorized"),
    "authorizer": (500, "AuthorizerConfigurationException", None),
    "denied": (403, "AccessDeniedException", "User is not authorized to access this resource"),
}
STAYS = (
    "the body is sent as base64: the client's `Accept` names none of the API's `BinaryMediaTypes`"
)
EXPLICITLY = " with an explicit deny"
# What the gateway answers where the function was not asked; a failed one is `broken`.
REFUSED = {FailureKind.THROTTLED: "refused", FailureKind.TOO_LARGE: "too-large"}
_ORDER = ("statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded")
_KEYS = frozenset({*_ORDER, "base64Encoded"})
_DROPPED = frozenset({"transfer-encoding"})
_RENAMED = frozenset({"connection", "content-length", "date", "server"})
_NOBODY: Mapping[str, None] = dict.fromkeys(
    (
        "cognitoIdentityPoolId",
        "accountId",
        "cognitoIdentityId",
        "caller",
        "principalOrgId",
        "accessKey",
        "cognitoAuthenticationType",
        "cognitoAuthenticationProvider",
        "userArn",
        "user",
    )
)


def own(name: str, id_: str = "", more: str = "") -> HttpReply:
    """Return one of the gateway's own answers."""
    status, kind, message = OWN[name]
    # The one text that the documents show with a capital.
    key = "Message" if name == "denied" else "message"
    headers = (JSON, (ERROR_TYPE, kind), *(((REQUEST_ID, id_),) if id_ else ()))
    return HttpReply(status, headers, encoded({key: message and message + more}))


def event(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event of the first format."""
    request = visit.request
    headers = request_facts.with_forwarded(visit)
    query = request_facts.query_pairs(request.query)
    binary = request_facts.texts(visit.trigger.options.get("binary_types"))
    body, is_base64 = request_facts.by_binary_types(request, request.whole_body(), binary)
    return {
        **addressed(visit),
        "headers": request_facts.last(headers) or None,
        "multiValueHeaders": request_facts.every(headers) or None,
        "queryStringParameters": request_facts.last(query) or None,
        "multiValueQueryStringParameters": request_facts.every(query) or None,
        "pathParameters": request_facts.decoded_values(visit),
        "stageVariables": stage_variables(visit),
        "requestContext": context(visit, rules),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def addressed(visit: Visit) -> dict[str, object]:
    """Return what was asked for, and by which method."""
    return {
        "resource": resource(visit),
        "path": visit.request.path,
        "httpMethod": visit.request.method,
    }


def resource(visit: Visit) -> str:
    """Return the template of the path that was asked for."""
    return request_facts.option(visit, "path", "/{proxy+}")


def stage_variables(visit: Visit) -> dict[str, object] | None:
    """Return the stage's variables, None where it has none."""
    return dict(request_facts.section(visit.trigger.options.get("stage_variables")) or {}) or None


def context(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event's part about the request and the client."""
    request, named = visit.request, request_facts.stage(visit, STAGE)
    api_key = request.header("x-api-key")
    told: dict[str, object] = {
        "resourceId": f"{zlib.crc32(resource(visit).encode()):08x}"[:6],
        "resourcePath": resource(visit),
        "httpMethod": request.method,
        "extendedRequestId": request_facts.extended_id(visit),
        "requestTime": request_facts.request_time(visit.moment),
        "path": f"/{named}{request.path}" if named != "$default" else request.path,
        "accountId": account(visit.function, rules.environ),
        "protocol": request.protocol,
        "stage": named,
        "domainPrefix": request_facts.domain_prefix(request),
        "requestTimeEpoch": request_facts.epoch_ms(visit.moment),
        "requestId": visit.id,
        "identity": {
            **_NOBODY,
            **({"apiKey": api_key, "apiKeyId": "local"} if api_key else {}),
            "sourceIp": request.client_ip,
            "userAgent": request.header("user-agent") or None,
        },
        "domainName": request_facts.domain(request),
        "deploymentId": "local",
        "apiId": request_facts.option(visit, "api_id", "local"),
    }
    if operation := request_facts.option(visit, "operation_name"):
        told["operationName"] = operation
    if visit.client:
        told["authorizer"] = dict(visit.client)
    return told


def reply(result: Result, visit: Visit, _: WebRules) -> HttpReply:
    """Return the answer to a request from what its function answered."""
    refused = _refused(result)
    if refused:
        return own(refused, visit.id)
    try:
        answer = described(result.payload, visit)
    except Malformed as wrong:
        return own("broken", visit.id)._replace(why=str(wrong))
    return finished(answer, visit)


def finished(answer: HttpReply, visit: Visit) -> HttpReply:
    """Return an answer of a function with the headers that the gateway takes away and adds."""
    headers = tuple(filter(None, map(_passed, answer.headers)))
    return answer._replace(headers=(*headers, *added(visit)))


def described(payload: bytes, visit: Visit) -> HttpReply:
    """Return the answer that a JSON object describes; raise `Malformed`."""
    told = answers.parsed(payload)
    if not isinstance(told, dict) or not told:
        raise Malformed(f"the answer is `{answers.short(told)}`, no object with a `statusCode`")
    if not told.keys() <= _KEYS:
        unknown = ", ".join(f"`{each}`" for each in sorted(told.keys() - _KEYS))
        raise Malformed(f"the answer holds {unknown}; a REST API takes only {', '.join(_ORDER)}")
    status = 200 if told.get("statusCode") is None else answers.status_of(told["statusCode"])
    headers = answers.merged(
        answers.multi_headers(told.get("multiValueHeaders")),
        answers.single_headers(told.get("headers")),
    )
    if not answers.has(headers, "content-type"):
        headers = (*headers, JSON)
    text = answers.body_of(told.get("body"))
    is_base64 = told.get("base64Encoded", told.get("isBase64Encoded")) is True
    if is_base64 and _decodes(visit):
        return HttpReply(status, headers, answers.from_base64(text))
    return HttpReply(status, headers, answers.encoded(text), why=STAYS if is_base64 else "")


def added(visit: Visit) -> Headers:
    """Return the headers that the gateway adds to what a function answers."""
    return (
        (REQUEST_ID, visit.id),
        ("x-amz-apigw-id", request_facts.extended_id(visit)),
        ("X-Amzn-Trace-Id", new_trace(visit.moment, visit.id)),
    )


def _refused(result: Result) -> str:
    """Return which of the gateway's own answers is meant, "" where the function's is."""
    if result.failure is None:
        return ""
    return REFUSED.get(result.failure.kind, "broken")


def _decodes(visit: Visit) -> bool:
    """Return whether base64 is taken apart: if the API calls binary what the client wants."""
    binary = request_facts.texts(visit.trigger.options.get("binary_types"))
    wanted = visit.request.header("accept").partition(",")[0]
    return request_facts.is_binary(wanted, binary)


def _passed(header: tuple[str, str]) -> tuple[str, str] | None:
    name, value = header
    if name.lower() in _DROPPED:
        return None
    return (f"x-amzn-Remapped-{name}", value) if name.lower() in _RENAMED else header
