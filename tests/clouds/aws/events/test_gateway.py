"""A sample event has the form of the event that the gateway makes of a real request."""

import json

import pytest

from localfn.model import HttpRequest, WebRules
from localfn.payloads.catalog import find_source
from localfn.payloads.event import generate
from localfn.providers.aws import http
from tests.clouds.aws.http.conftest import visit

HEADERS = (
    ("accept", "*/*"),
    ("host", "a1b2c3d4e5.example.com"),
    ("user-agent", "curl/8.5.0"),
    ("content-type", "application/json"),
    ("content-length", "2"),
)
ASKED = HttpRequest("POST", "/orders/7", "tag=a&tag=b", HEADERS, b"{}", "203.0.113.7")
OFFERED = {"path": "/orders/{id}", "methods": ("POST",), "stage_variables": {"table": "t"}}
GIVEN = {"path": "/orders/7", "query": {"tag": ["a", "b"]}, "body": "{}"}


def form(value: object) -> object:
    if isinstance(value, dict):
        return {key: form(each) for key, each in value.items()}
    return type(value).__name__


def without_headers(event: dict[str, object]) -> dict[str, object]:
    """The event without maps of headers: which there are is the client's business."""
    return {key: each for key, each in event.items() if not key.lower().endswith("headers")}


@pytest.mark.parametrize(
    ("source", "kind", "options"),
    [
        ("api", "request", OFFERED),
        ("http-api", "request", OFFERED),
        ("http-api", "request-v1", {**OFFERED, "payload_format": "1.0"}),
        ("alb", "request", {"target_group": "shop"}),
        ("alb", "request", {"target_group": "shop", "multi_value_headers": True}),
        ("function-url", "request", {}),
    ],
)
def test_a_sample_request_has_the_form_of_the_gateways_own(
    source: str, kind: str, options: dict[str, object]
) -> None:
    values = {"id": "7"} if "path" in options else {}
    asked = visit(ASKED, source, values, **options)
    real = json.loads(http.event_from_http(asked, WebRules()).payload)

    given = {**GIVEN, "method": "POST"} if source == "function-url" else GIVEN
    event = generate(find_source("aws", source), "", given, offered=options)

    sample = json.loads(event.payload)
    assert event.source == f"{source}/{kind}"
    if kind == "request-v1":
        # The documents' sample of this format has none.
        del real["requestContext"]["deploymentId"]
    assert form(without_headers(sample)) == form(without_headers(real))
    assert {key for key in sample if key.endswith("eaders")} == {
        key for key in real if key.endswith("eaders")
    }
    for key in ("path", "rawPath", "queryStringParameters", "routeKey", "resource", "body"):
        assert sample.get(key) == real.get(key)
