"""What a cloud says over HTTP to a function that is a server itself."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from localfn.model.function import Function
from localfn.model.http import HttpReply, HttpRequest
from localfn.model.result import Failure, Reply, Result

Context = Mapping[str, object]


class Health(NamedTuple):
    """When a server counts as ready.

    Without a `path` it is enough that it listens. `failures` and `successes` are counted in a
    row.
    """

    path: str = ""
    delay_s: float = 0.0
    period_s: float = 3.0
    timeout_s: float = 1.0
    failures: int = 3
    successes: int = 1

    @property
    def limit_s(self) -> float:
        """Return after how long a server that never was healthy is given up."""
        return self.delay_s + self.period_s * self.failures


class FaultKind(Enum):
    """Why a server did not come up."""

    MISSING = "missing"
    EXITED = "exited"
    UNHEALTHY = "unhealthy"


class Fault(NamedTuple):
    """A server that did not come up: facts for the cloud's words, and one line of our own.

    `command` is the start command as its cloud would see it, `code` what the program left with
    (128 and the signal's number where it was killed), `printed` all that it printed.
    """

    kind: FaultKind
    command: str
    code: int = 0
    port: int = 0
    limit_s: float = 0.0
    printed: bytes = b""
    advice: str = ""


class HttpContract(NamedTuple):
    """How one cloud talks to servers. All of it facts and pure functions.

    `kind` is what is asked: `load` (before the first call), `invoke`, `pre_freeze`, `pre_stop`.

    - `port`: where a server listens for which the template does not say.
    - `port_variables`: the variables that tell a server its port.
    - `command(function, code)`: what starts it, also where the template does not say; `code` is the
      code folder as the server sees it. Empty: an image knows by itself.
    - `health(function)`: when it counts as ready.
    - `request(kind, function, context, payload)`: what to send, None where nothing is said.
    - `reply(kind, answer)`: what the answer means.
    - `passed_on(request, function, context)`: a client's own request as the server gets it.
    - `passed_back(answer)`: the server's answer to it as the client gets it.
    - `refusal(result)`: what a client gets where the server gave no answer.
    - `fault(fault)`: the words for a server that did not come up.
    - `event_variable`: what tells the event to an image that is no server, "" where there is no
      such thing.
    """

    port: int
    port_variables: tuple[str, ...]
    command: Callable[[Function, str], tuple[str, ...]]
    health: Callable[[Function], Health]
    request: Callable[[str, Function, Context, bytes], HttpRequest | None]
    reply: Callable[[str, HttpReply], Reply]
    passed_on: Callable[[HttpRequest, Function, Context], HttpRequest]
    passed_back: Callable[[HttpReply], HttpReply]
    refusal: Callable[[Result], HttpReply]
    fault: Callable[[Fault], Failure]
    event_variable: str = ""
