"""HTTP and WebSocket APIs written out: `AWS::ApiGatewayV2::Api` and what belongs to it."""

from localfn.providers.aws.templates.apis.api import (
    DEFAULT_ROUTE,
    Api,
    Route,
    add_route,
    seconds,
    variables,
)
from localfn.providers.aws.templates.apis.authorizers import IAM, Authorizer, Judges
from localfn.providers.aws.templates.apis.openapi import definition, read_document, with_document
from localfn.providers.aws.templates.apis.rest import of_type
from localfn.providers.aws.templates.cors import cors_of_http
from localfn.providers.aws.templates.entry import Book, Entry
from localfn.providers.aws.templates.names import last_part
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_API = "AWS::ApiGatewayV2::Api"
_ROUTE = "AWS::ApiGatewayV2::Route"
_INTEGRATION = "AWS::ApiGatewayV2::Integration"
_AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"
_STAGE = "AWS::ApiGatewayV2::Stage"
_KEYS = frozenset(
    {
        *("ApiId", "ProtocolType", "CorsConfiguration", "Body", "RouteSelectionExpression"),
        *("Target", "RouteKey", "AuthorizationType", "AuthorizerId", "AuthorizationScopes"),
        *("OperationName", "IntegrationUri", "PayloadFormatVersion", "TimeoutInMillis"),
        *("AuthorizerType", "AuthorizerUri", "IdentitySource", "JwtConfiguration"),
        *("AuthorizerPayloadFormatVersion", "EnableSimpleResponses", "StageName"),
        *("StageVariables", "IdentityValidationExpression", "AuthorizerResultTtlInSeconds"),
    }
)
_SOURCES = {"HTTP": "http-api", "WEBSOCKET": "websocket"}
_SELECTION = "$request.body.action"


def read_http_apis(stack: Stack, book: Book) -> None:
    """Add the routes of APIs of the second kind that are written out resource by resource."""
    judges = Judges(stack, book)
    apis: dict[str, Api] = {}
    for name, props in of_type(stack, _API, _KEYS):
        api = _api(stack, name, props, judges)
        document = definition(stack, props)
        apis[name] = with_document(api, document, judges) if document.mapping else api
        read_document(apis[name], document, book)
        _read_target(apis[name], props, book)
    integrations = dict(of_type(stack, _INTEGRATION, _KEYS))
    for name, props in of_type(stack, _ROUTE, _KEYS):
        owner = apis.get(written(props.get("ApiId").scalar))
        target = integrations.get(last_part(written(props.get("Target").scalar)))
        if owner is not None and target is not None:
            _read_route(owner, name, props, target, book)


def _api(stack: Stack, name: str, props: Node, judges: Judges) -> Api:
    source = _SOURCES.get(written(props.get("ProtocolType").scalar), "http-api")
    nothing = Node({}, props.place)
    staged = (each for _, each in of_type(stack, _STAGE, _KEYS))
    own = (each for each in staged if written(each.get("ApiId").scalar) == name)
    stage = next(own, nothing)
    shared: dict[str, object] = {
        "stage": written(stage.get("StageName").scalar) or DEFAULT_ROUTE,
        "stage_variables": variables(stage.get("StageVariables")),
    }
    if source == "websocket":
        selection = written(props.get("RouteSelectionExpression").scalar)
        shared["selection"] = selection or _SELECTION
    else:
        shared["cors"] = cors_of_http(props.get("CorsConfiguration"), stack.notes)
    authorizers = {
        each: judges.of_resource(each, told)
        for each, told in of_type(stack, _AUTHORIZER, _KEYS)
        if written(told.get("ApiId").scalar) == name
    }
    return Api(stack, name, source, shared, authorizers)


def _read_target(api: Api, props: Node, book: Book) -> None:
    """Add the only route of an API that is made in one go for one function."""
    target = props.get("Target")
    entry = book.find(written(target.scalar), api.stack) if target.written else None
    if entry is not None:
        key = written(props.get("RouteKey").scalar) or DEFAULT_ROUTE
        _add(api, entry, key, props, {"payload_format": "2.0"})


def _read_route(api: Api, name: str, props: Node, integration: Node, book: Book) -> None:
    uri = integration.get("IntegrationUri")
    entry = book.find(written(uri.scalar), api.stack) if uri.is_scalar and uri.written else None
    if entry is None:
        return
    key = written(props.get("RouteKey").scalar)
    asked = _asked(api, props, entry.notes)
    if api.source == "websocket":
        options = {"api_id": api.label, **api.shared, "route": key, "authorizer": asked}
        entry.add("websocket", key or name, options)
        return
    operation = written(props.get("OperationName").scalar)
    format_ = written(integration.get("PayloadFormatVersion").scalar)
    own: dict[str, object] = {
        "authorizer": asked,
        "scopes": fields.texts(props.get("AuthorizationScopes"), entry.notes) or None,
        "operation_name": operation or None,
        "payload_format": "2.0" if format_ in ("2", "2.0") else "1.0",
        "timeout_s": seconds(integration.get("TimeoutInMillis")),
    }
    _add(api, entry, key, props, own)


def _add(api: Api, entry: Entry, key: str, props: Node, options: dict[str, object]) -> None:
    method, space, path = key.partition(" ")
    if not space:
        method, path = "", DEFAULT_ROUTE
    add_route(api, entry, Route(key, method, path.strip(), props.place, options))


def _asked(api: Api, props: Node, notes: Notebook) -> Authorizer | None:
    type_ = written(props.get("AuthorizationType").scalar)
    if type_ == "AWS_IAM":
        return IAM
    return api.authorizer(written(props.get("AuthorizerId").scalar), props.place, notes)
