"""Answers that functions write little by little, for whoever sends them on."""

import queue
import threading
from collections.abc import Callable, Iterator

from localfn.model import Call, Part, Result

Came = Part | Result | Exception


def in_parts(call: Call, make: Callable[[Call], Result]) -> Iterator[Part | Result]:
    """Have a call made in a thread of its own; return its parts as they come, then its result.

    Raises what making it raises. Who takes no more parts does not end the call.
    """
    came: queue.SimpleQueue[Came] = queue.SimpleQueue()

    def run() -> None:
        try:
            came.put(make(call._replace(parts=came.put)))
        except Exception as error:  # noqa: BLE001 - the border: whoever takes the parts gets it
            came.put(error)

    threading.Thread(target=run, name="call in parts", daemon=True).start()
    return _taken(came)


def _taken(came: "queue.SimpleQueue[Came]") -> Iterator[Part | Result]:
    while not isinstance(each := came.get(), Exception):
        yield each
        if isinstance(each, Result):
            return
    raise each
