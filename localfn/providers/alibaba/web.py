"""The HTTP side of Function Compute as one table."""

from localfn.model import Web
from localfn.providers.alibaba import api, destination, errors, http

WEB = Web(
    statuses=http.STATUSES,
    sources=frozenset({"http"}),
    prefixes=api.PREFIXES,
    most_body_bytes=http.most_body_bytes,
    refuse=http.refuse,
    is_asynchronous=http.is_asynchronous,
    accepted=http.accepted,
    event_from_http=http.event_from_http,
    http_from_result=http.http_from_result,
    forwarded=http.forwarded,
    too_large=errors.too_large,
    broken=errors.broken,
    no_route=api.no_route,
    repeats=api.repeats,
    routes=api.ROUTES,
    destined=destination.destined,
)
