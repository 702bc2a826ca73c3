"""An event that a handler could not read gets a line that says what is wrong with it."""

import pytest

from localfn.invoke.unread import about_event
from localfn.model import Event, Failure, FailureKind


def raised(error_type: str, message: str = "") -> Failure:
    return Failure(FailureKind.HANDLER_RAISED, message, error_type)


@pytest.mark.parametrize(
    ("failure", "payload", "told"),
    [
        (raised("JSONDecodeError"), b"", "The event is empty"),
        (raised("UnicodeDecodeError"), b"\xff\x00", "2 bytes of binary data"),
        (raised("FunctionUnhandledError: SyntaxError"), b"\xa1\x61", "binary data"),
        (raised("ValueError", "No JSON object could be decoded"), b"{", "is no JSON"),
        (raised("JSONDecodeError"), b"plain words", "is no JSON"),
    ],
)
def test_what_is_wrong_with_the_event_is_told(failure: Failure, payload: bytes, told: str) -> None:
    assert told in about_event(Event(payload), failure)


@pytest.mark.parametrize(
    ("failure", "payload"),
    [
        (raised("JSONDecodeError"), b'{"a": 1}'),
        (raised("KeyError"), b"\xff"),
        (raised("ValueError", "too small"), b"plain words"),
        (Failure(FailureKind.IMPORT_FAILED, "", "SyntaxError"), b"\xff"),
    ],
)
def test_nothing_is_said_of_an_event_that_may_be_right(failure: Failure, payload: bytes) -> None:
    assert about_event(Event(payload), failure) == ""
