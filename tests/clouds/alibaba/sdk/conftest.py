"""A gateway for the official SDKs, once as it is and once with signatures asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.gateways import Started, gateway

KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
TEMPLATE = """\
edition: 3.0.0
name: shop
resources:
  echo:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: echo
      runtime: python3.10
      handler: index.handler
      code: ./code
  thumb:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: shop}
      function: {name: thumb, runtime: python3, handler: index.handler, codeUri: ./code}
  web:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: shop}
      function: {name: web, runtime: python3, handler: index.web, codeUri: ./code}
      triggers:
        - {name: web, type: http, config: {authType: function, methods: [GET, POST]}}
"""
CODE = """\
def handler(event, context):
    print("printed")
    if event == b"fail":
        raise ValueError("no")
    if event == b"who":
        return context.service.qualifier
    return event

def web(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Query", environ["QUERY_STRING"])])
    return [environ["PATH_INFO"].encode("latin-1") + b" " + body]
"""


@pytest.fixture(scope="module", params=[(), ("--auth",)], ids=["open", "signed"])
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Started]:
    folder: Path = tmp_path_factory.mktemp("sdk")
    (folder / "code").mkdir()
    (folder / "code" / "index.py").write_text(CODE)
    (folder / "s.yaml").write_text(TEMPLATE)
    with gateway(folder, *request.param, environ=KEYS) as running:
        yield running
