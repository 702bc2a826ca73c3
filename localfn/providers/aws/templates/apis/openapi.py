"""OpenAPI documents as the gateways take them: paths that lead to functions."""

from collections.abc import Iterator, Mapping

from localfn.errors import LocalfnError
from localfn.providers.aws.templates.apis.api import (
    DEFAULT_ROUTE,
    Api,
    Route,
    add_route,
    media_types,
    seconds,
)
from localfn.providers.aws.templates.apis.authorizers import Authorizer, Judges
from localfn.providers.aws.templates.cors import cors_of_http
from localfn.providers.aws.templates.entry import Book
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.unknown import Unknown, Wrong
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.tree import Node

_ANY = "x-amazon-apigateway-any-method"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", _ANY})
_INTEGRATION = "x-amazon-apigateway-integration"
_BINARY = "x-amazon-apigateway-binary-media-types"
_CORS = "x-amazon-apigateway-cors"


def definition(stack: Stack, props: Node) -> Node:
    """Return the document of an API: the body that is written, or the file that is named."""
    body = props.get("DefinitionBody", "Body")
    if body.mapping:
        return body
    uri = props.get("DefinitionUri")
    text = written(uri.scalar) if uri.is_scalar else ""
    if not uri.written:
        return Node({}, props.place)
    if not text or "://" in text:
        stack.notes.warn(
            uri.place,
            f"`{uri.name}` is in a bucket, which localfn does not fetch; its routes are left out.",
            hint=f"Write a local path: `{uri.name}: openapi.yaml`.",
        )
        return Node({}, uri.place)
    try:
        return stack.resolve(stack.included(text))
    except (Unknown, Wrong, LocalfnError) as error:
        stack.notes.warn(uri.place, f"`{uri.name}` is left out: {error.message}.")
        return Node({}, uri.place)


def with_document(api: Api, document: Node, judges: Judges) -> Api:
    """Return an API with what its document says for all routes."""
    notes = api.stack.notes
    shared = dict(api.shared)
    binary = media_types(document.get(_BINARY), notes)
    cors = cors_of_http(document.get(_CORS), notes)
    if binary and api.source == "api" and not shared.get("binary_types"):
        shared["binary_types"] = binary
    if cors and not shared.get("cors"):
        shared["cors"] = cors
    return api._replace(
        shared=shared, authorizers={**_schemes(api, document, judges), **api.authorizers}
    )


def read_document(api: Api, document: Node, book: Book) -> None:
    """Add the routes of a document that lead to functions."""
    for path, method, operation in _operations(document):
        integration = operation.get(_INTEGRATION)
        uri = integration.get("uri")
        entry = book.find(written(uri.scalar), api.stack) if uri.is_scalar and uri.written else None
        if entry is None:
            continue
        shown = "ANY" if method == _ANY else method.upper()
        is_default = path.strip("/") == DEFAULT_ROUTE
        route = Route(
            DEFAULT_ROUTE if is_default else f"{shown} {path}",
            method,
            DEFAULT_ROUTE if is_default else path,
            operation.place,
            _options(api, document, operation, integration),
        )
        add_route(api, entry, route)


def _operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    for path, item in document.get("paths").mapping.items():
        for method, operation in item.mapping.items():
            if method.lower() in _METHODS:
                yield path, method.lower(), operation


def _options(api: Api, document: Node, operation: Node, integration: Node) -> Mapping[str, object]:
    security = operation.get("security")
    wanted = security if "security" in operation.mapping else document.get("security")
    names = {name: scopes for each in wanted.items for name, scopes in each.mapping.items()}
    found = [api.authorizers[name] for name in names if name in api.authorizers]
    notes = api.stack.notes
    default = None
    if "security" not in operation.mapping and not names:
        default = api.authorizer("", operation.place, notes)
    scopes = tuple(
        scope
        for name, each in names.items()
        if name in api.authorizers
        for scope in fields.texts(each, notes)
    )
    format_ = written(integration.get("payloadFormatVersion").scalar)
    streams = written(integration.get("responseTransferMode").scalar) == "STREAM"
    operation_id = written(operation.get("operationId").scalar)
    return {
        "authorizer": found[0] if found else default,
        "scopes": scopes or None,
        "api_key": True if _wants_key(names, document) else None,
        "timeout_s": seconds(integration.get("timeoutInMillis")),
        "operation_name": operation_id or None,
        "payload_format": (format_ or "1.0") if api.source == "http-api" else None,
        "invoke_mode": "RESPONSE_STREAM" if streams else None,
    }


def _schemes(api: Api, document: Node, judges: Judges) -> dict[str, Authorizer]:
    found = {
        name: judges.of_scheme(api.source, name, each) for name, each in _listed(document).items()
    }
    return {name: each for name, each in found.items() if each is not None}


def _listed(document: Node) -> Mapping[str, Node]:
    """Return the security schemes, wherever the document's version keeps them."""
    components = document.get("components").get("securitySchemes").mapping
    return {**document.get("securityDefinitions").mapping, **components}


def _wants_key(names: Mapping[str, Node], document: Node) -> bool:
    schemes = _listed(document)
    return any(
        written(schemes[name].get("name").scalar).lower() == "x-api-key"
        for name in names
        if name in schemes
    )
