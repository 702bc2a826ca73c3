"""The HTTP side of Lambda as one table."""

from localfn.model import Web
from localfn.providers.aws import api, authorizers, errors, http, streaming, websocket_api

WEB = Web(
    statuses=http.STATUSES,
    sources=frozenset(http.GATEWAYS),
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
    is_guarded=authorizers.is_guarded,
    admit=authorizers.admit,
    patience=http.patience,
    unrouted=http.unrouted,
    streams=streaming.is_wanted,
    http_from_parts=http.http_from_parts,
    sockets=websocket_api.WORDS,
)
