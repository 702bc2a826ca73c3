"""The official SDKs, unmodified, against a running gateway."""

import io
import warnings

import pytest

from tests.functional.gateways import Started

HOW = "the official SDKs are not here; `pip install -e '.[sdk]'` in an environment of their own"
with warnings.catch_warnings():
    # What the SDKs' own dependencies say of themselves.
    warnings.simplefilter("ignore")
    fc2 = pytest.importorskip("fc2", reason=HOW)
    fc3_models = pytest.importorskip("alibabacloud_fc20230330.models", reason=HOW)
    Fc3Client = pytest.importorskip("alibabacloud_fc20230330.client", reason=HOW).Client
    open_models = pytest.importorskip("alibabacloud_fc_open20210406.models", reason=HOW)
    OpenClient = pytest.importorskip("alibabacloud_fc_open20210406.client", reason=HOW).Client
    Config = pytest.importorskip("alibabacloud_tea_openapi.models", reason=HOW).Config
    RuntimeOptions = pytest.importorskip("alibabacloud_tea_util.models", reason=HOW).RuntimeOptions
    Fc3RuntimeOptions = pytest.importorskip("darabonba.runtime", reason=HOW).RuntimeOptions

pytestmark = pytest.mark.filterwarnings("ignore")


def config(started: Started):
    return Config(
        access_key_id="id",
        access_key_secret="secret",
        region_id="cn-hangzhou",
        endpoint=f"127.0.0.1:{started.port}",
        protocol="http",
    )


def invoke_fc3(started: Started, payload: bytes, name: str = "echo", **told: str):
    request = fc3_models.InvokeFunctionRequest(
        body=io.BytesIO(payload), qualifier=told.pop("qualifier", "LATEST")
    )
    headers = fc3_models.InvokeFunctionHeaders(**told)
    client = Fc3Client(config(started))
    return client.invoke_function_with_options(name, request, headers, Fc3RuntimeOptions())


def test_fc3_calls_a_function(started: Started) -> None:
    reply = invoke_fc3(started, b"\x00\xff event", x_fc_log_type="Tail")

    assert reply.status_code == 200
    assert reply.body.read() == b"\x00\xff event"
    assert reply.headers["x-fc-request-id"]
    assert reply.headers["x-fc-log-result"]


@pytest.mark.parametrize("name", ["shop$thumb", "shop/thumb"])
def test_fc3_calls_a_function_of_a_service_with_a_qualifier(started: Started, name: str) -> None:
    assert invoke_fc3(started, b"who", name, qualifier="prod").body.read() == b"prod"


def test_fc3_calls_later(started: Started) -> None:
    reply = invoke_fc3(started, b"x", x_fc_invocation_type="Async", x_fc_async_task_id="mine")

    assert (reply.status_code, reply.headers["x-fc-async-task-id"]) == (202, "mine")


def test_fc3_sees_a_failed_function_in_a_header(started: Started) -> None:
    reply = invoke_fc3(started, b"fail")

    assert reply.headers["x-fc-error-type"] == "UnhandledInvocationError"
    assert b'"errorMessage": "no"' in reply.body.read()


def test_fc3_raises_for_a_function_that_is_not_there(started: Started) -> None:
    with pytest.raises(Exception, match="function 'nope' does not exist") as caught:
        invoke_fc3(started, b"", "nope")

    assert caught.value.code == "FunctionNotFound"


def test_fc3_lists_and_describes_functions(started: Started) -> None:
    client = Fc3Client(config(started))

    listed = client.list_functions(fc3_models.ListFunctionsRequest(limit=10))
    told = client.get_function("echo", fc3_models.GetFunctionRequest())

    assert [each.function_name for each in listed.body.functions] == [
        "echo",
        "shop$thumb",
        "shop$web",
    ]
    assert (told.body.runtime, told.body.memory_size) == ("python3.10", 512)


def invoke_open(started: Started, payload: bytes, name: str = "thumb", **told: str):
    request = open_models.InvokeFunctionRequest(
        body=payload, qualifier=told.pop("qualifier", "LATEST")
    )
    headers = open_models.InvokeFunctionHeaders(**told)
    client = OpenClient(config(started))
    return client.invoke_function_with_options("shop", name, request, headers, RuntimeOptions())


def test_open_calls_a_function(started: Started) -> None:
    reply = invoke_open(started, b"event", x_fc_log_type="Tail")

    assert (reply.status_code, bytes(reply.body)) == (200, b"event")
    assert reply.headers["x-fc-log-result"]
    assert reply.headers["x-fc-invocation-service-version"] == "LATEST"


def test_open_raises_for_a_function_that_is_not_there(started: Started) -> None:
    with pytest.raises(Exception, match="does not exist in service 'shop'") as caught:
        invoke_open(started, b"", "nope")

    assert caught.value.code == "FunctionNotFound"


def test_open_lists_services_and_functions(started: Started) -> None:
    client = OpenClient(config(started))

    services = client.list_services(open_models.ListServicesRequest())
    functions = client.list_functions("shop", open_models.ListFunctionsRequest())
    told = client.get_function("shop", "thumb", open_models.GetFunctionRequest())

    assert [each.service_name for each in services.body.services] == ["shop"]
    assert [each.function_name for each in functions.body.functions] == ["thumb", "web"]
    assert told.body.handler == "index.handler"


def first_client(started: Started):
    return fc2.Client(
        endpoint=f"http://127.0.0.1:{started.port}",
        accessKeyID="id",
        accessKeySecret="secret",
        securityToken="",
        Timeout=20,
    )


def test_the_first_sdk_calls_a_function(started: Started) -> None:
    client = first_client(started)

    reply = client.invoke_function("shop", "thumb", b"event", headers={"x-fc-log-type": "Tail"})
    named = client.invoke_function("shop", "thumb", b"who", qualifier="prod")
    later = client.invoke_function("shop", "thumb", b"x", headers={"x-fc-invocation-type": "Async"})

    assert reply.data == b"event"
    assert reply.headers["X-Fc-Log-Result"]
    assert named.data == b"prod"
    assert later.headers["X-Fc-Request-Id"]


def test_the_first_sdk_raises_for_a_failed_function_and_for_one_that_is_not_there(
    started: Started,
) -> None:
    client = first_client(started)

    with pytest.raises(Exception, match="errorMessage"):
        client.invoke_function("shop", "thumb", b"fail")
    with pytest.raises(Exception, match="FunctionNotFound"):
        client.invoke_function("shop", "nope", b"")


def test_the_first_sdk_lists_services_and_functions(started: Started) -> None:
    client = first_client(started)

    assert [each["serviceName"] for each in client.list_services().data["services"]] == ["shop"]
    functions = client.list_functions("shop").data["functions"]
    assert [each["functionName"] for each in functions] == ["thumb", "web"]
    assert client.get_function("shop", "thumb").data["runtime"] == "python3"


def test_the_first_sdk_reaches_an_http_trigger(started: Started) -> None:
    client = first_client(started)

    reply = client.do_http_request(
        "POST", "shop", "web", "/a b", headers={}, params={"q": "1"}, body=b"body"
    )

    assert (reply.status_code, reply.content) == (200, b"/a b body")
    assert reply.headers["X-Query"] == "q=1"


def test_a_wrong_secret_is_refused_where_signatures_are_asked_for(started: Started) -> None:
    wrong = fc2.Client(
        endpoint=f"http://127.0.0.1:{started.port}", accessKeyID="id", accessKeySecret="other"
    )
    if "--auth" not in str(started.process.args):
        assert wrong.invoke_function("shop", "thumb", b"x").data == b"x"
        return

    with pytest.raises(Exception, match="SignatureNotMatch"):
        wrong.invoke_function("shop", "thumb", b"x")
