"""Routes of APIs, whoever describes them (contract aws-lambda, sections 1.4 and 6)."""

from pathlib import Path

import pytest

from localfn.model import Reading
from tests.clouds.aws.templates.conftest import Read, told, triggers

JUDGE = """\
Judge:
  Type: AWS::Serverless::Function
  Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.13, FunctionName: judge}
"""


def _routes(reading: Reading) -> list[tuple[str, str, tuple[str, ...], str, str]]:
    return [
        (each.domain, each.path, each.methods, each.function, each.trigger)
        for each in reading.routes
    ]


def test_events_are_routes_of_the_apis_that_the_transform_makes(sam: Read) -> None:
    reading = sam("""\
Events:
  One: {Type: Api, Properties: {Path: '/orders/{id}', Method: get}}
  Any: {Type: Api, Properties: {Path: '/{proxy+}', Method: ANY}}
  Two: {Type: HttpApi, Properties: {Path: /v2, Method: post, PayloadFormatVersion: '1.0',
        TimeoutInMillis: 5000}}
  Rest: {Type: HttpApi}
""")

    assert told(reading) == []
    assert _routes(reading) == [
        ("serverlessrestapi", "/orders/{id}", ("GET",), "Shop", "One"),
        ("serverlessrestapi", "/{proxy+}", (), "Shop", "Any"),
        ("serverlesshttpapi", "/v2", ("POST",), "Shop", "Two"),
        ("serverlesshttpapi", "/*", (), "Shop", "Rest"),
    ]
    options = {name: dict(each.options) for name, each in triggers(reading).items()}
    assert options["One"] == {
        "api_id": "ServerlessRestApi",
        "stage": "Prod",
        "path": "/orders/{id}",
        "methods": ("GET",),
    }
    assert "methods" not in options["Any"]
    assert options["Two"] == {
        "api_id": "ServerlessHttpApi",
        "stage": "$default",
        "path": "/v2",
        "methods": ("POST",),
        "payload_format": "1.0",
        "timeout_s": 5.0,
    }
    assert (options["Rest"]["path"], options["Rest"]["route_key"]) == ("$default", "$default")
    assert options["Rest"]["payload_format"] == "2.0"


def test_an_api_of_its_own_gives_its_routes_stage_variables_and_rules(sam: Read) -> None:
    reading = sam(
        "Events:\n"
        "  A: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /a, Method: post,"
        " Auth: {ApiKeyRequired: false}}}\n"
        "  B: {Type: Api, Properties: {RestApiId: !Ref Web, Path: a, Method: delete,"
        " ResponseTransferMode: STREAM}}",
        beside="""\
Web:
  Type: AWS::Serverless::Api
  Properties:
    StageName: !Sub 'live'
    Variables: {TABLE: orders}
    BinaryMediaTypes: [image~1png, '*/*']
    Auth: {ApiKeyRequired: true}
    Cors: {AllowOrigin: "'https://a.example'", AllowHeaders: "'X-A,X-B'", MaxAge: "'600'",
           AllowCredentials: true}
""",
    )

    assert told(reading) == []
    one, other = triggers(reading)["A"].options, triggers(reading)["B"].options
    assert one["stage_variables"] == {"TABLE": "orders"}
    assert (one["stage"], one["api_id"]) == ("live", "Web")
    assert one["binary_types"] == ("image/png", "*/*")
    assert one["cors"] == {
        "origins": ("https://a.example",),
        "headers": ("X-A", "X-B"),
        "methods": ("DELETE", "OPTIONS", "POST"),
        "credentials": True,
        "max_age": 600,
    }
    assert (one["api_key"], other["api_key"]) == (False, True)
    assert (other["path"], other["invoke_mode"]) == ("/a", "RESPONSE_STREAM")


@pytest.mark.parametrize(
    ("base", "paths"),
    [("", ["/a"]), (", BasePath: v1", ["/v1/a"]), (", BasePath: [/, /v2]", ["/a", "/v2/a"])],
)
def test_a_domain_of_its_own_leads_to_the_routes_of_an_api(
    sam: Read, base: str, paths: list[str]
) -> None:
    reading = sam(
        "Events: {A: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /a, Method: get}}}",
        beside="Web:\n  Type: AWS::Serverless::HttpApi\n  Properties:\n"
        f"    Domain: {{DomainName: API.example.com, CertificateArn: x{base}}}\n",
    )

    assert told(reading) == []
    assert [(each.domain, each.path, each.trigger) for each in reading.routes] == [
        ("web", "/a", "A"),
        *(("api.example.com", path, "A") for path in paths),
    ]


AUTH = """\
Web:
  Type: AWS::Serverless::Api
  Properties:
    StageName: Prod
    Auth:
      DefaultAuthorizer: ByToken
      Authorizers:
        ByToken: {FunctionArn: !GetAtt Judge.Arn, Identity: {Header: X-Token,
          ValidationExpression: 'a.*', ReauthorizeEvery: 0}}
        ByRequest: {FunctionArn: !GetAtt Judge.Arn, FunctionPayloadType: REQUEST,
          Identity: {Headers: [X-A], QueryStrings: [q], StageVariables: [v], Context: [c]}}
        Pool: {UserPoolArn: !GetAtt Users.Arn, AuthorizationScopes: [read]}
Users: {Type: AWS::Cognito::UserPool}
"""


@pytest.mark.parametrize(
    ("auth", "authorizer"),
    [
        (
            "",
            {
                "name": "ByToken",
                "kind": "token",
                "function": "judge",
                "identity": ("method.request.header.X-Token",),
                "validation": "a.*",
                "ttl_s": 0,
            },
        ),
        (
            ", Auth: {Authorizer: ByRequest}",
            {
                "name": "ByRequest",
                "kind": "request",
                "function": "judge",
                "identity": (
                    "method.request.header.X-A",
                    "method.request.querystring.q",
                    "stageVariables.v",
                    "context.c",
                ),
            },
        ),
        (
            ", Auth: {Authorizer: Pool}",
            {
                "name": "Pool",
                "kind": "cognito",
                "identity": ("method.request.header.Authorization",),
                "issuer": "https://cognito-idp.us-east-1.amazonaws.com/Users",
                "scopes": ("read",),
            },
        ),
        (", Auth: {Authorizer: AWS_IAM}", {"name": "AWS_IAM", "kind": "iam"}),
        (", Auth: {Authorizer: NONE}", None),
    ],
)
def test_an_authorizer_of_a_rest_api_is_told_by_its_kind(
    sam: Read, auth: str, authorizer: object
) -> None:
    reading = sam(
        "Events: {A: {Type: Api, Properties: "
        f"{{RestApiId: !Ref Web, Path: /a, Method: get{auth}}}}}}}",
        beside=JUDGE + AUTH,
    )

    assert told(reading) == []
    assert triggers(reading)["A"].options.get("authorizer") == authorizer


HTTP_AUTH = """\
Web:
  Type: AWS::Serverless::HttpApi
  Properties:
    Auth:
      DefaultAuthorizer: Jwt
      Authorizers:
        Jwt: {IdentitySource: $request.header.X-Jwt, AuthorizationScopes: [a],
          JwtConfiguration: {issuer: 'https://id.example', audience: [shop]}}
        Judge: {FunctionArn: !GetAtt Judge.Arn, AuthorizerPayloadFormatVersion: 2.0,
          EnableSimpleResponses: true, Identity: {Headers: [X-A], QueryStrings: [q]}}
"""


@pytest.mark.parametrize(
    ("auth", "authorizer", "scopes"),
    [
        (
            "",
            {
                "name": "Jwt",
                "kind": "jwt",
                "identity": ("$request.header.X-Jwt",),
                "issuer": "https://id.example",
                "audience": ("shop",),
                "scopes": ("a",),
            },
            None,
        ),
        (
            ", Auth: {Authorizer: Judge, AuthorizationScopes: [b]}",
            {
                "name": "Judge",
                "kind": "request",
                "function": "judge",
                "identity": ("$request.header.X-A", "$request.querystring.q"),
                "payload_format": "2.0",
                "simple": True,
            },
            ("b",),
        ),
        (", Auth: {Authorizer: NONE}", None, None),
    ],
)
def test_an_authorizer_of_an_http_api_is_told_by_its_kind(
    sam: Read, auth: str, authorizer: object, scopes: object
) -> None:
    reading = sam(
        "Events: {A: {Type: HttpApi, Properties: "
        f"{{ApiId: !Ref Web, Path: /a, Method: get{auth}}}}}}}",
        beside=JUDGE + HTTP_AUTH,
    )

    assert told(reading) == []
    options = triggers(reading)["A"].options
    assert (options.get("authorizer"), options.get("scopes")) == (authorizer, scopes)


def test_an_authorizer_that_is_not_there_is_a_warning(sam: Read) -> None:
    reading = sam(
        "Events:\n  A: {Type: Api, Properties: {Path: /a, Method: get, Auth: {Authorizer: Nobody}}}"
    )

    assert told(reading) == [
        (
            "warning template.yaml:11 Shop: the API `ServerlessRestApi` has no authorizer "
            "`Nobody`; "
            "nobody is asked."
        )
    ]


def test_routes_of_a_websocket_api_are_triggers(sam: Read) -> None:
    reading = sam(
        beside="""\
Chat:
  Type: AWS::Serverless::WebSocketApi
  Properties:
    StageName: live
    RouteSelectionExpression: $request.body.kind
    Routes:
      $connect: {FunctionArn: !GetAtt Shop.Arn}
      say: {FunctionArn: !GetAtt Shop.Arn}
"""
    )

    assert told(reading) == []
    assert {name: dict(each.options) for name, each in triggers(reading).items()} == {
        route: {
            "api_id": "Chat",
            "stage": "live",
            "selection": "$request.body.kind",
            "route": route,
        }
        for route in ("$connect", "say")
    }


# --- OpenAPI -----------------------------------------------------------------------------------

DOCUMENT = """\
openapi: 3.0.1
x-amazon-apigateway-binary-media-types: [image/png]
x-amazon-apigateway-cors: {allowOrigins: ['*']}
components:
  securitySchemes:
    judge:
      type: apiKey
      name: X-Token
      in: header
      x-amazon-apigateway-authorizer:
        type: token
        authorizerUri: !Sub 'arn:aws:apigateway:x:lambda:path/functions/${Judge.Arn}/invocations'
    key: {type: apiKey, name: x-api-key, in: header}
paths:
  /orders/{id}:
    get:
      operationId: oneOrder
      security: [{judge: []}, {key: []}]
      x-amazon-apigateway-integration:
        type: aws_proxy
        timeoutInMillis: 3000
        uri: !Sub 'arn:aws:apigateway:x:lambda:path/functions/${Shop.Arn}/invocations'
    options:
      x-amazon-apigateway-integration: {type: mock}
  /all:
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-integration: {uri: !GetAtt Shop.Arn, payloadFormatVersion: '2.0'}
"""


def _indented(text: str, by: int) -> str:
    return "\n".join(f"{' ' * by}{each}" for each in text.splitlines())


@pytest.mark.parametrize("kind", ["Api", "HttpApi"])
def test_a_document_in_the_template_gives_routes(sam: Read, kind: str) -> None:
    reading = sam(
        beside=f"{JUDGE}Web:\n  Type: AWS::Serverless::{kind}\n  Properties:\n"
        f"    StageName: Prod\n    DefinitionBody:\n{_indented(DOCUMENT, 6)}\n"
    )

    assert told(reading) == []
    assert _routes(reading) == [
        ("web", "/orders/{id}", ("GET",), "Shop", "GET /orders/{id}"),
        ("web", "/all", (), "Shop", "ANY /all"),
    ]
    one = triggers(reading)["GET /orders/{id}"].options
    assert (
        one["authorizer"]
        == {
            "name": "judge",
            "kind": "token",
            "function": "judge",
            "identity": ("method.request.header.X-Token",),
        }
        or kind == "HttpApi"
    )
    assert (one["api_key"], one["operation_name"], one["timeout_s"]) == (True, "oneOrder", 3)
    assert one["cors"]["origins"] == ("*",)
    assert one.get("binary_types") == (("image/png",) if kind == "Api" else None)
    assert triggers(reading)["ANY /all"].options.get("payload_format") == (
        "2.0" if kind == "HttpApi" else None
    )


@pytest.mark.parametrize(
    "definition",
    [
        "DefinitionUri: openapi.yaml",
        (
            "DefinitionBody: {'Fn::Transform': "
            "{Name: AWS::Include, Parameters: {Location: openapi.yaml}}}"
        ),
    ],
)
def test_a_document_beside_the_template_gives_the_same(
    sam: Read, tmp_path: Path, definition: str
) -> None:
    (tmp_path / "openapi.yaml").write_text(DOCUMENT)

    reading = sam(
        beside=f"{JUDGE}Web:\n  Type: AWS::Serverless::Api\n  Properties:\n"
        f"    StageName: Prod\n    {definition}\n"
    )

    assert told(reading) == []
    assert [each.path for each in reading.routes] == ["/orders/{id}", "/all"]
    assert tmp_path / "openapi.yaml" in reading.files


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("s3://bucket/openapi.yaml", "`DefinitionUri` is in a bucket"),
        ("{Bucket: b, Key: k}", "`DefinitionUri` is in a bucket"),
        ("nowhere.yaml", "`DefinitionUri` is left out: "),
    ],
)
def test_a_document_that_is_not_here_is_a_warning(sam: Read, uri: str, message: str) -> None:
    reading = sam(
        beside="Web:\n  Type: AWS::Serverless::Api\n"
        f"  Properties:\n    StageName: Prod\n    DefinitionUri: {uri}\n"
    )

    (finding,) = told(reading)
    assert finding.startswith(f"warning template.yaml:14 : {message}")


def test_an_event_beside_a_document_adds_its_route_once(sam: Read) -> None:
    reading = sam(
        "Events:\n"
        "  Same: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /all, Method: any}}\n"
        "  More: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /more, Method: get}}",
        beside=f"{JUDGE}Web:\n  Type: AWS::Serverless::Api\n  Properties:\n"
        f"    StageName: Prod\n    DefinitionBody:\n{_indented(DOCUMENT, 6)}\n",
    )

    assert [each.path for each in reading.routes] == ["/orders/{id}", "/all", "/more"]


# --- written out resource by resource ------------------------------------------------------------

REST = """\
Resources:
  Shop:
    Type: AWS::Lambda::Function
    Properties: {Code: code, Handler: app.handler, Runtime: python3.13}
  Web: {Type: AWS::ApiGateway::RestApi, Properties: {Name: web, BinaryMediaTypes: [a/b]}}
  Orders:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Web, ParentId: !GetAtt Web.RootResourceId, PathPart: orders}
  Order:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Web, ParentId: !Ref Orders, PathPart: '{id}'}
  Root:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Web
      ResourceId: !GetAtt Web.RootResourceId
      HttpMethod: ANY
      AuthorizationType: NONE
      Integration: &shop
        Type: AWS_PROXY
        Uri: !Join ['', ['arn:aws:apigateway:', !Ref AWS::Region,
          ':lambda:path/2015-03-31/functions/', !GetAtt Shop.Arn, /invocations]]
  Get:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Web, ResourceId: !Ref Order, HttpMethod: GET,
      AuthorizationType: CUSTOM, AuthorizerId: !Ref Judge, ApiKeyRequired: true,
      OperationName: One, Integration: *shop}
  Options:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Web
      ResourceId: !Ref Order
      HttpMethod: OPTIONS
      Integration:
        Type: MOCK
        IntegrationResponses:
        - StatusCode: 204
          ResponseParameters:
            method.response.header.Access-Control-Allow-Origin: "'*'"
            method.response.header.Access-Control-Allow-Methods: "'GET,OPTIONS'"
  Judge:
    Type: AWS::ApiGateway::Authorizer
    Properties: {RestApiId: !Ref Web, Type: REQUEST, AuthorizerUri: !GetAtt Shop.Arn,
      IdentitySource: 'method.request.header.A, method.request.querystring.b',
      AuthorizerResultTtlInSeconds: 60}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Web, StageName: live, Variables: {A: b}}
"""


def test_a_rest_api_that_is_written_out_gives_routes(read: Read) -> None:
    reading = read(REST)

    assert told(reading) == []
    assert _routes(reading) == [
        ("web", "/", (), "Shop", "ANY /"),
        ("web", "/orders/{id}", ("GET",), "Shop", "GET /orders/{id}"),
    ]
    options = dict(triggers(reading)["GET /orders/{id}"].options)
    assert options == {
        "api_id": "Web",
        "stage": "live",
        "stage_variables": {"A": "b"},
        "binary_types": ("a/b",),
        "path": "/orders/{id}",
        "methods": ("GET",),
        "operation_name": "One",
        "api_key": True,
        "cors": {"origins": ("*",), "methods": ("GET", "OPTIONS")},
        "authorizer": {
            "name": "Judge",
            "kind": "request",
            "function": "Shop",
            "identity": ("method.request.header.A", "method.request.querystring.b"),
            "ttl_s": 60,
        },
    }


HTTP = """\
Resources:
  Shop:
    Type: AWS::Lambda::Function
    Properties: {Code: code, Handler: app.handler, Runtime: python3.13}
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Name: web,
    CorsConfiguration: {AllowOrigins: ['*']}}}
  Chat: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, Name: chat,
    RouteSelectionExpression: $request.body.kind}}
  Quick: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Name: quick,
    Target: !GetAtt Shop.Arn}}
  Call: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web,
    IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Shop.Arn, PayloadFormatVersion: '2.0'}}
  Talk: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Chat,
    IntegrationType: AWS_PROXY, IntegrationUri: !Sub 'x:lambda:path/functions/${Shop.Arn}/invoke'}}
  One: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /a/{b}',
    Target: !Sub 'integrations/${Call}', AuthorizationType: JWT, AuthorizerId: !Ref Jwt,
    AuthorizationScopes: [read]}}
  Rest: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: $default,
    Target: !Join ['/', [integrations, !Ref Call]]}}
  Say: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Chat, RouteKey: say,
    Target: !Sub 'integrations/${Talk}'}}
  Jwt: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: JWT,
    IdentitySource: [$request.header.Authorization],
    JwtConfiguration: {Issuer: 'https://id', Audience: [me]}}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Web, StageName: dev,
    StageVariables: {A: b}}}
"""


def test_apis_of_the_second_kind_that_are_written_out_give_routes(read: Read) -> None:
    reading = read(HTTP)

    assert told(reading) == []
    assert _routes(reading) == [
        ("quick", "/*", (), "Shop", "$default"),
        ("web", "/a/{b}", ("GET",), "Shop", "GET /a/{b}"),
        ("web", "/*", (), "Shop", "$default-2"),
    ]
    one = dict(triggers(reading)["GET /a/{b}"].options)
    assert one.pop("authorizer") == {
        "name": "Jwt",
        "kind": "jwt",
        "identity": ("$request.header.Authorization",),
        "issuer": "https://id",
        "audience": ("me",),
    }
    assert one == {
        "api_id": "Web",
        "stage": "dev",
        "stage_variables": {"A": "b"},
        "cors": {"origins": ("*",)},
        "path": "/a/{b}",
        "methods": ("GET",),
        "scopes": ("read",),
        "payload_format": "2.0",
    }
    assert dict(triggers(reading)["say"].options) == {
        "api_id": "Chat",
        "stage": "$default",
        "selection": "$request.body.kind",
        "route": "say",
    }
