"""REST APIs written out: `AWS::ApiGateway::RestApi` and what belongs to it."""

from collections.abc import Iterator, Mapping

from localfn.providers.aws.templates.apis.api import (
    Api,
    Route,
    add_route,
    media_types,
    seconds,
    variables,
)
from localfn.providers.aws.templates.apis.authorizers import Judges
from localfn.providers.aws.templates.apis.openapi import definition, read_document, with_document
from localfn.providers.aws.templates.cors import Cors, cors_of_rest
from localfn.providers.aws.templates.entry import Book
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_API = "AWS::ApiGateway::RestApi"
_PATH = "AWS::ApiGateway::Resource"
_METHOD = "AWS::ApiGateway::Method"
_AUTHORIZER = "AWS::ApiGateway::Authorizer"
_STAGES = ("AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment")
_KEYS = frozenset(
    {
        *("RestApiId", "Body", "BinaryMediaTypes", "ParentId", "PathPart", "ResourceId"),
        *("HttpMethod", "Integration", "AuthorizationType", "AuthorizerId", "ApiKeyRequired"),
        *("OperationName", "AuthorizationScopes", "StageName", "Variables", "Type"),
        *("AuthorizerUri", "IdentitySource", "IdentityValidationExpression", "ProviderARNs"),
        "AuthorizerResultTtlInSeconds",
    }
)
_HEADER = "method.response.header.Access-Control-"
_USUAL_STAGE = "prod"
_DEEPEST = 50


def read_rest_apis(stack: Stack, book: Book) -> None:
    """Add the routes of REST APIs that are written out resource by resource."""
    judges = Judges(stack, book)
    apis = {name: _api(stack, name, props, judges) for name, props in of_type(stack, _API, _KEYS)}
    for name, props in of_type(stack, _API, _KEYS):
        document = definition(stack, props)
        apis[name] = with_document(apis[name], document, judges)
        read_document(apis[name], document, book)
    methods = [
        (props, path_of(stack, written(props.get("ResourceId").scalar)))
        for _, props in of_type(stack, _METHOD, _KEYS)
    ]
    mocks = {_way(props, path): _mocked(props) for props, path in methods if _is_mock(props)}
    for props, path in methods:
        api = apis.get(written(props.get("RestApiId").scalar))
        if api is not None:
            _read_method(api, props, path, mocks.get(_way(props, path)), book)


def of_type(stack: Stack, type_: str, keys: frozenset[str]) -> Iterator[tuple[str, Node]]:
    """Yield the resources of a type that are made, with these of their properties."""
    for name, resource in stack.resources.items():
        if stack.type_of(name) == type_ and stack.is_there(resource):
            yield name, stack.properties(resource, keys)


def path_of(stack: Stack, resource: str) -> str:
    """Return the path of a resource, its parents' parts before its own."""
    parts: list[str] = []
    while stack.type_of(resource) == _PATH and len(parts) < _DEEPEST:
        props = stack.properties(stack.resources[resource], _KEYS)
        parts.append(written(props.get("PathPart").scalar))
        resource = written(props.get("ParentId").scalar)
    return "/" + "/".join(reversed(parts))


def _api(stack: Stack, name: str, props: Node, judges: Judges) -> Api:
    stage = _stage(stack, name)
    shared: dict[str, object] = {
        "stage": written(stage.get("StageName").scalar) or _USUAL_STAGE,
        "stage_variables": variables(stage.get("Variables")),
        "binary_types": media_types(props.get("BinaryMediaTypes"), stack.notes),
    }
    authorizers = {
        each: judges.of_resource(each, told)
        for each, told in of_type(stack, _AUTHORIZER, _KEYS)
        if written(told.get("RestApiId").scalar) == name
    }
    return Api(stack, name, "api", shared, authorizers)


def _stage(stack: Stack, api: str) -> Node:
    for type_ in _STAGES:
        for _, props in of_type(stack, type_, _KEYS):
            if written(props.get("RestApiId").scalar) == api and props.get("StageName").written:
                return props
    return Node({}, stack.root.place)


def _read_method(api: Api, props: Node, path: str, cors: Cors | None, book: Book) -> None:
    integration = props.get("Integration")
    uri = integration.get("Uri")
    entry = book.find(written(uri.scalar), api.stack) if uri.is_scalar and uri.written else None
    if entry is None:
        return
    method = written(props.get("HttpMethod").scalar)
    operation = written(props.get("OperationName").scalar)
    options: dict[str, object] = {
        "authorizer": _asked(api, props, entry.notes),
        "scopes": fields.texts(props.get("AuthorizationScopes"), entry.notes) or None,
        "api_key": True if written(props.get("ApiKeyRequired").scalar) == "true" else None,
        "operation_name": operation or None,
        "timeout_s": seconds(integration.get("TimeoutInMillis")),
        "cors": cors,
        "invoke_mode": "RESPONSE_STREAM"
        if written(integration.get("ResponseTransferMode").scalar) == "STREAM"
        else None,
    }
    add_route(api, entry, Route(f"{method} {path}", method, path, props.place, options))


def _asked(api: Api, props: Node, notes: Notebook) -> Mapping[str, object] | None:
    type_ = written(props.get("AuthorizationType").scalar)
    name = "AWS_IAM" if type_ == "AWS_IAM" else written(props.get("AuthorizerId").scalar)
    return api.authorizer(name, props.place, notes)


def _way(props: Node, path: str) -> tuple[str, str]:
    return written(props.get("RestApiId").scalar), path


def _is_mock(props: Node) -> bool:
    is_options = written(props.get("HttpMethod").scalar).upper() == "OPTIONS"
    return is_options and props.get("Integration").get("Type").value == "MOCK"


def _mocked(props: Node) -> Cors | None:
    """Return the rules that a mock for `OPTIONS` tells browsers."""
    for each in props.get("Integration").get("IntegrationResponses").items:
        told = {
            key.removeprefix(_HEADER).replace("-", ""): value
            for key, value in each.get("ResponseParameters").mapping.items()
            if key.startswith(_HEADER)
        }
        if told:
            return cors_of_rest(Node(told, each.place))
    return None
