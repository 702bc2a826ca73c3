"""HTTP triggers: a request becomes an event, a result becomes a reply (contract alibaba-fc, 6)."""

import base64
import functools
import json
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote

from localfn.model import (
    Event,
    Failure,
    FailureKind,
    Headers,
    HttpReply,
    HttpRequest,
    Result,
    Visit,
    WebRules,
)
from localfn.providers.alibaba import signature
from localfn.providers.alibaba.answers import described
from localfn.providers.alibaba.environment import account
from localfn.providers.alibaba.errors import (
    ERROR_TYPE,
    JSON,
    REQUEST_ID,
    bad_response,
    error,
    error_type,
    too_large,
)

# What the documents leave open (section 6.1 and "Could not be verified"); `--status` replaces one.
STATUSES: Mapping[str, int] = MappingProxyType(
    {"method-not-allowed": 405, "function-error": 502, "timed-out": 502}
)
MOST_BODY_BYTES = {"sync": 32 << 20, "async": 128 << 10}
ANSWER_TOO_LARGE = "the function's answer exceeds 32 MB"
MOST_HEADER_BYTES = 8 << 10
MOST_ADDRESS_BYTES = 4 << 10
LOG_TAIL_BYTES = 4 << 10
# One that is kept: `json.dumps` makes a new one for every text that is not plain ASCII.
_AS_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode

# Failures that are none of the function's: it was not asked, or has answered well, but too much.
_NOT_ITS_OWN = frozenset(
    {FailureKind.TOO_LARGE, FailureKind.THROTTLED, FailureKind.ANSWER_TOO_LARGE}
)
# Nobody is there to read the second one; the log tells it.
STATUS_OF = {FailureKind.THROTTLED: 429, FailureKind.CANCELED: 499}
# Headers that a client may not set, and those that a function may not (section 3).
_NOT_FROM_CLIENTS = frozenset({"connection", "keep-alive", "transfer-encoding"})
_OF_THE_CLOUD = frozenset({"x-fc-invocation-type", "x-fc-log-type"})
_NOT_FROM_FUNCTIONS = frozenset({"connection", "content-length", "date", "keep-alive", "server"})
# Types whose bodies are text; not documented, a sound default (section 6.1).
_TEXTUAL = ("text/", "application/json", "application/xml", "application/javascript")
_TEXTUAL_TOO = ("application/x-www-form-urlencoded", "+json", "+xml")


# --- before the function is asked ------------------------------------------------------------


def most_body_bytes(request: HttpRequest) -> int:
    """Return how long the body of a request may be."""
    return MOST_BODY_BYTES["async" if is_asynchronous(request) else "sync"]


def is_asynchronous(request: HttpRequest) -> bool:
    """Return whether the caller does not wait for the answer."""
    return request.header("x-fc-invocation-type").lower() == "async"


def refuse(visit: Visit, rules: WebRules) -> HttpReply | None:
    """Return what Function Compute answers by itself, None where the function is to answer."""
    request, id_ = visit.request, visit.id
    methods = visit.trigger.options.get("methods")
    if isinstance(methods, tuple) and methods and request.method not in methods:
        status = _status("method-not-allowed", rules)
        message = f"the trigger does not take {request.method}, only {', '.join(methods)}"
        reply = error(status, "MethodNotAllowed", message, id_)
        return reply._replace(headers=(*reply.headers, ("Allow", ", ".join(methods))))
    if len(visit.uri) > MOST_ADDRESS_BYTES:
        return error(400, "InvalidArgument", "path and query exceed 4 KB", id_)
    if _size(request.headers) > MOST_HEADER_BYTES:
        return error(400, "InvalidArgument", "the headers exceed 8 KB", id_)
    if rules.verifies and visit.trigger.options.get("auth") == "function":
        return signature.refuse(request._replace(path=_signed_path(visit)), rules.environ, id_)
    return None


def accepted(visit: Visit) -> HttpReply:
    """Return the answer to an asynchronous request."""
    return HttpReply(202, ((REQUEST_ID, visit.id),))


# --- there -----------------------------------------------------------------------------------


def event_from_http(visit: Visit, rules: WebRules) -> Event:
    """Return what the handler receives: a JSON event in FC3, the request itself in FC2."""
    body = visit.request.whole_body()
    if visit.function.attributes.get("generation") == "fc2":
        return Event(body, "http", http=_native(visit))
    told = _AS_JSON(_event(visit, body, rules)).encode("utf-8", "surrogatepass")
    return Event(told, "http", "application/json", counted_bytes=len(body))


def _event(visit: Visit, body: bytes, rules: WebRules) -> Mapping[str, object]:
    request = visit.request
    text, is_base64 = _body(
        body, request.header("content-type"), request.header("content-encoding")
    )
    host = request.header("host").partition(":")[0]
    path = request.path
    return {
        "version": "v1",
        "rawPath": path,
        "body": text,
        "isBase64Encoded": is_base64,
        "headers": _headers_told(request.headers),
        "queryParameters": _joined(_query(request.query)),
        "requestContext": {
            "accountId": account(visit.function, rules.environ),
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": unquote(path) if "%" in path else path,
                "protocol": request.protocol,
                "sourceIp": request.client_ip,
                "userAgent": request.header("user-agent"),
            },
            "requestId": visit.id,
            "time": _written(int(visit.moment)),
            "timeEpoch": str(int(visit.moment * 1000)),
        },
    }


@functools.lru_cache(4)
def _written(moment: int) -> str:
    """Return a second as events tell it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _native(visit: Visit) -> Mapping[str, object]:
    """Return what FC2 tells a handler of a request (sections 2.8 and 7.13)."""
    request = visit.request
    return {
        "path": unquote(request.path),
        "method": request.method,
        "requestURI": visit.uri,
        "clientIP": request.client_ip,
        "host": request.header("host"),
        "queriesMap": _listed(_query(request.query)),
        "headersMap": _listed(_from_client(request.headers)),
    }


def _body(body: bytes, content_type: str, encoding: str) -> tuple[str, bool]:
    """Return a body as JSON holds it, and whether that is base64."""
    plain = content_type.partition(";")[0].strip().lower()
    textual = not plain or plain.startswith(_TEXTUAL) or plain.endswith(_TEXTUAL_TOO)
    if textual and encoding.lower() in ("", "identity"):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), bool(body)


@functools.lru_cache(64)
def _headers_told(headers: Headers) -> Mapping[str, str]:
    return _joined(_from_client(headers))


def _from_client(headers: Headers) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        lower = name.lower()
        reserved = lower in _NOT_FROM_CLIENTS or lower.startswith("x-fc-")
        if not reserved or lower in _OF_THE_CLOUD:
            yield _canonical(name), value if value.isascii() else _decoded(value)


@functools.lru_cache(1024)
def _canonical(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _decoded(value: str) -> str:
    """Return the text of a header, which HTTP carries as bytes."""
    return value.encode("latin-1").decode("utf-8", "replace")


def _query(query: str) -> Iterable[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True) if query else ()


def _listed(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    if not pairs:
        return {}
    return {name: ",".join(values) for name, values in _listed(pairs).items()}


# --- and back --------------------------------------------------------------------------------


def http_from_result(result: Result, visit: Visit, rules: WebRules) -> HttpReply:
    """Return the answer to a request from what its function answered."""
    if result.failure is not None:
        reply = _failed(result.failure, result, rules)
    elif result.http is not None:
        reply = HttpReply(result.http.status, result.http.headers, result.payload)
    elif visit.function.attributes.get("generation") == "fc2":
        reply = HttpReply(200, (), result.payload)
    else:
        reply = described(result.payload, visit.id)
    reply = forwarded(reply, visit, rules)
    if result.failure is not None and result.failure.kind not in _NOT_ITS_OWN:
        reply = reply._replace(headers=(*reply.headers, (ERROR_TYPE, error_type(result.failure))))
    if visit.request.header("x-fc-log-type").lower() == "tail":
        reply = reply._replace(headers=(*reply.headers, ("X-Fc-Log-Result", log_tail(result))))
    return reply


def forwarded(reply: HttpReply, visit: Visit, rules: WebRules) -> HttpReply:
    """Return the answer with the headers that Function Compute takes away and adds."""
    if reply.tunnel is not None:
        return reply
    kept, wrong = _passed(reply.headers)
    if wrong:
        return forwarded(bad_response(wrong, visit.id), visit, rules)
    if rules.attachment and not visit.own_domain:
        others = (each for each in kept if each[0].lower() != "content-disposition")
        kept = (*others, ("Content-Disposition", "attachment"))
    return HttpReply(reply.status, (*kept, (REQUEST_ID, visit.id)), reply.body)


@functools.lru_cache(256)
def _passed(headers: Headers) -> tuple[Headers, str]:
    """Return the headers that a client gets to see, and what is wrong with them, "" for nothing."""
    kept = tuple(each for each in headers if _may_pass(*each))
    if _size(kept) > MOST_HEADER_BYTES:
        return (), "the headers exceed 8 KB"
    if not all(_is_sendable(*each) for each in kept):
        return (), "a header has characters that HTTP does not allow"
    return kept, ""


def log_tail(result: Result) -> str:
    """Return the end of the log as `X-Fc-Log-Result` carries it (section 8)."""
    return base64.b64encode(result.logs[-LOG_TAIL_BYTES:]).decode()


def _failed(failure: Failure, result: Result, rules: WebRules) -> HttpReply:
    id_ = result.invocation.id
    if failure.kind is FailureKind.TOO_LARGE:
        return too_large(int(failure.message), id_)
    if failure.kind in STATUS_OF:
        return HttpReply(STATUS_OF[failure.kind], (JSON,), result.payload)
    if failure.kind is FailureKind.ANSWER_TOO_LARGE:
        return bad_response(ANSWER_TOO_LARGE, id_)
    name = "timed-out" if failure.kind is FailureKind.TIMED_OUT else "function-error"
    return HttpReply(_status(name, rules), (JSON,), result.payload)


def _may_pass(name: str, value: str) -> bool:
    lower = name.lower()
    if lower == "content-disposition":
        return value.strip().lower() != "attachment"
    return lower not in _NOT_FROM_FUNCTIONS and not lower.startswith("x-fc-")


def _is_sendable(name: str, value: str) -> bool:
    """Return whether a header can be sent: no line breaks, a name without blanks."""
    return (
        bool(name)
        and name.isascii()
        and name.isprintable()
        and not set(name) & set(" :")
        and (not set(value) & set("\r\n\0"))
    )


def _size(headers: Iterable[tuple[str, str]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)


def _status(name: str, rules: WebRules) -> int:
    return rules.statuses.get(name, STATUSES[name])


def _signed_path(visit: Visit) -> str:
    return visit.uri.partition("?")[0]
