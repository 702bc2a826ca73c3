"""Answers of functions that stream, behind a URL or a REST API (contract, 4.3 and 6.5)."""

from collections.abc import Iterator, Mapping

from localfn.model import BrokenBody, Headers, HttpReply, Part, Result, Visit
from localfn.providers.aws import answers
from localfn.providers.aws.answers import Malformed

STREAM = "RESPONSE_STREAM"
# The type of an answer that begins with a description, and what stands before its body.
DESCRIBED = "application/vnd.awslambda.http-integration-response"
PRELUDE_END = b"\0" * 8
MOST_PRELUDE_BYTES = 1 << 20
UNTYPED = "application/octet-stream"


def is_wanted(visit: Visit) -> bool:
    """Return whether the trigger sends an answer on as it comes."""
    return visit.trigger.options.get("invoke_mode") == STREAM


def is_streamed(result: Result) -> bool:
    """Return whether a function has written its answer to a stream."""
    return result.failure is None and result.http is not None


def reply(first: Part | Result, more: Iterator[Part | Result]) -> HttpReply:
    """Return an answer that is sent on as it comes; raise `Malformed`.

    It begins when its description is whole, where it has one.
    """
    http = first.http
    kind = http.header("content-type") if http is not None else ""
    came = _payloads(first, more)
    if kind != DESCRIBED:
        return HttpReply(200, (("content-type", kind or UNTYPED),), came)
    head = b""
    while PRELUDE_END not in head:
        piece = next(came, None)
        if piece is None or len(head) > MOST_PRELUDE_BYTES:
            raise Malformed("the answer ended before its description did")
        head += piece
    told, _, begun = head.partition(PRELUDE_END)
    status, headers = _described(told)
    return HttpReply(status, headers, _after(begun, came))


def whole(result: Result) -> HttpReply:
    """Return an answer that was written to a stream and is sent at once; raise `Malformed`."""
    answer = reply(result, iter(()))
    body = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
    return answer._replace(body=body)


def _payloads(first: Part | Result, more: Iterator[Part | Result]) -> Iterator[bytes]:
    """Yield what is written; a failure breaks it off, as it does in the cloud."""
    yield first.payload
    if isinstance(first, Result):
        return
    for each in more:
        if isinstance(each, Part):
            yield each.payload
        elif each.failure is not None:
            raise BrokenBody("the function failed while it wrote its answer")


def _after(begun: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
    yield begun
    yield from more


def _described(head: bytes) -> tuple[int, Headers]:
    told = answers.parsed(head)
    if not isinstance(told, Mapping):
        raise Malformed(f"the description of the answer is `{answers.short(told)}`")
    status = 200 if told.get("statusCode") is None else answers.status_of(told["statusCode"])
    headers = answers.single_headers(told.get("headers"))
    if not answers.has(headers, "content-type"):
        headers = (*headers, ("content-type", UNTYPED))
    cookies = answers.texts_of(told.get("cookies"), "cookies")
    return status, (*headers, *(("set-cookie", each) for each in cookies))
