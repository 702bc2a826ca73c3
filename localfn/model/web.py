"""How a cloud speaks HTTP: its triggers, its domains, its own API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from localfn.model.call import Call, Event, Part
from localfn.model.function import NOTHING, Function, Place, Trigger
from localfn.model.http import Headers, HttpReply, HttpRequest
from localfn.model.result import Result


class Rewrite(NamedTuple):
    """A rule by which a request's address is replaced before the function sees it.

    Where the regular expression `pattern` is found in path and query, `replacement` is what they
    become, `$1` standing for the first group. `of_path`: the path alone is looked at and replaced.
    """

    pattern: str
    replacement: str
    of_path: bool = False


class DomainRoute(NamedTuple):
    """A path of a custom domain, and the key of the function that answers there.

    `domain` is empty where the cloud makes one up. `path` ends with `*` where everything below
    it is meant; in it `{name}` stands for one part of a path and `{name+}` for all that is left.
    `methods` is empty where all are. `trigger` names the one of the function's triggers by which
    requests come, where it has several. The first of `rewrites` that fits is applied.
    """

    domain: str
    path: str
    function: str
    methods: tuple[str, ...] = ()
    qualifier: str = ""
    template: Place | None = None
    trigger: str = ""
    rewrites: tuple[Rewrite, ...] = ()


class WebRules(NamedTuple):
    """What the person at the terminal may decide about HTTP.

    `statuses` replaces those of the cloud's own table (`Web.statuses`). `attachment` adds what
    default domains add. `verifies` has signatures checked with the keys of `environ`. `claims` are
    those of every client whose token would be asked for; without them tokens are read, and checked
    with `token_keys` where there are some: a set of keys in JSON (RFC 7517), a public key in PEM,
    or a secret. `is_patient` has every client wait as long as it takes: somebody debugs.
    """

    statuses: Mapping[str, int] = MappingProxyType({})
    attachment: bool = False
    verifies: bool = False
    environ: Mapping[str, str] = NOTHING
    claims: Mapping[str, object] | None = None
    token_keys: str = ""
    is_patient: bool = False


class Visit(NamedTuple):
    """An HTTP request that has found its function.

    `request.path` is the path as the function sees it, `uri` path and query as the cloud's own
    gateway would have got them. `own_domain` tells a custom domain from the cloud's. `moment` is
    in seconds since the epoch. `values` are the parts of the path that the placeholders of its
    route stand for, as they were sent. `client` is what `Web.admit` has found out about the client.
    """

    request: HttpRequest
    function: Function
    trigger: Trigger
    id: str
    moment: float
    uri: str
    own_domain: bool = False
    values: Mapping[str, str] = NOTHING
    client: Mapping[str, object] = NOTHING


class Patience(NamedTuple):
    """How long a gateway of the cloud waits for a function, and what it answers then."""

    limit_s: float
    reply: HttpReply


class Socket(NamedTuple):
    """A WebSocket that a client has opened with a request.

    `opened` and `heard` are moments in seconds since the epoch: when it began, and when the client
    said something last. `client` is what was found out about the client then.
    """

    id: str
    request: HttpRequest
    opened: float
    heard: float
    client: Mapping[str, object] = NOTHING


class OpenSockets(Protocol):
    """The WebSockets that are open now."""

    def find(self, id_: str) -> Socket | None:
        """Return one of them, None where it is not open any more."""

    def send(self, id_: str, message: str | bytes) -> bool:
        """Send a message; return whether there was somebody to send it to."""

    def close(self, id_: str) -> bool:
        """Hang up; return whether it was open."""


class Calls(Protocol):
    """What an endpoint of a cloud's API may do with the functions of the project."""

    @property
    def functions(self) -> Sequence[Function]:
        """Return the functions as they are now."""

    @property
    def rules(self) -> WebRules:
        """Return what the person at the terminal has decided."""

    @property
    def sockets(self) -> OpenSockets:
        """Return the WebSockets that are open now."""

    def new_id(self, function: Function) -> str:
        """Return an id for a call that is about to be made."""

    def invoke(self, call: Call, door: str = "api") -> Result:
        """Make a call and wait for its result; `door` is what logs say about how it came."""

    def stream(self, call: Call) -> Iterator[Part | Result]:
        """Make a call; yield the parts of its answer as they come, if any, and last its result."""

    def enqueue(self, call: Call) -> None:
        """Make a call later; nobody waits for its result."""

    def visit(self, function: Function, request: HttpRequest, uri: str) -> HttpReply:
        """Hand a request to a function's HTTP trigger; `uri` as in `Visit`."""


class Repeats(NamedTuple):
    """What the cloud does with an asynchronous call that fails, and with its result.

    `attempts` are those after the first. The destinations are references as the template writes
    them, empty where there is none.
    """

    attempts: int
    max_age_s: float
    on_success: str = ""
    on_failure: str = ""


class Route(NamedTuple):
    """One endpoint of a cloud's own API.

    `rule` is one of werkzeug's (`/functions/<name>`). An empty `method` stands for all.
    `is_for_pages` marks what web pages of other sites may use, as they may use any trigger.
    """

    method: str
    rule: str
    handle: Callable[[HttpRequest, Mapping[str, str], Calls], HttpReply]
    is_for_pages: bool = False


def to_nobody(_result: Result, _destination: str, _functions: Sequence[Function]) -> None:
    """Tell no function of the project how a call went."""
    return


class WebSockets(NamedTuple):
    """How a cloud has functions speak WebSocket. Everything in it is a fact or a pure function.

    Moments are in seconds since the epoch.

    - `serves(request, functions)`: whether functions are behind this address.
    - `opened(request, moment, calls)`: a client is let in: the socket and further headers of the
      answer; or the answer that turns it away.
    - `heard(socket, message, moment, calls)`: what is sent back for a message, None for nothing.
    - `closed(socket, code, reason, moment, calls)`: told once, whoever has hung up.
    - `manages(request, functions)`: whether a request is about open sockets; `managed(request,
      calls)`: the answer to it.
    - `urls(functions)`: (function's key, what for, path) of each address.
    - `most_frame_bytes`, `most_message_bytes`: what a client may send at a time.
    """

    serves: Callable[[HttpRequest, Sequence[Function]], bool]
    opened: Callable[[HttpRequest, float, Calls], tuple[Socket, Headers] | HttpReply]
    heard: Callable[[Socket, str | bytes, float, Calls], str | bytes | None]
    closed: Callable[[Socket, int, str, float, Calls], None]
    manages: Callable[[HttpRequest, Sequence[Function]], bool]
    managed: Callable[[HttpRequest, Calls], HttpReply]
    urls: Callable[[Sequence[Function]], Sequence[tuple[str, str, str]]]
    most_frame_bytes: int
    most_message_bytes: int


class Web(NamedTuple):
    """The HTTP side of a cloud. Everything in it is a fact or a pure function.

    - `statuses`: answers that the cloud's documents leave open, by name, to be replaced one by
      one (`WebRules.statuses`).
    - `sources`: the sources of triggers that HTTP requests fire.
    - `most_body_bytes(request)`: how long a body may be.
    - `refuse(visit, rules)`: what the cloud answers without asking the function, or None.
    - `is_asynchronous(request)`: whether the caller does not wait; then `accepted(visit)`.
    - `event_from_http(visit, rules)`, `http_from_result(result, visit, rules)`: there and back.
    - `forwarded(reply, visit, rules)`: the answer of a function that is passed through.
    - `too_large(limit, id)`: the answer to a body that is longer than `most_body_bytes`.
    - `broken(message, id)`: the answer where a function cannot be started on this machine.
    - `no_route(request, id)`: the answer where no endpoint of the API is meant.
    - `repeats(function)`: what becomes of an asynchronous call.
    - `routes`: the endpoints of the cloud's own API; `prefixes` begin all of their paths.
    - `destined(result, destination, functions)`: the call, without an id, that tells another
      function of the project how an asynchronous call went, where its destination is one.
    - `admit(visit, calls)`: what stands before a function that `is_guarded(visit)`, and may call
      others to decide: the visit, perhaps with its `client`, or the answer of the cloud; None where
      nothing ever does.
    - `patience(visit)`: how long the client is kept waiting, None for as long as the function
      itself may take; None where that is always so.
    - `unrouted(request, functions, id)`: what a domain of the cloud answers where none of its
      routes is meant, or None; None where there are no such domains.
    - `streams(visit)`: whether an answer is sent on as it comes; then `http_from_parts(parts,
      visit, rules)` makes a reply of the parts, the last of which is the result.
    - `sockets`: its WebSockets, None where it has none of its own.
    """

    statuses: Mapping[str, int]
    sources: frozenset[str]
    prefixes: tuple[str, ...]
    most_body_bytes: Callable[[HttpRequest], int]
    refuse: Callable[[Visit, WebRules], HttpReply | None]
    is_asynchronous: Callable[[HttpRequest], bool]
    accepted: Callable[[Visit], HttpReply]
    event_from_http: Callable[[Visit, WebRules], Event]
    http_from_result: Callable[[Result, Visit, WebRules], HttpReply]
    forwarded: Callable[[HttpReply, Visit, WebRules], HttpReply]
    too_large: Callable[[int, str], HttpReply]
    broken: Callable[[str, str], HttpReply]
    no_route: Callable[[HttpRequest, str], HttpReply]
    repeats: Callable[[Function], Repeats]
    routes: tuple[Route, ...]
    destined: Callable[[Result, str, Sequence[Function]], Call | None] = to_nobody
    is_guarded: Callable[[Visit], bool] = lambda visit: True
    admit: Callable[[Visit, Calls], Visit | HttpReply] | None = None
    patience: Callable[[Visit], Patience | None] | None = None
    unrouted: Callable[[HttpRequest, Sequence[Function], str], HttpReply | None] | None = None
    streams: Callable[[Visit], bool] | None = None
    http_from_parts: Callable[[Iterator[Part | Result], Visit, WebRules], HttpReply] | None = None
    sockets: WebSockets | None = None
