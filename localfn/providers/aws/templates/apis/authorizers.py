"""Authorizers: who decides whether a client may ask, in neutral words."""

from collections.abc import Mapping
from types import MappingProxyType

from localfn.providers.aws.templates.entry import Book
from localfn.providers.aws.templates.names import last_part
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import number_of
from localfn.templates.tree import Node

Authorizer = Mapping[str, object]
IAM: Authorizer = MappingProxyType({"name": "AWS_IAM", "kind": "iam"})
# key of SAM's `Identity` -> how the gateways write it
_REST = {
    "Header": "method.request.header.",
    "Headers": "method.request.header.",
    "QueryStrings": "method.request.querystring.",
    "StageVariables": "stageVariables.",
    "Context": "context.",
}
_HTTP = {
    "Header": "$request.header.",
    "Headers": "$request.header.",
    "QueryStrings": "$request.querystring.",
    "StageVariables": "$stageVariables.",
    "Context": "$context.",
}
_USUAL = {"api": "method.request.header.Authorization", "http-api": "$request.header.Authorization"}
_KINDS = {
    "token": "token",
    "request": "request",
    "jwt": "jwt",
    "cognito_user_pools": "cognito",
    "cognito": "cognito",
}


class Judges:
    """Reads the authorizers of one stack; the functions that decide are found in the book."""

    def __init__(self, stack: Stack, book: Book) -> None:
        self._stack = stack
        self._book = book

    def of_sam(self, source: str, auth: Node) -> dict[str, Authorizer]:
        """Return the authorizers of an API of the transform, by name."""
        read = self._rest if source == "api" else self._http
        listed = auth.get("Authorizers").mapping.items()
        return {name: _tidy({"name": name, **read(each)}) for name, each in listed}

    def of_resource(self, name: str, props: Node) -> Authorizer:
        """Return what a resource of the gateway's own describes, of either kind of API."""
        jwt = props.get("JwtConfiguration")
        kind = _KINDS.get(written(props.get("Type", "AuthorizerType").scalar).lower(), "request")
        return _tidy(
            {
                "name": name,
                "kind": kind,
                "function": self._function(props.get("AuthorizerUri")),
                "identity": _identity_list(props.get("IdentitySource")),
                "validation": _text(props.get("IdentityValidationExpression")),
                "payload_format": _text(props.get("AuthorizerPayloadFormatVersion")),
                "simple": _is_true(props.get("EnableSimpleResponses")),
                "issuer": _text(jwt.get("Issuer")) or self._pool(props.get("ProviderARNs")),
                "audience": fields.texts(jwt.get("Audience"), self._notes),
                "ttl_s": number_of(props.get("AuthorizerResultTtlInSeconds").scalar),
            }
        )

    def of_scheme(self, source: str, name: str, scheme: Node) -> Authorizer | None:
        """Return what a security scheme of OpenAPI describes; None where it only wants a key."""
        if scheme.get("x-amazon-apigateway-authtype").value == "awsSigv4":
            return IAM
        told = scheme.get("x-amazon-apigateway-authorizer")
        if not told.mapping:
            return None
        jwt = told.get("jwtConfiguration")
        kind = _KINDS.get(written(told.get("type").scalar).lower(), "request")
        usual = (_USUAL[source],) if kind != "request" else ()
        identity = _identity_list(told.get("identitySource"))
        if source == "api" and kind == "token" and scheme.get("name").written:
            usual = (f"method.request.header.{written(scheme.get('name').scalar)}",)
        return _tidy(
            {
                "name": name,
                "kind": kind,
                "function": self._function(told.get("authorizerUri")),
                "identity": identity or usual,
                "validation": _text(told.get("identityValidationExpression")),
                "payload_format": _text(told.get("authorizerPayloadFormatVersion")),
                "simple": _is_true(told.get("enableSimpleResponses")),
                "issuer": _text(jwt.get("issuer")) or self._pool(told.get("providerARNs")),
                "audience": fields.texts(jwt.get("audience"), self._notes),
                "ttl_s": number_of(told.get("authorizerResultTtlInSeconds").scalar),
            }
        )

    @property
    def _notes(self) -> Notebook:
        return self._stack.notes

    def _rest(self, node: Node) -> dict[str, object]:
        identity = node.get("Identity")
        found = _identity(identity, _REST)
        usual = (_USUAL["api"],)
        common: dict[str, object] = {
            "validation": _text(identity.get("ValidationExpression")),
            "ttl_s": number_of(identity.get("ReauthorizeEvery").scalar),
            "scopes": fields.texts(node.get("AuthorizationScopes"), self._notes),
        }
        if node.get("UserPoolArn").written:
            pool = self._pool(node.get("UserPoolArn"))
            return {**common, "kind": "cognito", "identity": found or usual, "issuer": pool}
        kind = "request" if node.get("FunctionPayloadType").value == "REQUEST" else "token"
        return {
            **common,
            "kind": kind,
            "function": self._function(node.get("FunctionArn")),
            "identity": found or (usual if kind == "token" else ()),
        }

    def _http(self, node: Node) -> dict[str, object]:
        identity, jwt = node.get("Identity"), node.get("JwtConfiguration")
        scopes = fields.texts(node.get("AuthorizationScopes"), self._notes)
        if jwt.written or not node.get("FunctionArn").written:
            sources = _identity_list(node.get("IdentitySource"))
            return {
                "kind": "jwt",
                "identity": sources or (_USUAL["http-api"],),
                "issuer": _text(jwt.get("issuer", "Issuer")),
                "audience": fields.texts(jwt.get("audience", "Audience"), self._notes),
                "scopes": scopes,
            }
        return {
            "kind": "request",
            "function": self._function(node.get("FunctionArn")),
            "identity": _identity(identity, _HTTP),
            "payload_format": _text(node.get("AuthorizerPayloadFormatVersion")),
            "simple": _is_true(node.get("EnableSimpleResponses")),
            "ttl_s": number_of(identity.get("ReauthorizeEvery").scalar),
            "scopes": scopes,
        }

    def _function(self, node: Node) -> str | None:
        """Return the key of the function that decides."""
        if not node.written:
            return None
        entry = self._book.find(written(node.scalar), self._stack)
        if entry is None:
            self._notes.warn(
                node.place,
                "the function of an authorizer is not in this template; nobody is let in.",
                hint="Add it, or let the events say `Auth: {Authorizer: NONE}`.",
            )
        return entry.key if entry is not None else ""

    def _pool(self, node: Node) -> str | None:
        first = node.items[0] if node.items else node
        if not first.written:
            return None
        words = self._stack.origin.deployment.words
        pool = last_part(written(first.scalar))
        return f"https://cognito-idp.{words['region']}.{words['suffix']}/{pool}"


def _identity(node: Node, prefixes: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    for key, prefix in prefixes.items():
        listed = node.get(key)
        each = listed.items or ((listed,) if listed.written else ())
        found += [f"{prefix}{written(one.scalar)}" for one in each]
    return tuple(found)


def _identity_list(node: Node) -> tuple[str, ...]:
    """Return expressions that are a list, or one text with commas."""
    if node.items:
        return tuple(written(each.scalar) for each in node.items)
    text = written(node.scalar) if node.is_scalar else ""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _text(node: Node) -> str | None:
    return written(node.scalar) or None if node.is_scalar else None


def _is_true(node: Node) -> bool | None:
    return True if written(node.scalar) == "true" else None


def _tidy(told: Mapping[str, object]) -> Authorizer:
    return {name: each for name, each in told.items() if each is not None and each != ()}
