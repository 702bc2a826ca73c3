"""Functions behind an Application Load Balancer (contract aws-lambda, 6.6)."""

from localfn.model import HttpReply, Result, Visit, WebRules
from localfn.providers.aws import answers, request_facts
from localfn.providers.aws.answers import Malformed
from localfn.providers.aws.environment import account, partition, region

MOST_BYTES = 1 << 20
_TITLES = {400: "Bad Request", 413: "Request Entity Too Large", 502: "Bad Gateway"}


def page(status: int) -> HttpReply:
    """Return one of the load balancer's own pages. Their text is not verified."""
    title = f"{status} {_TITLES[status]}"
    text = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return HttpReply(status, (("Content-Type", "text/html"),), text.encode())


def refuse(visit: Visit) -> HttpReply | None:
    """Return the answer to what no function behind a load balancer can take."""
    return page(400) if visit.request.header("upgrade").lower() == "websocket" else None


def event(visit: Visit, rules: WebRules) -> dict[str, object]:
    """Return the event: maps with one value for each name, or with all."""
    request = visit.request
    headers = [(name.lower(), value) for name, value in request_facts.with_forwarded(visit)]
    query = _query(request.query)
    body, is_base64 = request_facts.by_content_type(request, request.whole_body())
    told: dict[str, object] = {
        "requestContext": {"elb": {"targetGroupArn": _target_group(visit, rules)}},
        "httpMethod": request.method,
        "path": request.path,
    }
    if _is_multi(visit):
        told["multiValueQueryStringParameters"] = request_facts.every(query)
        told["multiValueHeaders"] = request_facts.every(headers)
    else:
        told["queryStringParameters"] = request_facts.last(query)
        told["headers"] = request_facts.last(headers)
    return {**told, "body": body, "isBase64Encoded": is_base64}


def reply(result: Result, visit: Visit, _: WebRules) -> HttpReply:
    """Return the answer to a request from what its function answered."""
    if result.failure is not None or len(result.payload) > MOST_BYTES:
        return page(502)
    try:
        return _described(result.payload, visit)
    except Malformed as wrong:
        return page(502)._replace(why=str(wrong))


def _described(payload: bytes, visit: Visit) -> HttpReply:
    told = answers.parsed(payload)
    if not isinstance(told, dict):
        raise Malformed(f"the answer is `{answers.short(told)}`, no object with a `statusCode`")
    status = answers.status_of(told.get("statusCode"))
    if _is_multi(visit):
        headers = answers.multi_headers(told.get("multiValueHeaders"))
    else:
        headers = answers.single_headers(told.get("headers"))
    text = answers.body_of(told.get("body"))
    if told.get("isBase64Encoded") is True:
        return HttpReply(status, headers, answers.from_base64(text))
    return HttpReply(status, headers, answers.encoded(text))


def _is_multi(visit: Visit) -> bool:
    return visit.trigger.options.get("multi_value_headers") is True


def _query(query: str) -> list[tuple[str, str]]:
    """Return names and values as they were sent: they are not decoded."""
    pairs = (each.partition("=") for each in query.split("&") if each)
    return [(name, value) for name, _, value in pairs]


def _target_group(visit: Visit, rules: WebRules) -> str:
    where = region(visit.function, rules.environ)
    owner = account(visit.function, rules.environ)
    name = request_facts.option(visit, "target_group") or visit.function.name
    return (
        f"arn:{partition(where)}:elasticloadbalancing:{where}:{owner}:"
        f"targetgroup/{name}/0123456789abcdef"
    )
