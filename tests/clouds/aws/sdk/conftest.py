"""A gateway that the official clients are held against."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from localfn.model import Trigger
from tests.clouds.aws.serving import Served, function, serving

HOW = "the official SDKs are not here; `pip install -e '.[sdk]'` in an environment of their own"
CODE = """\
import os
import sys
import time

def handler(event, context):
    print("printed")
    what = event.get("do") if isinstance(event, dict) else None
    if what == "raise":
        raise ValueError("boom")
    if what == "exit":
        sys.exit(3)
    if what == "sleep":
        time.sleep(30)
    if what == "look like an error":
        return {"errorMessage": "boom", "errorType": "ValueError", "stackTrace": []}
    if what == "huge":
        return "x" * (7 << 20)
    if what == "who":
        client = context.client_context
        return {
            "arn": context.invoked_function_arn,
            "version": context.function_version,
            "id": context.aws_request_id,
            "custom": client.custom if client else None,
        }
    return event

def note(event, context):
    with open(os.path.join(event["folder"], "noted"), "a") as file:
        file.write(context.aws_request_id)
    return None
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("sdk")
    (folder / "app.py").write_text(CODE)
    url = Trigger("function-url", "url", {"auth_type": "NONE"})
    told = {"logical_id": "OrdersFunction", "alias": "live"}
    orders = function("orders", folder, attributes=told, triggers=(url,), timeout_s=2.0)
    note = function("note", folder, "app.note")
    with serving(folder, orders, note) as running:
        yield running


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
