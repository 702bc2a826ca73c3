"""Answers in frames, read back byte by byte."""

import base64
import json
import struct
from zlib import crc32

import pytest

from localfn.model import Failure, FailureKind, HttpReply, HttpRequest, Part
from localfn.providers.aws.web import WEB
from tests.clouds.aws.http.conftest import RAISED, Recorder, result

STREAM = next(each for each in WEB.routes if each.rule.endswith("response-streaming-invocations"))


def ask(calls: Recorder, **headers: str) -> HttpReply:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return STREAM.handle(HttpRequest("POST", "/", "", pairs, b"{}"), {"name": "orders"}, calls)


def read(text: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Frames as their layout says; both sums are checked."""
    found = []
    while text:
        total, size, checked = struct.unpack(">III", text[:12])
        whole, text = text[:total], text[total:]
        assert crc32(whole[:8]) == checked
        assert crc32(whole[:-4]) == struct.unpack(">I", whole[-4:])[0]
        found.append((read_headers(whole[12 : 12 + size]), whole[12 + size : -4]))
    return found


def read_headers(text: bytes) -> dict[str, str]:
    found = {}
    while text:
        end = 1 + text[0]
        name, kind = text[1:end].decode(), text[end]
        (size,) = struct.unpack(">H", text[end + 1 : end + 3])
        assert kind == 7
        found[name] = text[end + 3 : end + 3 + size].decode()
        text = text[end + 3 + size :]
    return found


@pytest.mark.parametrize("size", [1, 100, (64 << 10) * 2 + 1])
def test_an_answer_is_sent_in_frames(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))

    reply = ask(Recorder(result(payload)))

    frames = read(b"".join(reply.body))
    assert reply.header("content-type") == "application/vnd.amazon.eventstream"
    assert reply.header("x-amz-executed-version") == "$LATEST"
    assert b"".join(body for headers, body in frames[:-1]) == payload
    assert {headers[":event-type"] for headers, _ in frames[:-1]} == {"PayloadChunk"}
    assert frames[-1][0][":event-type"] == "InvokeComplete"
    assert frames[-1][1] == b"{}"
    assert {headers[":message-type"] for headers, _ in frames} == {"event"}


def test_parts_are_sent_as_they_come_and_once() -> None:
    calls = Recorder(result(b"one two"))
    calls.parts = (Part(b"one "), Part(b"two"))

    frames = read(b"".join(ask(calls).body))

    assert [body for _, body in frames] == [b"one ", b"two", b"{}"]


def test_a_failure_and_the_log_are_told_at_the_end() -> None:
    body = {"errorMessage": "boom", "errorType": "ValueError"}

    reply = ask(Recorder(result(body, RAISED, b"the log")), X_Amz_Log_Type="Tail")

    ((headers, told),) = read(b"".join(reply.body))
    ending = json.loads(told)
    assert headers[":event-type"] == "InvokeComplete"
    assert ending["ErrorCode"]
    assert json.loads(ending["ErrorDetails"]) == body
    assert base64.b64decode(ending["LogResult"]) == b"the log"


def test_a_dry_run_calls_nobody() -> None:
    calls = Recorder(result(b"", Failure(FailureKind.EXITED)))

    assert ask(calls, X_Amz_Invocation_Type="DryRun").status == 204
    assert calls.made == []
