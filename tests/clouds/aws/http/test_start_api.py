"""`localfn start-api` in the folder of a SAM template, as a user starts it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clouds.aws.sockets import opened
from tests.functional.gateways import Started, gateway

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.11, Timeout: 10, CodeUri: src/, Handler: app.echo}
  HttpApi:
    CorsConfiguration: {AllowOrigins: ['https://shop.example.com'], AllowMethods: [GET]}
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: shop-orders
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Rest: {Type: Api, Properties: {Path: '/orders/{id}', Method: any}}
        Http: {Type: HttpApi, Properties: {Path: '/v2/orders/{id}', Method: get}}
  Guard:
    Type: AWS::Serverless::Function
    Properties: {Handler: app.guard}
  Secured:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        Authorizers:
          Lambda:
            FunctionArn: !GetAtt Guard.Arn
            AuthorizerPayloadFormatVersion: 2.0
            EnableSimpleResponses: true
            Identity: {Headers: [x-key]}
          Jwt:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: 'https://issuer', audience: [app]}
  Files:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      BinaryMediaTypes: [image~1png]
      Auth:
        DefaultAuthorizer: Token
        Authorizers:
          Token: {FunctionArn: !GetAtt Guard.Arn}
  Guarded:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Lambda:
          Type: HttpApi
          Properties: {Path: /lambda, Method: get, ApiId: !Ref Secured, Auth: {Authorizer: Lambda}}
        Jwt:
          Type: HttpApi
          Properties: {Path: /jwt, Method: get, ApiId: !Ref Secured, Auth: {Authorizer: Jwt}}
        Files:
          Type: Api
          Properties: {Path: '/files/{proxy+}', Method: put, RestApiId: !Ref Files}
  Talk:
    Type: AWS::Serverless::Function
    Properties: {Handler: app.talk}
  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: dev
      RouteSelectionExpression: $request.body.do
      Routes:
        $connect: {FunctionArn: !GetAtt Orders.Arn}
        $default: {FunctionArn: !GetAtt Orders.Arn}
        say: {FunctionArn: !GetAtt Talk.Arn}
"""
CODE = """\
import json
import urllib.parse
import urllib.request

def echo(event, context):
    told = {"event": event, "arn": context.invoked_function_arn}
    return {"statusCode": 200, "body": json.dumps(told)}

def guard(event, context):
    if event.get("version") == "2.0":
        return {"isAuthorized": event["headers"]["x-key"] == "good", "context": {"who": "me"}}
    effect = "Allow" if event["authorizationToken"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": document}

def talk(event, context):
    told = event["requestContext"]
    id_ = urllib.parse.quote(told["connectionId"], safe="")
    port = told["domainName"].rpartition(":")[2]
    url = "http://127.0.0.1:%s/%s/@connections/%s" % (port, told["stage"], id_)
    urllib.request.urlopen(url, json.loads(event["body"])["text"].encode()).read()
    return {"statusCode": 200}
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder: Path = tmp_path_factory.mktemp("shop")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(CODE)
    (folder / "template.yaml").write_text(TEMPLATE)
    with gateway(folder, "--claims", '{"sub": "me"}') as running:
        yield running


def event(started: Started, method: str, path: str, host: str = "", **headers: str) -> dict:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = started.ask(method, path, b"\xff" if method == "PUT" else None, named, host)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["event"]


def test_every_address_is_told(started: Started) -> None:
    said = started.said.decode()

    base = f"http://127.0.0.1:{started.port}"
    assert f"ws://127.0.0.1:{started.port}/dev\n" in said
    for path in ("/_fn/shop-orders/", "/orders/{id}", "/v2/orders/{id}", "/lambda", "/jwt"):
        assert f"{base}{path}\n" in said


def test_routes_answer_at_the_root_as_users_of_other_tools_expect(started: Started) -> None:
    assert event(started, "DELETE", "/orders/7")["pathParameters"] == {"id": "7"}
    assert event(started, "GET", "/v2/orders/7")["routeKey"] == "GET /v2/orders/{id}"
    assert started.ask("POST", "/v2/orders/7").status == 404


def test_a_url_answers_by_the_functions_name(started: Started) -> None:
    told = event(started, "GET", "/a%2Fb", "shop-orders.localhost")

    assert (told["rawPath"], told["routeKey"]) == ("/a%2Fb", "$default")


def test_authorizers_of_a_template_stand_before_its_functions(started: Started) -> None:
    told = event(started, "GET", "/lambda", x_key="good")
    by_claims = event(started, "GET", "/jwt", "secured.localhost")

    assert told["requestContext"]["authorizer"] == {"lambda": {"who": "me"}}
    assert by_claims["requestContext"]["authorizer"]["jwt"]["claims"] == {"sub": "me"}
    assert started.ask("GET", "/lambda", headers={"x-key": "bad"}).status == 403
    assert started.ask("GET", "/lambda").status == 401


def test_binary_types_and_token_authorizers_of_a_rest_api_are_its_own(started: Started) -> None:
    told = event(started, "PUT", "/files/a/b", Authorization="good", Content_Type="image/png")

    assert (told["body"], told["isBase64Encoded"]) == ("/w==", True)
    assert told["pathParameters"] == {"proxy": "a/b"}
    context = told["requestContext"]
    assert (context["stage"], context["authorizer"]["principalId"]) == ("dev", "me")
    assert started.ask("PUT", "/files/a", b"x", {"Authorization": "bad"}).status == 403


def test_browsers_of_a_sites_own_pages_are_let_in(started: Started) -> None:
    ours = {"Origin": "https://shop.example.com"}

    preflight = started.ask(
        "OPTIONS", "/v2/orders/7", headers={**ours, "Access-Control-Request-Method": "GET"}
    )
    answer = started.ask("GET", "/v2/orders/7", headers=ours)

    for each in (preflight, answer):
        assert each.headers["access-control-allow-origin"] == ours["Origin"]
    assert preflight.headers["access-control-allow-methods"] == "GET"


@pytest.mark.parametrize("name", ["shop-orders", "Orders"])
def test_a_function_is_called_by_its_name_and_its_logical_id(started: Started, name: str) -> None:
    answer = started.ask("POST", f"/2015-03-31/functions/{name}/invocations", b"{}")

    told = json.loads(json.loads(answer.body)["body"])
    assert told["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:shop-orders"


def test_unknown_routes_are_told_by_the_api_that_was_asked(started: Started) -> None:
    http = started.ask("GET", "/nope", host="secured.localhost")
    rest = started.ask("GET", "/nope", host="files.localhost")

    assert (http.status, http.json()) == (404, {"message": "Not Found"})
    assert (rest.status, rest.json()) == (403, {"message": "Missing Authentication Token"})


def test_a_function_speaks_to_a_client_of_a_websocket_api(started: Started) -> None:
    with opened(started, host="chat.localhost") as client:
        client.send('{"do": "say", "text": "hello"}')

        assert client.receive() == (1, b"hello")


def test_a_host_that_nobody_has_is_told_with_those_that_are(started: Started) -> None:
    answer = started.ask("GET", "/nope", host="nobody.localhost")

    assert answer.status == 404
    assert b"/v2/orders/{id}" in answer.body
