"""Function URLs, buffered and streaming (contract aws-lambda, 6.5)."""

from localfn.model import FailureKind, HttpReply, Result, Visit, WebRules
from localfn.providers.aws import http_api, signature, streaming
from localfn.providers.aws.answers import Malformed
from localfn.providers.aws.environment import account
from localfn.providers.aws.errors import ERROR_TYPE, JSON, REQUEST_ID, encoded

MOST_BODY_BYTES = 6 << 20
SOURCE = "function-url"
SIGNED = "AWS_IAM"
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


def forbidden(id_: str) -> HttpReply:
    """Return the answer to whoever may not call the URL."""
    headers = (JSON, (ERROR_TYPE, "AccessDeniedException"), (REQUEST_ID, id_))
    return HttpReply(403, headers, encoded({"Message": FORBIDDEN}))


def wants_signatures(visit: Visit) -> bool:
    """Return whether a URL is only for those whose requests are signed."""
    return visit.trigger.source == SOURCE and visit.trigger.options.get("auth_type") == SIGNED


def event(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event: the second format, with its only route."""
    told = http_api.second_event(visit, rules)
    context = told["requestContext"]
    assert isinstance(context, dict)
    if wants_signatures(visit):
        context["authorizer"] = {"iam": _caller(visit, rules)}
    return told


def reply(result: Result, visit: Visit, _: WebRules) -> HttpReply:
    """Return the answer to a request from what its function answered."""
    return finished(_answer(result), visit)


def finished(answer: HttpReply, visit: Visit) -> HttpReply:
    """Return an answer with the headers that the URL adds."""
    if not answer.header(REQUEST_ID):
        answer = answer._replace(headers=(*answer.headers, (REQUEST_ID, visit.id)))
    return http_api.with_cors(answer, visit)


def throttled(id_: str) -> HttpReply:
    """Return the answer where no instance is left for a request."""
    return HttpReply(429, (JSON, (REQUEST_ID, id_)), encoded({"message": "Rate Exceeded."}))


def too_large(id_: str) -> HttpReply:
    """Return the answer to a body that is too long."""
    told = encoded({"message": "Request Entity Too Large"})
    return HttpReply(413, (JSON, (REQUEST_ID, id_)), told)


def broken() -> HttpReply:
    """Return the answer where the function's own cannot be used."""
    return HttpReply(502, (("content-type", "application/json"),), b"Internal Server Error")


def _answer(result: Result) -> HttpReply:
    failure = result.failure
    if failure is not None and failure.kind is FailureKind.THROTTLED:
        return throttled(result.invocation.id)
    if failure is not None and failure.kind is FailureKind.TOO_LARGE:
        return too_large(result.invocation.id)
    if failure is not None:
        return broken()
    try:
        if streaming.is_streamed(result):
            return streaming.whole(result)
        return http_api.described(result.payload)
    except Malformed as wrong:
        return broken()._replace(why=str(wrong))


def _caller(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return who has signed a request: the account itself, here."""
    owner = account(visit.function, rules.environ)
    return {
        "accessKey": signature.key_id_of(visit.request) or signature.keys(rules.environ)[0],
        "accountId": owner,
        "callerId": owner,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{owner}:root",
        "userId": owner,
    }
