"""boto3, unmodified, against a running gateway."""

import base64
import json
import time
import warnings
from pathlib import Path

import pytest

from localfn.model import Trigger, WebRules
from tests.clouds.aws.sdk.conftest import CODE, HOW, encoded
from tests.clouds.aws.serving import LIMIT_S, Served, function, serving

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    boto3 = pytest.importorskip("boto3", reason=HOW)
    Config = pytest.importorskip("botocore.config", reason=HOW).Config
    botocore = pytest.importorskip("botocore", reason=HOW)
    pytest.importorskip("botocore.auth", reason=HOW)

pytestmark = pytest.mark.filterwarnings("ignore")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


def client_of(port: int, secret: str = "localfn-key-secret", **config: object):
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="localfn-key-id",
        aws_secret_access_key=secret,
        config=Config(read_timeout=LIMIT_S, retries={"max_attempts": 0}, **config),
    )


@pytest.fixture
def client(served: Served):
    return client_of(served.port)


def test_a_call_is_answered(client) -> None:
    reply = client.invoke(FunctionName="orders", Payload=b'{"a": [1, "\xc3\xa4"]}')

    assert (reply["StatusCode"], reply["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(reply["Payload"].read()) == {"a": [1, "ä"]}
    assert "FunctionError" not in reply


def test_no_payload_is_an_empty_event(client) -> None:
    assert client.invoke(FunctionName="orders")["Payload"].read() == b"{}"


@pytest.mark.parametrize("name", ["OrdersFunction", ARN, "123456789012:function:orders"])
def test_a_function_is_called_by_every_spelling(client, name: str) -> None:
    assert client.invoke(FunctionName=name, Payload=b"7")["Payload"].read() == b"7"


@pytest.mark.parametrize(
    ("name", "more", "version", "arn"),
    [
        ("orders", {}, "$LATEST", ARN),
        ("orders", {"Qualifier": "live"}, "1", f"{ARN}:live"),
        ("orders:live", {}, "1", f"{ARN}:live"),
        (f"{ARN}:7", {}, "7", f"{ARN}:7"),
        ("orders", {"Qualifier": "$LATEST"}, "$LATEST", f"{ARN}:$LATEST"),
    ],
)
def test_the_function_sees_what_it_was_asked_by(
    client, name: str, more: dict, version: str, arn: str
) -> None:
    reply = client.invoke(FunctionName=name, Payload=b'{"do": "who"}', **more)

    told = json.loads(reply["Payload"].read())
    assert (reply["ExecutedVersion"], told["version"], told["arn"]) == (version, version, arn)
    assert told["id"] == reply["ResponseMetadata"]["RequestId"]


def test_the_log_and_the_clients_context_travel(client) -> None:
    reply = client.invoke(
        FunctionName="orders",
        LogType="Tail",
        ClientContext=encoded('{"custom": {"a": "b"}}'),
        Payload=b'{"do": "who"}',
    )

    log = base64.b64decode(reply["LogResult"]).decode()
    id_ = reply["ResponseMetadata"]["RequestId"]
    assert log.startswith(f"START RequestId: {id_} Version: $LATEST\nprinted\n")
    assert f"REPORT RequestId: {id_}\t" in log
    assert json.loads(reply["Payload"].read())["custom"] == {"a": "b"}


@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("raise", "ValueError", "boom"),
        ("exit", "Runtime.ExitError", "exit status 3"),
        ("sleep", "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ("huge", "Function.ResponseSizeTooLarge", "6291556"),
    ],
)
def test_a_failed_function_is_told_as_one_and_the_next_call_works(
    client, what: str, kind: str, message: str
) -> None:
    reply = client.invoke(FunctionName="orders", Payload=json.dumps({"do": what}).encode())

    told = json.loads(reply["Payload"].read())
    assert (reply["StatusCode"], reply["FunctionError"]) == (200, "Unhandled")
    assert told["errorType"] == kind
    assert message in told["errorMessage"]
    assert client.invoke(FunctionName="orders", Payload=b"1")["Payload"].read() == b"1"


def test_a_good_answer_that_looks_like_an_error_is_none(client) -> None:
    reply = client.invoke(FunctionName="orders", Payload=b'{"do": "look like an error"}')

    assert "FunctionError" not in reply
    assert json.loads(reply["Payload"].read())["errorMessage"] == "boom"


def test_an_event_is_queued_and_made_under_the_same_id(client, tmp_path: Path) -> None:
    reply = client.invoke(
        FunctionName="note",
        InvocationType="Event",
        Payload=json.dumps({"folder": str(tmp_path)}).encode(),
    )

    assert (reply["StatusCode"], reply["Payload"].read()) == (202, b"")
    assert waited_for(tmp_path / "noted") == reply["ResponseMetadata"]["RequestId"]


def test_the_old_call_is_queued_too(client, tmp_path: Path) -> None:
    told = json.dumps({"folder": str(tmp_path)}).encode()

    reply = client.invoke_async(FunctionName="note", InvokeArgs=told)

    assert reply["Status"] == 202
    assert waited_for(tmp_path / "noted")


def waited_for(path: Path) -> str:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.02)
    raise AssertionError(f"{path} was never written")


def test_a_dry_run_runs_nothing(client, tmp_path: Path) -> None:
    told = json.dumps({"folder": str(tmp_path)}).encode()

    reply = client.invoke(FunctionName="note", InvocationType="DryRun", Payload=told)

    assert reply["StatusCode"] == 204
    assert not (tmp_path / "noted").exists()


def test_an_answer_comes_in_pieces(client) -> None:
    payload = json.dumps("x" * 200_000).encode()

    reply = client.invoke_with_response_stream(
        FunctionName="orders", LogType="Tail", Payload=payload
    )

    events = list(reply["EventStream"])
    assert reply["StatusCode"] == 200
    assert reply["ExecutedVersion"] == "$LATEST"
    assert b"".join(each["PayloadChunk"]["Payload"] for each in events[:-1]) == payload
    assert "ErrorCode" not in events[-1]["InvokeComplete"]
    assert b"printed" in base64.b64decode(events[-1]["InvokeComplete"]["LogResult"])


def test_a_failure_ends_the_pieces(client) -> None:
    reply = client.invoke_with_response_stream(FunctionName="orders", Payload=b'{"do": "raise"}')

    (event,) = reply["EventStream"]
    assert json.loads(event["InvokeComplete"]["ErrorDetails"])["errorType"] == "ValueError"


def test_errors_of_the_service_are_raised_under_their_names(client) -> None:
    raised = client.exceptions

    with pytest.raises(raised.ResourceNotFoundException, match="function:nope:"):
        client.invoke(FunctionName="nope")
    with pytest.raises(raised.InvalidRequestContentException, match="Could not parse"):
        client.invoke(FunctionName="orders", Payload=b"no json")
    with pytest.raises(raised.RequestTooLargeException, match="6291456"):
        client.invoke(FunctionName="orders", Payload=b'"' + b"x" * (6 << 20) + b'"')
    with pytest.raises(raised.RequestTooLargeException, match="1048576"):
        client.invoke(
            FunctionName="orders",
            InvocationType="Event",
            Payload=b'"' + b"x" * (1 << 20) + b'"',
        )


def test_functions_are_listed_and_described(client) -> None:
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    told = client.get_function(FunctionName="orders")

    assert [each["FunctionName"] for page in pages for each in page["Functions"]] == [
        "orders",
        "note",
    ]
    assert told["Configuration"]["Runtime"] == "python3.11"
    assert told["Code"]["Location"].startswith("file://")
    client.get_waiter("function_active_v2").wait(FunctionName="orders")
    assert client.list_aliases(FunctionName="orders")["Aliases"][0]["Name"] == "live"
    assert client.list_versions_by_function(FunctionName="note")["Versions"]
    assert client.list_event_source_mappings(FunctionName="note")["EventSourceMappings"] == []
    assert client.get_account_settings()["AccountUsage"]["FunctionCount"] == 2


def test_a_url_is_told_and_answers(client, served: Served) -> None:
    found = client.get_function_url_config(FunctionName="orders")

    assert found["AuthType"] == "NONE"
    prefix = f"http://127.0.0.1:{served.port}"
    assert found["FunctionUrl"].startswith(prefix)
    assert served.ask("GET", found["FunctionUrl"].removeprefix(prefix)).status == 200


def test_a_client_without_keys_is_served_too(served: Served) -> None:
    plain = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{served.port}",
        region_name="us-east-1",
        config=Config(signature_version=botocore.UNSIGNED),
    )

    assert plain.invoke(FunctionName="orders", Payload=b"1")["Payload"].read() == b"1"


def test_signatures_are_checked_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CODE)
    orders = function("orders", tmp_path)

    with serving(tmp_path, orders, rules=WebRules(verifies=True)) as strict:
        ours, wrong = client_of(strict.port), client_of(strict.port, "another")

        assert ours.invoke(FunctionName=ARN, Qualifier="$LATEST", Payload=b"1")["StatusCode"] == 200
        assert ours.list_functions(MaxItems=5)["Functions"]
        with pytest.raises(wrong.exceptions.ClientError, match="InvalidSignatureException"):
            wrong.invoke(FunctionName="orders", Payload=b"1")


def test_a_url_takes_requests_that_are_signed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event['body']\n")
    iam = Trigger("function-url", "url", {"auth_type": "AWS_IAM"})

    def asked(port: int, secret: str):
        keys = botocore.credentials.Credentials("localfn-key-id", secret)
        url = f"http://orders.localhost:{port}/a%20b?q=1&n"
        told = botocore.awsrequest.AWSRequest("POST", url, data=b'{"a": 1}')
        told.headers["Content-Type"] = "application/json"
        botocore.auth.SigV4Auth(keys, "lambda", "us-east-1").add_auth(told)
        return dict(told.headers.items())

    with serving(
        tmp_path, function("orders", tmp_path, triggers=(iam,)), rules=WebRules(verifies=True)
    ) as strict:
        host = f"orders.localhost:{strict.port}"
        answers = [
            strict.ask("POST", "/a%20b?q=1&n", b'{"a": 1}', headers, host)
            for headers in (
                asked(strict.port, "localfn-key-secret"),
                asked(strict.port, "another"),
                {},
            )
        ]

    assert [each.status for each in answers] == [200, 403, 403]
    assert answers[0].body == b'{"a": 1}'
