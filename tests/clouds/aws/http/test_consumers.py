"""Events of the gateways, read by models and routers of a library that many functions use."""

import json

import pytest
from aws_lambda_powertools.event_handler import (
    ALBResolver,
    APIGatewayHttpResolver,
    APIGatewayRestResolver,
    LambdaFunctionUrlResolver,
)
from aws_lambda_powertools.utilities.parser import models

from localfn.model import HttpRequest, Socket, Trigger, WebRules
from localfn.providers.aws import http, websocket_api
from tests.clouds.aws.http.conftest import MOMENT, Recorder, function, result, visit

HEADERS = (("Host", "127.0.0.1:8000"), ("User-Agent", "me/1"), ("Cookie", "a=b"), ("X-A", "1"))
ASKED = HttpRequest("POST", "/orders/7", "q=1&q=2", (*HEADERS, ("Accept", "*/*")), b'{"a": 1}')
OPTIONS = {"path": "/orders/{id}", "api_id": "Shop", "methods": ("POST",)}
MODELS = {
    "api": models.APIGatewayProxyEventModel,
    "http-api": models.APIGatewayProxyEventV2Model,
    "function-url": models.LambdaFunctionUrlModel,
    "alb": models.AlbModel,
}
ROUTERS = {
    "api": APIGatewayRestResolver,
    "http-api": APIGatewayHttpResolver,
    "function-url": LambdaFunctionUrlResolver,
    "alb": ALBResolver,
}


def event_of(source: str, asked: HttpRequest = ASKED) -> dict:
    came = visit(asked, source, {"id": "7"}, **OPTIONS)
    return json.loads(http.event_from_http(came, WebRules()).payload)


@pytest.mark.parametrize("source", MODELS)
@pytest.mark.parametrize("asked", [ASKED, HttpRequest("GET", "/", headers=HEADERS)])
def test_an_event_is_what_its_model_wants(source: str, asked: HttpRequest) -> None:
    MODELS[source].model_validate(event_of(source, asked))


@pytest.mark.parametrize("source", ROUTERS)
def test_a_router_finds_its_way_and_its_answer_comes_back(source: str, rules: WebRules) -> None:
    app = ROUTERS[source]()

    @app.post("/orders/<number>")
    def order(number: str) -> dict:
        event = app.current_event
        return {"number": number, "told": event.json_body, "who": event.headers.get("X-A")}

    answer = app.resolve(event_of(source), object())

    reply = http.http_from_result(result(answer), visit(ASKED, source, **OPTIONS), rules)
    assert (reply.status, json.loads(reply.body)) == (
        200,
        {"number": "7", "told": {"a": 1}, "who": "1"},
    )


def test_events_of_a_websocket_are_what_their_models_want() -> None:
    triggers = tuple(
        Trigger("websocket", key, {"api_id": "Chat", "route": key, "stage": "dev"})
        for key in ("$connect", "$default", "$disconnect")
    )
    chat = function(triggers=triggers)
    calls = Recorder(result({"statusCode": 200}), chat)
    asked = ASKED._replace(method="GET", path="/dev", body=b"")

    opened = websocket_api.opened(asked, MOMENT, calls)
    assert isinstance(opened, tuple)
    socket = opened[0]
    assert isinstance(socket, Socket)
    websocket_api.heard(socket, "hello", MOMENT, calls)
    websocket_api.closed(socket, 1005, "", MOMENT, calls)

    connect, message, disconnect = (json.loads(each.event.payload) for each in calls.made)
    models.APIGatewayWebSocketConnectEventModel.model_validate(connect)
    models.APIGatewayWebSocketMessageEventModel.model_validate(message)
    models.APIGatewayWebSocketDisconnectEventModel.model_validate(disconnect)
