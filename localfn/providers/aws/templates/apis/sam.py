"""APIs of the transform: `AWS::Serverless::Api`, `HttpApi`, `WebSocketApi`, and their events."""

from collections.abc import Callable, Iterator, Mapping

from localfn.providers.aws.templates.apis.api import (
    DEFAULT_ROUTE,
    Api,
    Route,
    add_route,
    media_types,
    seconds,
    variables,
    with_slash,
)
from localfn.providers.aws.templates.apis.authorizers import Judges
from localfn.providers.aws.templates.apis.openapi import definition, read_document, with_document
from localfn.providers.aws.templates.cors import cors_of_http, cors_of_rest
from localfn.providers.aws.templates.entry import Book, Entry
from localfn.providers.aws.templates.globals import of_implicit
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_KEYS = frozenset(
    {
        *("StageName", "Variables", "StageVariables", "BinaryMediaTypes", "Cors", "Auth"),
        *("CorsConfiguration", "DefinitionBody", "DefinitionUri", "Routes"),
        *("RouteSelectionExpression", "Domain"),
    }
)
_TYPES = {
    "AWS::Serverless::Api": "api",
    "AWS::Serverless::HttpApi": "http-api",
    "AWS::Serverless::WebSocketApi": "websocket",
}
# type of an event -> source, where it names its API, and the API of those that name none
_EVENTS: Mapping[str, tuple[str, str, str]] = {
    "Api": ("api", "RestApiId", "ServerlessRestApi"),
    "HttpApi": ("http-api", "ApiId", "ServerlessHttpApi"),
}
_STAGES = {"api": "Prod", "http-api": "$default", "websocket": "Prod"}
_SELECTION = "$request.body.action"


def read_sam_apis(stack: Stack, book: Book) -> None:
    """Add what the APIs of the transform and the functions' own events bring."""
    judges = Judges(stack, book)
    apis: dict[str, Api] = {}
    for name, resource in stack.resources.items():
        source = _TYPES.get(stack.type_of(name))
        if source is not None and stack.is_there(resource):
            props = stack.properties(resource, _KEYS)
            apis[name] = _explicit(stack, name, source, props, judges, book)
    for entry in book.of(stack):
        _read_events(entry, apis, judges)


def _explicit(stack: Stack, name: str, source: str, props: Node, judges: Judges, book: Book) -> Api:
    api = _api(stack, name, source, props, judges)
    if source == "websocket":
        _read_routes(api, props, book)
        return api
    document = definition(stack, props)
    api = with_document(api, document, judges)
    read_document(api, document, book)
    return api


def _api(stack: Stack, name: str, source: str, props: Node, judges: Judges) -> Api:
    notes, auth = stack.notes, props.get("Auth")
    shared: dict[str, object] = {
        "stage": written(props.get("StageName").scalar) or _STAGES[source],
        "stage_variables": variables(props.get("Variables", "StageVariables")),
    }
    if source == "api":
        shared["cors"] = cors_of_rest(props.get("Cors"))
        shared["binary_types"] = media_types(props.get("BinaryMediaTypes"), notes)
        shared["api_key"] = _flag(auth.get("ApiKeyRequired"))
    if source == "http-api":
        shared["cors"] = cors_of_http(props.get("CorsConfiguration"), notes)
    if source == "websocket":
        selection = written(props.get("RouteSelectionExpression").scalar)
        shared["selection"] = selection or _SELECTION
    default = written(auth.get("DefaultAuthorizer").scalar)
    domains = tuple(_domains(props.get("Domain"), notes))
    return Api(stack, name, source, shared, judges.of_sam(source, auth), default, domains)


def _domains(node: Node, notes: Notebook) -> Iterator[tuple[str, str]]:
    """Yield the custom domain of an API, once for each path that leads to it."""
    name = node.get("DomainName")
    if name.written and not name.unresolved:
        for base in fields.texts(node.get("BasePath"), notes) or ("/",):
            yield written(name.scalar).lower(), with_slash(base).rstrip("/")


def _read_routes(api: Api, props: Node, book: Book) -> None:
    """Add the routes of a WebSocket API; only the first of a connection is asked who it is."""
    for key, route in props.get("Routes").mapping.items():
        target = route.get("FunctionArn", "Function")
        entry = book.find(written(target.scalar), api.stack) if target.written else None
        if entry is None:
            api.stack.notes.warn(
                route.place,
                f"the route `{key}` leads to no function of this template; it is left out.",
                hint="Write `FunctionArn: !GetAtt FUNCTION.Arn`.",
            )
            continue
        asked = api.authorizer("", route.place, entry.notes) if key == "$connect" else None
        options = {"api_id": api.label, **api.shared, "route": key, "authorizer": asked}
        entry.add("websocket", key, options)


def _read_events(entry: Entry, apis: dict[str, Api], judges: Judges) -> None:
    raw = entry.resource.get("Properties").get("Events")
    events = entry.stack.resolve(raw, entry.notes)
    for name, event in events.mapping.items():
        told = _EVENTS.get(written(event.get("Type").scalar))
        if told is not None:
            props = event.get("Properties")
            source, key, implicit = told
            id_ = written(props.get(key).scalar) or implicit
            api = _of_event(entry.stack, source, id_, apis, judges)
            _read_event(api, entry, name, event, props)


def _of_event(stack: Stack, source: str, id_: str, apis: dict[str, Api], judges: Judges) -> Api:
    """Return the API of an event; one that no resource describes is made now."""
    if id_ not in apis or apis[id_].source != source:
        implicit = {"ServerlessRestApi", "ServerlessHttpApi"}
        nothing = Node({}, stack.root.place)
        props = of_implicit(stack.root, id_) if id_ in implicit else nothing
        apis[id_] = _api(stack, id_, source, stack.resolve(props), judges)
    return apis[id_]


def _read_event(api: Api, entry: Entry, name: str, event: Node, props: Node) -> None:
    path = written(props.get("Path").scalar)
    method = written(props.get("Method").scalar)
    if not path and api.source == "http-api":
        path = DEFAULT_ROUTE
    if not path:
        entry.notes.warn(
            event.place,
            f"the event `{name}` has no `Path`; it is left out.",
            hint="Write `Path: /orders` and `Method: get`.",
        )
        return
    options = _READERS[api.source](api, props, entry.notes)
    add_route(api, entry, Route(name, method, with_slash(path), event.place, options))


def _rest_options(api: Api, props: Node, notes: Notebook) -> dict[str, object]:
    auth = props.get("Auth")
    streams = written(props.get("ResponseTransferMode").scalar) == "STREAM"
    key = _flag(auth.get("ApiKeyRequired"))
    found = {
        **_common(api, props, notes),
        "invoke_mode": "RESPONSE_STREAM" if streams else None,
    }
    return found if key is None else {**found, "api_key": key}


def _http_options(api: Api, props: Node, notes: Notebook) -> dict[str, object]:
    format_ = written(props.get("PayloadFormatVersion").scalar)
    return {**_common(api, props, notes), "payload_format": _format(format_)}


_READERS: Mapping[str, Callable[[Api, Node, Notebook], dict[str, object]]] = {
    "api": _rest_options,
    "http-api": _http_options,
}


def _common(api: Api, props: Node, notes: Notebook) -> dict[str, object]:
    auth = props.get("Auth")
    name = auth.get("Authorizer")
    asked = api.authorizer(written(name.scalar), name.place, notes)
    scopes = fields.texts(auth.get("AuthorizationScopes"), notes)
    return {
        "authorizer": asked,
        "scopes": scopes or None,
        "timeout_s": seconds(props.get("TimeoutInMillis")),
    }


def _format(text: str) -> str:
    # Unquoted it is a number, and `1` is what is left of `1.0` in some files.
    return "1.0" if text in ("1", "1.0") else "2.0"


def _flag(node: Node) -> bool | None:
    return written(node.scalar) == "true" if node.written else None
