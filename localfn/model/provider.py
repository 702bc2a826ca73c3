"""A cloud, described: a table of facts and pure functions."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from localfn.model.call import Invocation
from localfn.model.contract import HttpContract
from localfn.model.function import Function, Place
from localfn.model.plan import Layout
from localfn.model.result import Result
from localfn.model.runtime import Runtime
from localfn.model.web import DomainRoute, Web


class Severity(Enum):
    """An error keeps its function from running; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Finding(NamedTuple):
    """Something in a template that its author should know. `function` is a key, or empty.

    `asks` is the name of a value that would settle it: one of those that `read_template` takes.
    """

    severity: Severity
    message: str
    place: Place
    function: str = ""
    hint: str = ""
    asks: str = ""


class Reading(NamedTuple):
    """What a template says: the functions that can be run, and what was found on the way.

    `routes` are the paths of custom domains. `files` are the files that were read for it, and the
    paths that were looked for in vain: when one of them changes or appears, the template says
    something else.
    """

    functions: tuple[Function, ...]
    findings: tuple[Finding, ...] = ()
    files: frozenset[Path] = frozenset()
    routes: tuple[DomainRoute, ...] = ()


class Limits(NamedTuple):
    """What the cloud refuses. Sizes in bytes, times in seconds."""

    sync_payload_bytes: int
    async_payload_bytes: int
    response_bytes: int
    memory_mb: tuple[int, int]
    timeout_s: tuple[float, float]


class Provider(NamedTuple):
    """One cloud. Everything in it is a fact or a pure function.

    - `recognizes(path)`: whether this file is a template of the cloud.
    - `find_template(folder)`: the template that the cloud's own tools would take, or None.
    - `read_template(path, environ, values)`: what it says; raises `ProjectError` when it is no
      template. `values` are the user's for what a template leaves open, by the name under which
      the template asks for it: its parameters, and what only a deployment knows.
    - `lone_function(folder, file, handler, runtime)`: a function without a template.
    - `shim`: name of the file in `runtimes/<language>/shims/` (without its ending).
    - `variables(function, runtime, layout, environ)`: the environment of an instance, the
      user's variables included; `secrets` names those that must not be shown.
    - `context(invocation, environ)`: JSON-ready facts from which the shim builds the handler's
      context.
    - `request_id(function, now, entropy)`: a new id; `now` in epoch seconds, `entropy` 16 bytes.
    - `start_output(invocation)`: what the platform prints when an instance comes up for it.
    - `opening_lines` / `closing_lines`: the platform's log lines around one invocation.
    - `hook_lines(hook, invocation)`: the same around a lifecycle hook.
    - `error_body(result)`: the payload a caller gets when `result.failure` is set;
      `result.payload` is what the function answered itself, where it did.
    - `packages`: the folder beside the code where Python packages are installed for it: one that
      the cloud's own tools know or leave alone.
    - `web()`: the HTTP side, loaded when a gateway asks: a plain `invoke` has no use for it.
    - `http`: how it talks to functions that are servers, None where it has none.
    - `polled_at`: the address at which images ask for their events, "" where none do.
    - `companions`: the folder of images and, in the place of layers, of layers, whose programs are
      started beside the function's own, "" for none.
    - `wrapper`: the variable by which a function names a program that starts its language's own,
      which it is given as arguments; "" where there is no such thing.
    - `init_limit_s`: how long code may take to be loaded where that is a phase of its own, before
      the first invocation begins; None where loading is a part of that invocation.
    """

    name: str
    title: str
    limits: Limits
    layout: Layout
    runtimes: Mapping[str, Runtime]
    secrets: frozenset[str]
    template_names: Sequence[str]
    recognizes: Callable[[Path], bool]
    find_template: Callable[[Path], Path | None]
    read_template: Callable[[Path, Mapping[str, str], Mapping[str, str]], Reading]
    lone_function: Callable[[Path, str, str, str], Function]
    shim: str
    variables: Callable[[Function, Runtime, Layout, Mapping[str, str]], Mapping[str, str]]
    context: Callable[[Invocation, Mapping[str, str]], Mapping[str, object]]
    request_id: Callable[[Function, float, bytes], str]
    start_output: Callable[[Invocation], bytes]
    opening_lines: Callable[[Invocation], bytes]
    closing_lines: Callable[[Result], bytes]
    hook_lines: Callable[[str, Invocation], tuple[bytes, bytes]]
    error_body: Callable[[Result], bytes]
    packages: str
    web: Callable[[], Web]
    http: HttpContract | None = None
    polled_at: str = ""
    companions: str = ""
    wrapper: str = ""
    init_limit_s: float | None = None
