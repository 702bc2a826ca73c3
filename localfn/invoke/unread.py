"""What may be wrong with an event that a handler could not read."""

import json

from localfn.model import Event, Failure, FailureKind

# How the languages call a text that is not in the form which it should have.
DECODING = frozenset({"JSONDecodeError", "UnicodeDecodeError", "SyntaxError"})
# And an error of a more general name whose message says it.
GENERAL, TOLD = "ValueError", "JSON"


def about_event(event: Event, failure: Failure) -> str:
    """Return one line on an event that is no JSON, where JSON was meant; "" for any other."""
    if failure.kind is not FailureKind.HANDLER_RAISED or not _is_about_text(failure):
        return ""
    size = len(event.payload)
    if not size:
        return "The event is empty, and the handler wants JSON: name one with `-e` or `--generate`."
    try:
        json.loads(event.payload.decode())
    except UnicodeDecodeError:
        return (
            f"The event is {size} bytes of binary data, and the handler wants text: send JSON, or "
            "have the handler take the bytes as they are."
        )
    except ValueError as error:
        return f"The event is no JSON, which the handler wants: {error}."
    return ""


def _is_about_text(failure: Failure) -> bool:
    name = failure.error_type.rpartition(" ")[2]
    return name in DECODING or (name == GENERAL and TOLD in failure.message)
