"""Answers of functions that stream, behind a URL or a REST API (contract, 4.3 and 6.5)."""

from collections.abc import Iterator, Mapping

from localfn.model import HttpReply, Visit
from localfn.providers.aws import answers
from localfn.providers.aws.answers import Malformed

STREAM = "RESPONSE_STREAM"
# Between the description of an answer and its body.
PRELUDE_END = b"\0" * 8
CHUNK_BYTES = 64 << 10
UNTYPED = ("content-type", "application/octet-stream")


def is_wanted(visit: Visit) -> bool:
    """Return whether the trigger sends an answer on as it comes."""
    return visit.trigger.options.get("invoke_mode") == STREAM


def streamed(payload: bytes) -> HttpReply:
    """Return the answer of a function that streams; raise `Malformed`.

    What stands before eight zeros describes it, where it does; anything else is the body.
    """
    head, found, body = payload.partition(PRELUDE_END)
    if not found or not head.lstrip().startswith(b"{"):
        return HttpReply(200, (UNTYPED,), _pieces(payload))
    told = _prelude(head)
    status = 200 if told.get("statusCode") is None else answers.status_of(told["statusCode"])
    headers = answers.single_headers(told.get("headers"))
    if not answers.has(headers, "content-type"):
        headers = (*headers, UNTYPED)
    cookies = answers.texts_of(told.get("cookies"), "cookies")
    return HttpReply(status, (*headers, *(("set-cookie", each) for each in cookies)), _pieces(body))


def _prelude(head: bytes) -> Mapping[str, object]:
    told = answers.parsed(head)
    if not isinstance(told, dict):
        raise Malformed(f"the description of the answer is `{answers.short(told)}`")
    return told


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), CHUNK_BYTES):
        yield body[start : start + CHUNK_BYTES]
