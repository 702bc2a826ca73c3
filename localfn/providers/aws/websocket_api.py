"""WebSocket APIs: who is let in, which function hears what, and what is sent (contract 6.7)."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from localfn.model import (
    Call,
    Calls,
    Event,
    Function,
    Headers,
    HttpReply,
    HttpRequest,
    Result,
    Socket,
    Trigger,
    Visit,
    WebSockets,
)
from localfn.providers.aws import answers, authorizers, request_facts
from localfn.providers.aws.answers import Malformed
from localfn.providers.aws.errors import ERROR_TYPE, JSON, REQUEST_ID, encoded
from localfn.providers.aws.lookup import NOBODY

SOURCE = "websocket"
CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"
SELECTION = "$request.body.action"
STAGE = "Prod"
MOST_FRAME_BYTES = 32 << 10
MOST_MESSAGE_BYTES = 128 << 10
CONNECTIONS = "/@connections/"
# What a client is sent where no function answers for a message: not verified.
BROKEN = "Internal server error"
UNKNOWN = "Forbidden"
_LOCAL = ".localhost"


class Branch(NamedTuple):
    """A route of an API, and the function behind it."""

    function: Function
    trigger: Trigger


def serves(request: HttpRequest, functions: Sequence[Function]) -> bool:
    """Return whether a request was sent to a WebSocket API."""
    return bool(_meant(request, functions))


def opened(request: HttpRequest, moment: float, calls: Calls) -> tuple[Socket, Headers] | HttpReply:
    """Let a client in, if the function of `$connect` does."""
    id_ = _connection_id(calls)
    socket = Socket(id_, request, moment, moment)
    branch = _meant(request, calls.functions).get(CONNECT)
    if branch is None:
        return socket, ()
    visit = _visit(socket, branch, moment, calls)
    event = _connecting(socket, branch, moment, calls)
    admitted = authorizers.admit_socket(visit, event, calls)
    if isinstance(admitted, HttpReply):
        return admitted
    socket = socket._replace(client=admitted.client)
    result = _told(socket, branch, _connecting(socket, branch, moment, calls), calls)
    try:
        answer = _answer(result)
    except Malformed as wrong:
        return _refused(502, BROKEN, id_)._replace(why=str(wrong))
    if not 200 <= answer.status < 300:
        return answer
    spoken = answer.header("sec-websocket-protocol")
    return socket, (("Sec-WebSocket-Protocol", spoken),) if spoken else ()


def heard(socket: Socket, message: str | bytes, moment: float, calls: Calls) -> str | None:
    """Have a message heard by the function of its route; return what the client is sent."""
    branches = _meant(socket.request, calls.functions)
    branch = branches.get(_key(message, branches)) or branches.get(DEFAULT)
    if branch is None:
        return _complaint(UNKNOWN, socket, calls)
    told = _context(socket, branch, moment, calls)
    told |= {"eventType": "MESSAGE", "messageId": calls.new_id(branch.function)}
    text = message if isinstance(message, str) else base64.b64encode(message).decode()
    event = {
        "requestContext": told,
        "body": text,
        "isBase64Encoded": isinstance(message, bytes),
    }
    result = _told(socket, branch, event, calls)
    if result.failure is not None:
        return _complaint(BROKEN, socket, calls)
    return _sent_back(result) if branch.trigger.options.get("responds") is True else None


def closed(socket: Socket, code: int, reason: str, moment: float, calls: Calls) -> None:
    """Tell the function of `$disconnect`, if there is one, that a client has gone."""
    branch = _meant(socket.request, calls.functions).get(DISCONNECT)
    if branch is None:
        return
    told = _context(socket, branch, moment, calls)
    told |= {
        "eventType": "DISCONNECT",
        "disconnectStatusCode": code,
        "disconnectReason": reason,
    }
    event = {**_headers(socket.request), "requestContext": told, "isBase64Encoded": False}
    _told(socket, branch, event, calls)


# --- the API by which functions speak to clients ---------------------------------------------


def manages(request: HttpRequest, functions: Sequence[Function]) -> bool:
    """Return whether a request is about open sockets: `/STAGE/@connections/ID`."""
    if "connections/" not in request.path or CONNECTIONS not in unquote(request.path):
        return False
    return any(True for _ in _branches(functions))


def managed(request: HttpRequest, calls: Calls) -> HttpReply:
    """Send to a client, tell of it, or hang up on it."""
    id_ = unquote(request.path).partition(CONNECTIONS)[2]
    socket = calls.sockets.find(id_)
    if socket is None:
        return _refused(410, "", calls.new_id(NOBODY), "GoneException")
    if request.method == "GET":
        return HttpReply(200, (JSON,), encoded(_facts(socket)))
    if request.method == "DELETE":
        calls.sockets.close(id_)
        return HttpReply(204)
    if request.method != "POST":
        return _refused(403, "Missing Authentication Token", calls.new_id(NOBODY))
    told = request.whole_body()
    if len(told) > MOST_MESSAGE_BYTES:
        return _refused(413, "Payload too large", calls.new_id(NOBODY), "PayloadTooLargeException")
    if not calls.sockets.send(id_, _as_message(told)):
        return _refused(410, "", calls.new_id(NOBODY), "GoneException")
    return HttpReply(200, (JSON,))


def urls(functions: Sequence[Function]) -> Sequence[tuple[str, str, str]]:
    """Return (function's key, what for, path) of each API's `$connect` or `$default`."""
    found = {}
    for branch in _branches(functions):
        api, route = _api(branch.trigger), branch.trigger.options.get("route")
        if api not in found or route == CONNECT:
            stage = str(branch.trigger.options.get("stage") or STAGE)
            found[api] = (branch.function.key, f"WebSocket {api}", f"/{stage}")
    return tuple(found.values())


WORDS = WebSockets(
    serves=serves,
    opened=opened,
    heard=heard,
    closed=closed,
    manages=manages,
    managed=managed,
    urls=urls,
    most_frame_bytes=MOST_FRAME_BYTES,
    most_message_bytes=MOST_MESSAGE_BYTES,
)


# --- which function --------------------------------------------------------------------------


def _branches(functions: Sequence[Function]) -> Iterator[Branch]:
    for function in functions:
        for each in function.triggers:
            if each.source == SOURCE:
                yield Branch(function, each)


def _meant(request: HttpRequest, functions: Sequence[Function]) -> Mapping[str, Branch]:
    """Return the routes of the API that a request was sent to, by their keys.

    It is named by the host (`API.localhost`), else by its stage in the path; the only one there is
    answers at any path.
    """
    apis: dict[str, dict[str, Branch]] = {}
    for each in _branches(functions):
        found = apis.setdefault(_api(each.trigger), {})
        found[str(each.trigger.options.get("route") or DEFAULT)] = each
    host = request.header("host").lower().partition(":")[0]
    if host.endswith(_LOCAL):
        label = host.removesuffix(_LOCAL)
        return next((told for api, told in apis.items() if api.lower() == label), {})
    if len(apis) == 1:
        return next(iter(apis.values()))
    stage = request.path.strip("/").partition("/")[0]
    for told in apis.values():
        if any(each.trigger.options.get("stage") == stage for each in told.values()):
            return told
    return {}


def _api(trigger: Trigger) -> str:
    return str(trigger.options.get("api_id") or SOURCE)


def _key(message: str | bytes, branches: Mapping[str, Branch]) -> str:
    """Return the route that a message names: what its JSON holds where the API looks."""
    if not branches:
        return DEFAULT
    told = next(iter(branches.values())).trigger.options.get("selection")
    path = str(told or SELECTION).removeprefix("${").removesuffix("}")
    try:
        found: object = json.loads(message)
    except (ValueError, RecursionError):
        return DEFAULT
    for each in path.removeprefix("$").removeprefix("request.body.").split("."):
        found = found.get(each) if isinstance(found, dict) else None
    return found if isinstance(found, str) and not found.startswith("$") else DEFAULT


# --- events and answers ----------------------------------------------------------------------


def _connecting(socket: Socket, branch: Branch, moment: float, calls: Calls) -> dict[str, object]:
    told = {**_context(socket, branch, moment, calls), "eventType": "CONNECT"}
    return {**_headers(socket.request), "requestContext": told, "isBase64Encoded": False}


def _headers(request: HttpRequest) -> dict[str, object]:
    headers = [each for each in request.headers if each[0].lower() != "connection"]
    told: dict[str, object] = {
        "headers": request_facts.last(headers),
        "multiValueHeaders": request_facts.every(headers),
    }
    query = request_facts.query_pairs(request.query)
    if query:
        told["queryStringParameters"] = request_facts.last(query)
        told["multiValueQueryStringParameters"] = request_facts.every(query)
    return told


def _context(socket: Socket, branch: Branch, moment: float, calls: Calls) -> dict[str, object]:
    request, options = socket.request, branch.trigger.options
    visit = _visit(socket, branch, moment, calls)
    told: dict[str, object] = {
        "routeKey": options.get("route") or DEFAULT,
        "messageDirection": "IN",
        "extendedRequestId": request_facts.extended_id(visit),
        "requestTime": request_facts.request_time(moment),
        "requestTimeEpoch": request_facts.epoch_ms(moment),
        "requestId": visit.id,
        "stage": options.get("stage") or STAGE,
        "connectedAt": request_facts.epoch_ms(socket.opened),
        "identity": {
            "sourceIp": request.client_ip,
            "userAgent": request.header("user-agent") or None,
        },
        "domainName": request_facts.domain(request),
        "connectionId": socket.id,
        "apiId": _api(branch.trigger),
    }
    if socket.client:
        told["authorizer"] = dict(socket.client)
    return told


def _visit(socket: Socket, branch: Branch, moment: float, calls: Calls) -> Visit:
    """Return the visit that authorizers decide about."""
    id_ = calls.new_id(branch.function)
    return Visit(socket.request, branch.function, branch.trigger, id_, moment, socket.request.path)


def _told(socket: Socket, branch: Branch, event: Mapping[str, object], calls: Calls) -> Result:
    payload = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
    context = event["requestContext"]
    id_ = str(context["requestId"]) if isinstance(context, dict) else socket.id
    call = Call(branch.function, Event(payload, SOURCE, "application/json"), id=id_)
    return calls.invoke(call, SOURCE)


def _answer(result: Result) -> HttpReply:
    """Return what the function of `$connect` says; raise `Malformed` where it says nothing good."""
    if result.failure is not None:
        raise Malformed("the function failed")
    told = answers.parsed(result.payload)
    if not isinstance(told, dict):
        raise Malformed(f"the answer is `{answers.short(told)}`")
    status = answers.status_of(told.get("statusCode"))
    headers = answers.single_headers(told.get("headers"))
    return HttpReply(status, headers, answers.encoded(answers.body_of(told.get("body"))))


def _sent_back(result: Result) -> str | None:
    try:
        told = answers.parsed(result.payload)
        body = answers.body_of(told.get("body")) if isinstance(told, dict) else ""
    except Malformed:
        return None
    return body or None


def _complaint(message: str, socket: Socket, calls: Calls) -> str:
    told = {"message": message, "connectionId": socket.id, "requestId": calls.new_id(NOBODY)}
    return encoded(told).decode()


def _facts(socket: Socket) -> Mapping[str, object]:
    request = socket.request
    return {
        "connectedAt": _moment(socket.opened),
        "identity": {"sourceIp": request.client_ip, "userAgent": request.header("user-agent")},
        "lastActiveAt": _moment(socket.heard),
    }


def _moment(seconds: float) -> str:
    import time  # only `GET` needs it

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _as_message(told: bytes) -> str | bytes:
    try:
        return told.decode()
    except UnicodeDecodeError:
        return told


def _refused(status: int, message: str, id_: str, kind: str = "") -> HttpReply:
    kinds = ((ERROR_TYPE, kind),) if kind else ()
    body = encoded({"message": message} if message else {})
    return HttpReply(status, (JSON, *kinds, (REQUEST_ID, id_)), body)


def _connection_id(calls: Calls) -> str:
    """Return an id as clients know them: base64 of eleven bytes."""
    digits = calls.new_id(NOBODY).replace("-", "")
    return base64.b64encode(bytes.fromhex(digits)[5:16]).decode()
