"""Where results of asynchronous calls go; the payload's field names are unverified."""

import json
from pathlib import Path

import pytest

from localfn.model import Event, Failure, FailureKind, Function, Invocation, Result
from localfn.providers.alibaba.destination import destined

FC3, FC2 = Function("after", "python3.10", "", Path()), Function("mail", "", "", Path(), "shop")
JOB = Function("job", "python3.10", "", Path())


def result(failure: Failure | None = None) -> Result:
    invocation = Invocation("1-2", JOB, Event(b"asked"), 1600000000.0, None, attempt=2)
    return Result(invocation, b"answered", failure, b"", 1500.0, None, 0.0)


@pytest.mark.parametrize(
    ("destination", "wanted", "qualifier"),
    [
        ("acs:fc:cn-hangzhou:123:functions/after", FC3, ""),
        ("acs:fc:cn-hangzhou:123:functions/after/prod", FC3, "prod"),
        ("acs:fc:::services/shop.LATEST/functions/mail", FC2, "LATEST"),
        ("acs:fc:::services/shop/functions/mail", FC2, ""),
    ],
)
def test_a_function_of_the_project_is_called_as_a_destination(
    destination: str, wanted: Function, qualifier: str
) -> None:
    call = destined(result(), destination, (JOB, FC2, FC3))

    assert call is not None
    assert (call.function, call.qualifier) == (wanted, qualifier)


@pytest.mark.parametrize(
    "destination", ["acs:mns:cn-hangzhou:123:/queues/q/messages", "acs:fc:::functions/unknown", ""]
)
def test_other_destinations_are_not_called(destination: str) -> None:
    assert destined(result(), destination, (JOB, FC2, FC3)) is None


def test_a_destination_is_told_what_was_asked_and_answered() -> None:
    failure = Failure(FailureKind.HANDLER_RAISED, "no")

    told = [
        json.loads(call.event.payload)
        for each in (None, failure)
        if (call := destined(result(each), "acs:fc:::functions/after", (FC3,))) is not None
    ]

    good, bad = told
    assert (good["requestPayload"], good["responsePayload"]) == ("asked", "answered")
    assert good["requestContext"]["requestId"] == "1-2"
    assert good["requestContext"]["approximateInvokeCount"] == 3
    assert not good["responseContext"]["functionError"]
    assert bad["responseContext"]["functionError"] == "UnhandledInvocationError"
