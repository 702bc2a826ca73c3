"""The API that SDKs and command lines call (contract aws-lambda, section 5)."""

import base64
import binascii
import itertools
import json
from collections.abc import Callable, Iterator, Mapping

from localfn.model import (
    Call,
    CallMode,
    Calls,
    Event,
    Failure,
    FailureKind,
    Function,
    Headers,
    HttpReply,
    HttpRequest,
    Invocation,
    Part,
    Repeats,
    Result,
    Route,
)
from localfn.providers.aws import event_stream, listing, signature
from localfn.providers.aws.environment import trace_id, version
from localfn.providers.aws.errors import (
    JSON,
    REQUEST_ID,
    WRONG_CONTEXT,
    no_operation,
    throttled,
    too_large,
    wrong_content,
    wrong_value,
)
from localfn.providers.aws.lookup import NOBODY, Named, Refused, Values, find
from localfn.providers.aws.wording import opening_lines

FUNCTIONS = "/2015-03-31/functions"
ASYNC = "/2014-11-13/functions"
STREAMED = "/2021-11-15/functions"
MOST_BYTES = {CallMode.SYNC: 6 << 20, CallMode.ASYNC: 1 << 20}
MOST_CONTEXT_BYTES = 3583
LOG_TAIL_BYTES = 4096
DEFAULT_REPEATS = Repeats(attempts=2, max_age_s=21600)
KINDS = ("RequestResponse", "Event", "DryRun")

Handle = Callable[[HttpRequest, Values, Calls], HttpReply]


def repeats(function: Function) -> Repeats:
    """Return what becomes of asynchronous calls of a function (section 5.4)."""
    told = function.attributes
    attempts, age = told.get("async_retries", ""), told.get("async_max_age_s", "")
    return Repeats(
        attempts=int(attempts) if attempts.isdigit() else DEFAULT_REPEATS.attempts,
        max_age_s=float(age) if age.isdigit() else DEFAULT_REPEATS.max_age_s,
        on_success=told.get("async_on_success", ""),
        on_failure=told.get("async_on_failure", "") or told.get("dead_letter", ""),
    )


def never_runs(function: Function) -> bool:
    """Return whether a function has no concurrency at all: every call of it is throttled."""
    return function.attributes.get("reserved_concurrency") == "0"


def most_body_bytes(request: HttpRequest) -> int:
    """Return how long the body of a request of this API may be."""
    later = request.path.startswith(ASYNC) or _kind(request) == "Event"
    return MOST_BYTES[CallMode.ASYNC if later else CallMode.SYNC]


def no_route(request: HttpRequest, id_: str) -> HttpReply:
    """Return the answer where there is no such operation."""
    return no_operation(request.method, request.path, id_)


def _invoke(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    named, kind = find(request, values, calls), _kind(request) or "RequestResponse"
    if kind not in KINDS:
        message = f"Invocation type '{kind}' is none of {', '.join(KINDS)}."
        raise Refused(wrong_value(message, calls.new_id(named.function)))
    if kind == "DryRun":
        return HttpReply(204, ((REQUEST_ID, calls.new_id(named.function)),))
    call = _call(request, named, calls)
    if kind == "Event":
        return _later(call, calls)
    return _answer(request, calls.invoke(call))


def _invoke_async(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    return _later(_call(request, find(request, values, calls), calls), calls)


def _invoke_streamed(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    named = find(request, values, calls)
    if _kind(request) == "DryRun":
        return HttpReply(204, ((REQUEST_ID, calls.new_id(named.function)),))
    call = _call(request, named, calls)
    parts = calls.stream(call)
    first = next(parts)
    refused = _refused(first) if isinstance(first, Result) else None
    if refused is not None:
        return refused
    asked = Invocation(call.id, call.function, call.event, 0.0, None, qualifier=call.qualifier)
    headers = (
        ("Content-Type", event_stream.CONTENT_TYPE),
        (REQUEST_ID, call.id),
        ("X-Amz-Executed-Version", version(asked)),
    )
    return HttpReply(200, headers, _frames(request, first, parts))


def _frames(
    request: HttpRequest, first: Part | Result, more: Iterator[Part | Result]
) -> Iterator[bytes]:
    """Yield an answer in frames as it comes; the last one tells how it ended."""
    for each in itertools.chain((first,), more):
        if isinstance(each, Part):
            yield from event_stream.chunks(each.payload)
            continue
        if each is first and each.failure is None:
            yield from event_stream.chunks(each.payload)
        yield event_stream.ending(_ending(request, each))


def _ending(request: HttpRequest, result: Result) -> Mapping[str, object]:
    told: dict[str, object] = {}
    if result.failure is not None:
        told["ErrorCode"] = _error_type(result.failure, result.payload)
        told["ErrorDetails"] = result.payload.decode(errors="replace")
    if _wants_tail(request):
        told["LogResult"] = log_tail(result)
    return told


def _call(request: HttpRequest, named: Named, calls: Calls) -> Call:
    function, id_ = named.function, calls.new_id(named.function)
    if never_runs(function):
        raise Refused(throttled(id_))
    payload = request.whole_body() or b"{}"
    _see_json(payload, id_)
    context = _client_context(request.header("x-amz-client-context"), id_)
    event = Event(payload, "api", "application/json")
    return Call(function, event, CallMode.SYNC, context, id_, qualifier=named.qualifier)


def _later(call: Call, calls: Calls) -> HttpReply:
    calls.enqueue(call._replace(mode=CallMode.ASYNC))
    return HttpReply(202, ((REQUEST_ID, call.id),))


def _see_json(payload: bytes, id_: str) -> None:
    try:
        json.loads(payload)
    except (ValueError, RecursionError) as error:
        told = "Could not parse request body into json: Could not parse payload into json: "
        raise Refused(wrong_content(f"{told}{error}", id_)) from None


def _client_context(header: str, id_: str) -> str:
    """Return the client's context as JSON."""
    if len(header) > MOST_CONTEXT_BYTES:
        why = f"it has {len(header)} bytes, {MOST_CONTEXT_BYTES} are allowed"
        raise Refused(wrong_content(WRONG_CONTEXT.format(why=why), id_))
    try:
        told = base64.b64decode(header, validate=True).decode()
        if told:
            json.loads(told)
    except (binascii.Error, ValueError) as error:
        raise Refused(wrong_content(WRONG_CONTEXT.format(why=error), id_)) from None
    return told


def _answer(request: HttpRequest, result: Result) -> HttpReply:
    """Return a result as the API does: a failed function is a success of the request."""
    refused = _refused(result)
    if refused is not None:
        return refused
    return HttpReply(200, _headers(request, result), result.payload)


def _refused(result: Result) -> HttpReply | None:
    """Return the error of the service where a call was not made."""
    failure, id_ = result.failure, result.invocation.id
    if failure is not None and failure.kind is FailureKind.TOO_LARGE:
        return too_large(int(failure.message), id_)
    if failure is not None and failure.kind is FailureKind.THROTTLED:
        return throttled(id_)._replace(body=result.payload)
    return None


def _headers(request: HttpRequest, result: Result) -> Headers:
    told = [
        JSON,
        (REQUEST_ID, result.invocation.id),
        ("X-Amz-Executed-Version", version(result.invocation)),
        ("X-Amzn-Trace-Id", trace_id(result.invocation)),
    ]
    if result.failure is not None:
        # Every error that was recorded is called so, those included that a handler has reported.
        told.append(("X-Amz-Function-Error", "Unhandled"))
    if _wants_tail(request):
        told.append(("X-Amz-Log-Result", log_tail(result)))
    return tuple(told)


def log_tail(result: Result) -> str:
    """Return the end of the log as `X-Amz-Log-Result` carries it: from the call's own start on."""
    start = max(0, result.logs.find(opening_lines(result.invocation)))
    return base64.b64encode(result.logs[start:][-LOG_TAIL_BYTES:]).decode()


def _error_type(failure: Failure, body: bytes) -> str:
    """Return the type that a failure's body tells; it is of a failure, known by its kind."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    named = told.get("errorType") if isinstance(told, dict) else None
    return str(named or failure.error_type or "Unhandled")


def _kind(request: HttpRequest) -> str:
    return request.header("x-amz-invocation-type")


def _wants_tail(request: HttpRequest) -> bool:
    return request.header("x-amz-log-type").lower() == "tail"


# --- the table -------------------------------------------------------------------------------


def _answered(handle: Handle) -> Handle:
    """Return a handler whose refusals are answers, and whose answers have an id.

    It asks for a signature where the person at the terminal wants it.
    """

    def answered(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
        try:
            if calls.rules.verifies:
                request = request._replace(body=request.whole_body())
                unsigned = signature.refuse(request, calls.rules.environ, calls.new_id(NOBODY))
                if unsigned is not None:
                    return unsigned
            reply = handle(request, values, calls)
        except Refused as refused:
            return refused.reply
        if reply.header(REQUEST_ID):
            return reply
        return reply._replace(headers=(*reply.headers, (REQUEST_ID, calls.new_id(NOBODY))))

    return answered


_TABLE: tuple[tuple[str, str, Handle], ...] = (
    ("POST", f"{FUNCTIONS}/<path:name>/invocations", _invoke),
    ("POST", f"{ASYNC}/<path:name>/invoke-async", _invoke_async),
    ("POST", f"{ASYNC}/<path:name>/invoke-async/", _invoke_async),
    ("POST", f"{STREAMED}/<path:name>/response-streaming-invocations", _invoke_streamed),
    ("GET", FUNCTIONS, listing.list_functions),
    ("GET", f"{FUNCTIONS}/", listing.list_functions),
    ("GET", f"{FUNCTIONS}/<path:name>", listing.get_function),
    ("GET", f"{FUNCTIONS}/<path:name>/configuration", listing.get_configuration),
    ("GET", f"{FUNCTIONS}/<path:name>/versions", listing.list_versions),
    ("GET", f"{FUNCTIONS}/<path:name>/aliases", listing.list_aliases),
    ("GET", "/2015-03-31/event-source-mappings", listing.list_mappings),
    ("GET", "/2015-03-31/event-source-mappings/", listing.list_mappings),
    ("GET", "/2019-09-25/functions/<path:name>/event-invoke-config", listing.get_async_config),
    ("GET", "/2019-09-30/functions/<path:name>/concurrency", listing.get_concurrency),
    ("GET", "/2021-10-31/functions/<path:name>/url", listing.get_url),
    ("GET", "/2021-10-31/functions/<path:name>/urls", listing.list_urls),
    ("GET", "/2016-08-19/account-settings", listing.get_account),
    ("GET", "/2016-08-19/account-settings/", listing.get_account),
)

ROUTES = tuple(Route(method, rule, _answered(handle)) for method, rule, handle in _TABLE)
PREFIXES = tuple(sorted({rule[:12] for _, rule, _ in _TABLE}))
