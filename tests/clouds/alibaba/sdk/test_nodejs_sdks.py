"""The official SDKs of Node.js, unmodified, against a running gateway.

They are looked for in the folder that LOCALFN_TEST_NODE_SDKS names:
`npm install --prefix FOLDER @alicloud/fc2 @alicloud/fc20230330`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.functional.gateways import LIMIT_S, Started

MODULES = Path(os.environ.get("LOCALFN_TEST_NODE_SDKS", "/nowhere"), "node_modules")
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    NODE is None or not (MODULES / "@alicloud").is_dir(),
    reason="LOCALFN_TEST_NODE_SDKS names no folder with the official SDKs of Node.js",
)
FC2 = """
const Client = require('@alicloud/fc2');
const client = new Client('1234567890123456', {
  accessKeyID: 'id', accessKeySecret: SECRET, region: 'cn-hangzhou', endpoint: ENDPOINT,
});
const told = (reply) => ({ headers: reply.headers, data: reply.data });
"""
FC3 = """
const sdk = require('@alicloud/fc20230330');
const { $OpenApiUtil } = require('@alicloud/openapi-core');
const { RuntimeOptions } = require('@darabonba/typescript');
const { Readable } = require('stream');
const client = new sdk.default(new $OpenApiUtil.Config({
  accessKeyId: 'id', accessKeySecret: SECRET, regionId: 'cn-hangzhou', protocol: 'http',
  endpoint: ENDPOINT.slice('http://'.length),
}));
async function all(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}
async function invoke(name, text, headers) {
  const request = new sdk.InvokeFunctionRequest({ body: Readable.from([Buffer.from(text)]) });
  const reply = await client.invokeFunctionWithOptions(
    name, request, new sdk.InvokeFunctionHeaders(headers || {}), new RuntimeOptions({}));
  return { status: reply.statusCode, headers: reply.headers, data: await all(reply.body) };
}
"""


def run(started: Started, preamble: str, act: str, secret: str = "secret") -> dict:
    """What a script's last expression comes to; `error` is there where it threw."""
    script = f"""
const ENDPOINT = 'http://127.0.0.1:{started.port}', SECRET = '{secret}';
{preamble}
(async () => ({act}))().then(
  (value) => console.log(JSON.stringify({{ value }})),
  (error) => console.log(JSON.stringify({{ error: {{ name: error.name, code: error.code,
    text: String(error.message) }} }})));
"""
    done = subprocess.run(
        [str(NODE), "-e", script],
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(MODULES)},
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_fc2_calls_a_function(started: Started) -> None:
    act = "told(await client.invokeFunction('shop', 'thumb', 'event', {'X-Fc-Log-Type': 'Tail'}))"

    reply = run(started, FC2, act)["value"]

    assert reply["data"] == "event"
    assert reply["headers"]["x-fc-request-id"]
    assert reply["headers"]["x-fc-log-result"]


def test_fc2_calls_a_version(started: Started) -> None:
    act = "told(await client.invokeFunction('shop', 'thumb', 'who', {}, 'prod'))"

    assert run(started, FC2, act)["value"]["data"] == "prod"


def test_fc2_calls_later(started: Started) -> None:
    act = """told(await client.invokeFunction(
        'shop', 'thumb', 'event', {'X-Fc-Invocation-Type': 'Async'}))"""

    reply = run(started, FC2, act)["value"]

    assert reply["headers"]["x-fc-stateful-async-invocation-id"]


def test_fc2_sees_a_failed_function_in_a_header(started: Started) -> None:
    act = "told(await client.invokeFunction('shop', 'thumb', 'fail'))"

    reply = run(started, FC2, act)["value"]

    assert reply["headers"]["x-fc-error-type"] == "UnhandledInvocationError"
    assert "no" in str(reply["data"])


def test_fc2_raises_for_a_function_that_is_not_there(started: Started) -> None:
    error = run(started, FC2, "await client.invokeFunction('shop', 'nope', '')")["error"]

    assert "FunctionNotFound" in f"{error}"


def test_fc2_lists_services_and_functions(started: Started) -> None:
    act = """[(await client.listServices()).data.services.map((each) => each.serviceName),
      (await client.listFunctions('shop')).data.functions.map((each) => each.functionName)]"""

    services, functions = run(started, FC2, act)["value"]

    assert services == ["shop"]
    assert sorted(functions) == ["thumb", "web"]


def test_fc2_reaches_an_http_trigger(started: Started) -> None:
    act = "told(await client.post('/proxy/shop/web/a/b', 'body', {}, { q: '1' }))"

    reply = run(started, FC2, act)["value"]

    assert reply["data"] == "/a/b body"
    assert reply["headers"]["x-query"] == "q=1"


def test_fc3_calls_a_function(started: Started) -> None:
    reply = run(started, FC3, "await invoke('echo', 'event', { xFcLogType: 'Tail' })")["value"]

    assert (reply["status"], reply["data"]) == (200, "event")
    assert reply["headers"]["x-fc-request-id"]
    assert reply["headers"]["x-fc-log-result"]


def test_fc3_calls_later(started: Started) -> None:
    act = "await invoke('echo', 'event', { xFcInvocationType: 'Async' })"

    assert run(started, FC3, act)["value"]["status"] == 202


def test_fc3_sees_a_failed_function_in_a_header(started: Started) -> None:
    reply = run(started, FC3, "await invoke('echo', 'fail')")["value"]

    assert (reply["status"], reply["headers"]["x-fc-error-type"]) == (
        200,
        "UnhandledInvocationError",
    )


def test_fc3_raises_for_a_function_that_is_not_there(started: Started) -> None:
    error = run(started, FC3, "await invoke('nope', '')")["error"]

    assert "FunctionNotFound" in f"{error}"


def test_fc3_lists_and_describes_functions(started: Started) -> None:
    act = """[(await client.listFunctions(new sdk.ListFunctionsRequest({}))).body.functions
        .map((each) => each.functionName),
      (await client.getFunction('echo', new sdk.GetFunctionRequest({}))).body.runtime]"""

    functions, runtime = run(started, FC3, act)["value"]

    assert "echo" in functions
    assert runtime == "python3.10"


@pytest.mark.parametrize(
    ("preamble", "act"),
    [
        (FC2, "(await client.invokeFunction('shop', 'thumb', 'x')).data"),
        (FC3, "(await invoke('echo', 'x')).data"),
    ],
    ids=["fc2", "fc3"],
)
def test_a_wrong_secret_is_refused_where_signatures_are_asked_for(
    started: Started, preamble: str, act: str
) -> None:
    told = run(started, preamble, act, secret="other")

    if "--auth" in str(started.process.args):
        assert "SignatureNotMatch" in f"{told['error']}"
    else:
        assert told["value"] == "x"
