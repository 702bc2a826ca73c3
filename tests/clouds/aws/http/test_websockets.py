"""WebSocket APIs: real handlers, and a client that speaks frames."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from localfn.model import Trigger
from tests.clouds.aws.serving import LIMIT_S, Served, function, serving
from tests.clouds.aws.sockets import opened

CODE = """\
import json
import os
import urllib.parse
import urllib.request

def connect(event, context):
    if event["headers"].get("X-Who") == "stranger":
        return {"statusCode": 403, "body": "go away"}
    if event["headers"].get("X-Who") == "breaker":
        raise ValueError("boom")
    return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat"}}

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}

def silent(event, context):
    return {"statusCode": 200, "body": "nobody hears this"}

def fail(event, context):
    raise ValueError("boom")

def gone(event, context):
    name = event["requestContext"]["connectionId"].replace("/", "_")
    with open(os.path.join(os.environ["NOTES"], name), "w") as file:
        json.dump(event, file)

def guard(event, context):
    if event["headers"].get("X-Who") == "nobody":
        raise Exception("Unauthorized")
    effect = "Allow" if event["queryStringParameters"]["key"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": "me",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"key": "good"},
    }
"""
GUARD = {"kind": "request", "function": "guard", "identity": ("route.request.querystring.key",)}


def route(name: str, key: str, api: str = "Chat", **options: object) -> Trigger:
    return Trigger("websocket", name, {"api_id": api, "route": key, "stage": "dev", **options})


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, notes: Path) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("chat")
    (folder / "app.py").write_text(CODE)

    def made(name: str, *triggers: Trigger):
        environment = {"NOTES": str(notes)}
        return function(name, folder, f"app.{name}", triggers=triggers, environment=environment)

    functions = (
        made("connect", route("C", "$connect")),
        made("echo", route("D", "$default", responds=True), route("E", "echo", responds=True)),
        made("silent", route("S", "silent")),
        made("fail", route("F", "fail")),
        made("gone", route("G", "$disconnect")),
        made("guard"),
        function(
            "guarded",
            folder,
            "app.echo",
            triggers=(
                route("C", "$connect", "Guarded", authorizer=GUARD),
                route("D", "$default", "Guarded", responds=True, selection="$request.body.a.b"),
            ),
        ),
    )
    with serving(folder, *functions) as running:
        yield running


def test_a_client_is_let_in_and_heard(served: Served) -> None:
    with opened(served, "/dev?a=b") as client:
        client.send("hello")
        told = client.hear()

    context = told["requestContext"]
    assert (client.status, client.head["sec-websocket-protocol"]) == (101, "chat")
    assert (told["body"], told["isBase64Encoded"]) == ("hello", False)
    assert (context["eventType"], context["routeKey"]) == ("MESSAGE", "$default")
    assert (context["stage"], context["apiId"]) == ("dev", "Chat")
    assert context["connectionId"]
    assert context["messageId"]
    assert not {"httpMethod", "path", "headers"} & told.keys()


def test_a_message_goes_where_its_json_says(served: Served) -> None:
    with opened(served) as client:
        client.send('{"action": "echo"}')
        echoed = client.hear()
        # Nothing is sent back for the first of these: its route has no answer.
        client.send('{"action": "silent"}')
        client.send('{"action": "unknown"}')
        defaulted = client.hear()

    assert echoed["requestContext"]["routeKey"] == "echo"
    assert defaulted["body"] == '{"action": "unknown"}'
    assert defaulted["requestContext"]["routeKey"] == "$default"


def test_a_message_that_is_no_text_travels_as_base64(served: Served) -> None:
    with opened(served) as client:
        client.send(b"\xff\x00", kind=2)
        told = client.hear()

    assert (told["body"], told["isBase64Encoded"]) == ("/wA=", True)


def test_a_message_in_pieces_with_a_ping_between_is_one(served: Served) -> None:
    with opened(served) as client:
        client.send("one ", first=0)
        client.send("?", kind=9)
        client.send("two", kind=0)

        assert client.receive() == (10, b"?")
        assert client.hear()["body"] == "one two"


def test_long_messages_travel_whole(served: Served) -> None:
    text = "ä" * 16000
    with opened(served) as client:
        client.send(text)

        assert client.hear()["body"] == text


@pytest.mark.parametrize(("who", "status"), [("stranger", 403), ("breaker", 502)])
def test_a_client_that_is_not_wanted_is_turned_away(served: Served, who: str, status: int) -> None:
    with opened(served, X_Who=who) as client:
        assert client.status == status


def test_a_function_that_fails_is_told_and_the_next_message_is_heard(served: Served) -> None:
    with opened(served) as client:
        client.send('{"action": "fail"}')
        failed = client.hear()
        client.send("again")
        assert client.hear()["body"] == "again"

    assert failed["connectionId"]


def noted(notes: Path, id_: str) -> dict:
    path = notes / id_.replace("/", "_")
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if path.exists() and path.read_text():
            return json.loads(path.read_text())
        time.sleep(0.02)
    raise AssertionError(f"{path} was never written")


@pytest.mark.parametrize(
    ("payload", "code"), [(struct.pack(">H", 4001) + b"bye", 4001), (b"", 1005)]
)
def test_a_client_that_goes_is_told_of(
    served: Served, notes: Path, payload: bytes, code: int
) -> None:
    with opened(served) as client:
        client.send("who")
        id_ = client.hear()["requestContext"]["connectionId"]
        client.send(payload, kind=8)
        told = noted(notes, id_)

    context = told["requestContext"]
    assert (context["eventType"], context["routeKey"]) == ("DISCONNECT", "$disconnect")
    assert context["disconnectStatusCode"] == code
    assert context["disconnectReason"] == ("bye" if code == 4001 else "")


def test_a_client_that_breaks_off_is_told_of(served: Served, notes: Path) -> None:
    with opened(served) as client:
        client.send("who")
        id_ = client.hear()["requestContext"]["connectionId"]

    assert noted(notes, id_)["requestContext"]["disconnectStatusCode"] == 1006


@pytest.mark.parametrize(
    ("payload", "kind", "first", "code"),
    [
        (b"x" * ((32 << 10) + 1), 1, 0x80, 1009),
        (b"\xff", 1, 0x80, 1007),
        (b"x", 3, 0x80, 1002),
        (b"x", 0, 0x80, 1002),
        (b"x", 9, 0, 1002),
        (b"x", 1, 0xC0, 1002),
    ],
)
def test_who_speaks_no_websocket_is_hung_up_on(
    served: Served, payload: bytes, kind: int, first: int, code: int
) -> None:
    with opened(served) as client:
        client.send(payload, kind=kind, first=first)
        assert client.ended() == code
    with opened(served) as other:
        other.send("still here")
        assert other.hear()["body"] == "still here"


def test_a_message_may_have_so_many_bytes(served: Served) -> None:
    with opened(served) as client:
        client.send(b"x" * (32 << 10), first=0)
        for _ in range(4):
            client.send(b"x" * (32 << 10), kind=0, first=0)
        assert client.ended() == 1009


def test_a_handshake_that_is_none_is_refused(served: Served) -> None:
    host = f"chat.localhost:{served.port}"
    plain = {"Upgrade": "websocket", "Connection": "Upgrade"}

    old = served.ask("GET", "/dev", headers={**plain, "Sec-WebSocket-Version": "8"}, host=host)
    keyless = served.ask("GET", "/dev", headers={**plain, "Sec-WebSocket-Version": "13"}, host=host)

    assert (old.status, old.headers["sec-websocket-version"]) == (426, "13")
    assert keyless.status == 400


# --- several APIs, authorizers ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "who", "status"),
    [
        ("?key=good", "me", 101),
        ("?key=bad", "me", 403),
        ("", "me", 401),
        ("?key=good", "nobody", 401),
    ],
)
def test_an_authorizer_decides_who_is_let_in(
    served: Served, query: str, who: str, status: int
) -> None:
    with opened(served, f"/dev{query}", "guarded.localhost", X_Who=who) as client:
        assert client.status == status
        if status == 101:
            client.send("who")
            context = client.hear()["requestContext"]
            assert (context["apiId"], context["authorizer"]["principalId"]) == ("Guarded", "me")


def test_a_host_without_websockets_is_what_it_was(served: Served) -> None:
    with opened(served, host="other.localhost") as client:
        assert client.status == 404


# --- what functions may do with clients ------------------------------------------------------


def test_a_client_is_spoken_to_asked_after_and_hung_up_on(served: Served) -> None:
    with opened(served, User_Agent="me/1") as client:
        client.send("who")
        id_ = client.hear()["requestContext"]["connectionId"]
        path = f"/dev/@connections/{quote(id_, safe='')}"

        sent = served.ask("POST", path, b"from elsewhere")
        heard = client.receive()
        told = served.ask("GET", path)
        hung_up = served.ask("DELETE", path)
        code = client.ended()

    assert (sent.status, heard) == (200, (1, b"from elsewhere"))
    assert json.loads(told.body)["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "me/1"}
    assert (hung_up.status, code) == (204, 1000)


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_client_that_has_gone_is_told_as_gone(served: Served, method: str) -> None:
    answer = served.ask(method, "/dev/@connections/bm9ib2R5IQ%3D%3D", b"x")

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (410, "GoneException")


def test_a_message_that_is_too_long_is_not_sent(served: Served) -> None:
    with opened(served) as client:
        client.send("who")
        id_ = client.hear()["requestContext"]["connectionId"]

        answer = served.ask("POST", f"/@connections/{id_}", b"x" * ((128 << 10) + 1))

    assert answer.status == 413


def test_pages_of_other_sites_speak_to_nobody(served: Served) -> None:
    answer = served.ask(
        "POST", "/dev/@connections/x", b"x", headers={"Origin": "https://evil.example.com"}
    )

    assert answer.status == 403
