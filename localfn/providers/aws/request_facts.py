"""What the cloud's gateways tell a function of a request, whatever the shape of the event."""

import base64
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

from localfn.model import Headers, HttpRequest, Visit
from localfn.providers.aws.trace import new_trace

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Types whose bodies stay text where nothing in the template says what is binary (6.3, 6.6).
_TEXTUAL = ("text/", "application/json", "application/xml", "application/javascript")
# Said between two servers, never to a function.
_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "upgrade"})
DEFAULT_PORTS = {"http": "80", "https": "443"}


def option(visit: Visit, name: str, default: str = "") -> str:
    """Return an option of the trigger as text."""
    found = visit.trigger.options.get(name)
    return default if found is None else str(found)


def texts(told: object) -> tuple[str, ...]:
    """Return the texts of an option that lists some, () where there are none."""
    return tuple(map(str, told)) if isinstance(told, list | tuple | frozenset | set) else ()


def section(told: object) -> Mapping[str, object] | None:
    """Return an option that has options of its own, None where there is none."""
    return told if isinstance(told, Mapping) else None


def stage(visit: Visit, default: str) -> str:
    """Return the stage by which the API was asked."""
    return option(visit, "stage", default)


def with_forwarded(visit: Visit) -> Headers:
    """Return the headers of a request as they leave the cloud's gateway, in their own spelling."""
    request = visit.request
    host = request.header("host")
    proto = request.header("x-forwarded-proto") or "http"
    added = {
        "X-Amzn-Trace-Id": request.header("x-amzn-trace-id") or new_trace(visit.moment, visit.id),
        "X-Forwarded-For": _behind(request.header("x-forwarded-for"), request.client_ip),
        "X-Forwarded-Port": host.rpartition(":")[2]
        if _has_port(host)
        else DEFAULT_PORTS.get(proto, "80"),
        "X-Forwarded-Proto": proto,
    }
    return _sent(request.headers) + tuple(added.items())


def request_time(moment: float) -> str:
    """Return a moment as access logs write it, whatever the language of this machine."""
    now = time.gmtime(moment)
    month = _MONTHS[now.tm_mon - 1]
    clock = f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
    return f"{now.tm_mday:02}/{month}/{now.tm_year}:{clock} +0000"


def epoch_ms(moment: float) -> int:
    """Return a moment in milliseconds."""
    return int(moment * 1000)


def extended_id(visit: Visit) -> str:
    """Return the second id that gateways give a request; it looks like base64."""
    return base64.b64encode(visit.id.replace("-", "")[:15].encode()).decode()[:15] + "="


def domain(request: HttpRequest) -> str:
    """Return the name that was asked for, with the port: whoever builds URLs of it is right."""
    return request.header("host")


def domain_prefix(request: HttpRequest) -> str:
    """Return the first part of the name that was asked for."""
    return request.header("host").partition(":")[0].partition(".")[0]


def decoded_values(visit: Visit) -> dict[str, str] | None:
    """Return the parts of the path that stand for something; None where there are none."""
    return {name: unquote(value) for name, value in visit.values.items()} or None


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return names and values of a query, decoded."""
    return parse_qsl(query, keep_blank_values=True) if query else []


def last(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the last value of each name."""
    return dict(pairs)


def every(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return all values of each name, in their order."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the values of each name in one text, commas between."""
    return {name: ",".join(values) for name, values in every(pairs).items()}


def by_content_type(request: HttpRequest, body: bytes) -> tuple[str, bool]:
    """Return a body as JSON holds it, and whether that is base64: all that is no plain text."""
    plain = media_type(request.header("content-type"))
    textual = not plain or plain.startswith(_TEXTUAL)
    if textual and request.header("content-encoding").lower() in ("", "identity"):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), bool(body)


def by_binary_types(
    request: HttpRequest, body: bytes, binary: Iterable[str]
) -> tuple[str | None, bool]:
    """Return a body as JSON holds it: base64 where the API calls its type binary."""
    if not body:
        return None, False
    if is_binary(request.header("content-type"), binary):
        return base64.b64encode(body).decode(), True
    return body.decode("utf-8", "replace"), False


def is_binary(content_type: str, binary: Iterable[str]) -> bool:
    """Return whether an API calls a type binary; `*/*` names all of them."""
    plain = media_type(content_type)
    return any(
        each == "*/*"
        or each.lower() == plain
        or (each.endswith("/*") and plain.startswith(each[:-1].lower()))
        for each in binary
    )


def media_type(content_type: str) -> str:
    """Return a type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


@lru_cache(64)
def _sent(headers: Headers) -> Headers:
    """Return the headers that a function gets to see of those that a client has sent."""
    ours = {"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
    return tuple(
        (name, value if value.isascii() else value.encode("latin-1").decode("utf-8", "replace"))
        for name, value in headers
        if name.lower() not in _HOP and name.lower() not in ours
    )


def _behind(before: str, client: str) -> str:
    return f"{before}, {client}" if before else client


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit()
