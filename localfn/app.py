"""Build a session from settings: the only place that knows every part."""

import shlex
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from localfn import assets, languages
from localfn.errors import LocalfnError, MachineError
from localfn.flow import Flow, aside, finish
from localfn.instances.choice import Backends, Containers
from localfn.instances.instance import Instance
from localfn.instances.process import ProcessBackend
from localfn.invoke.fleet import Sink, Standing, nowhere
from localfn.invoke.gate import Gate
from localfn.invoke.invoker import Begun, Invoker, unheard
from localfn.invoke.keeping import patient
from localfn.invoke.lacking import given_to_nobody, lacking
from localfn.invoke.plan import Planner, Wishes
from localfn.invoke.plans import Plans
from localfn.invoke.pool import End, Lives, NoPlace, Open, Pool, Renewal, Tell, untold
from localfn.live import Live, Read
from localfn.model import (
    Call,
    FailureKind,
    Finding,
    Function,
    HttpReply,
    HttpRequest,
    InstancePlan,
    Place,
    Result,
    Revision,
    Runtime,
    Site,
)
from localfn.project import Project, is_lone, open_lone, open_project
from localfn.settings import Settings
from localfn.templates.env_vars import EnvVars

if TYPE_CHECKING:
    from localfn.debug.debuggers import Debuggers

Say = Callable[[str], None]
# Ctrl-C of a gateway ends everything within a second.
STOP_LIMIT_S = 0.8
# Failures to load, before any handler ran: when somebody was just writing the code, they say
# nothing about it.
LOADING = frozenset(
    {FailureKind.IMPORT_FAILED, FailureKind.HANDLER_MISSING, FailureKind.INIT_FAILED}
)
MOST_LOADS = 3


class Session(NamedTuple):
    """A project whose functions can be called, from any number of threads.

    The project may change while the session is open: read `project` whenever it is needed.

    - `renew(function, sink, afresh)`: from now on no call of the function is served by code that
      was loaded before; `Pool.renew` tells the rest. Raises what planning it raises: then calls
      of it get the same error.
    - `retire(key)`: the function is no longer there.
    - `warm(function, sink)`: load it before anybody calls; `Pool.warm`.
    - `standing()`: how many instances of each function there are.
    - `sources(function)`: what its instances are made of, the code first, then the layers.
    - `reopen()`: read settings and template again; raises `LocalfnError`, and changes nothing,
      when they are broken.
    - `follow(catch_up, tell, is_current)`: call `catch_up` before every call unless `is_current`,
      and `tell` as `open_session`'s.
    """

    live: Live
    gate: Gate
    invoke: Callable[[Call, Sink], Result]
    invoking: Callable[[Call, Sink], Flow[Result]]
    forward: Callable[[Call, HttpRequest, Sink, Begun], HttpReply]
    run_line: Callable[[Function], str]
    renew: Callable[[Function, Sink, bool], Renewal]
    retire: Callable[[str], None]
    warm: Callable[[Function, Sink], Revision | None]
    standing: Callable[[], tuple[Standing, ...]]
    sources: Callable[[Function], tuple[Path, ...]]
    reopen: Callable[[], None]
    follow: Callable[[Callable[[], None], Tell, Callable[[], bool]], None]

    @property
    def project(self) -> Project:
        """Return the project as it was last read."""
        return self.live.project

    @property
    def settings_files(self) -> tuple[Path, ...]:
        """Return the files on which the settings depend, be they there or not."""
        return self.live.settings.files

    @property
    def ignores(self) -> tuple[str, ...]:
        """Return the user's patterns of files whose changes mean nothing."""
        return self.live.settings.reload.ignore

    def hold(self, functions: Collection[str]) -> None:
        """Have calls of these functions wait until `release`."""
        self.gate.hold(functions)

    def release(self) -> None:
        """Let all calls go on."""
        self.gate.release()


def find_project(settings: Settings, reference: str = "", runtime: str = "") -> Project:
    """Return the project of these settings, or the lone file that `reference` names."""
    if is_lone(reference) and settings.template is None:
        return open_lone(settings.root, reference, settings.provider, runtime)
    asked = (settings.root, settings.template, settings.provider)
    return open_project(*asked, settings.environ, settings.values)


def look_closely(project: Project, settings: Settings) -> tuple[Finding, ...]:
    """Return what keeps the project's functions from running on this machine."""
    wishes = _wishes(settings)
    found = (
        finding
        for function in project.functions
        for finding in lacking(function, project.provider, project.root, wishes)
    )
    place = Place(project.template or project.root)
    broken = {each.function for each in project.findings}
    return (*given_to_nobody(project.functions, broken, wishes, place), *found)


@contextmanager
def open_session(
    settings: Settings,
    project: Project,
    say: Say,
    follow_stop: Sink = nowhere,
    *,
    lasting: bool = False,
    tell: Tell = untold,
    read: Read | None = None,
) -> Iterator[Session]:
    """Yield a session that runs the project's functions; everything is given back at the end.

    `say` takes lines for the person at the terminal; `follow_stop` the log of pre-stop hooks. A
    `lasting` session keeps spares and lets idle instances time out, and its end does not wait
    long for hooks; `tell` gets news of renewals, from other threads. `read` reads settings and
    project again when files have changed; without it they stay as they are.
    """
    live = Live(settings, project, read or (lambda: (settings, project)))
    gate, followers = Gate(), [tell]
    keeping = patient(settings.keeping) if lasting else settings.keeping._replace(idle_s=None)
    planners = [_planner(live)]
    debuggers = _debuggers(settings, project, say)
    backends = Backends(
        settings.runner,
        lambda: _containers(settings, say),
        lambda: ProcessBackend(settings.environ),
        say,
        keeping.spares if lasting else None,
    )

    def complete(plan: InstancePlan, runtime: Runtime) -> InstancePlan:
        if debuggers is None:
            return plan
        return _debugged(debuggers, plan, runtime, live.settings, live.project)

    plans = Plans(planners[0], backends.choose, say, complete)

    def make(planned: InstancePlan) -> Instance:
        debugger = None if debuggers is None else debuggers.of(planned.function.key)
        return Instance(planned, backends.backend(planned.site), say, debugger)

    def keep(open_: Open, end: End) -> Pool:
        lives = Lives(make, open_, end, backends.ends_first, backends.forget)
        return Pool(lives, keeping, spread)

    def spread(revision: Revision) -> None:
        for each in tuple(followers):
            each(revision)

    invoker = Invoker(
        project.provider,
        lambda call: plans.find(live.newest(call.function)),
        keep,
        settings.environ,
        has_plan=lambda call: plans.knows(live.newest(call.function)),
        timeout_s=settings.timeout_s,
        untimed=lambda function: bool(debuggers and debuggers.of(function.key)),
        follow_stop=follow_stop,
    )
    pool = invoker.pool

    def renew(function: Function, sink: Sink = nowhere, afresh: bool = False) -> Renewal:
        try:
            planned = plans.make(function)
        except LocalfnError:
            pool.retire(function.key)
            raise
        return pool.renew(planned, sink, afresh=afresh)

    def retire(key: str) -> None:
        plans.drop(key)
        pool.retire(key)

    async def invoking(call: Call, sink: Sink = nowhere) -> Result:
        key = call.function.key
        for _ in range(MOST_LOADS):
            if gate.is_open(key):
                held = gate.count(key)
            else:
                await aside()
                held = gate.enter(key)
            result = await invoker.running(call, sink)
            if not _failed_loading(result) or gate.holds(key) == held:
                break
        return result

    def forward(
        call: Call, request: HttpRequest, sink: Sink = nowhere, begun: Begun = unheard
    ) -> HttpReply:
        gate.enter(call.function.key)
        return invoker.forward(call, request, sink, begun)

    def reopen() -> None:
        before = live.settings
        for name in live.reopen():
            say(f"reload: another `{name}` takes effect at the next start")
        if debuggers is not None:
            _debug_new(debuggers, live, say)
        if live.settings != before:
            planners.append(_planner(live))
            plans.use(planners[-1])
            invoker.use(live.settings.environ, live.settings.timeout_s)

    def load(key: str) -> None:
        """Load a function before it is called, and say so where that fails."""
        # Only gateways with debuggers come here.
        from localfn.reload.wording import failed

        try:
            revision = pool.warm(plans.find(live.project.find(key)), follow_stop)
        except (LocalfnError, NoPlace) as error:
            say(f"{key}: cannot be loaded: {error}")
            return
        if revision is not None and revision.result is not None and revision.result.failure:
            code = project.provider.layout.code
            say(failed(key, revision.number, revision.result.failure, code))

    def load_soon(key: str) -> None:
        threading.Thread(target=load, args=(key,), name="load", daemon=True).start()

    def follow(catch_up: Callable[[], None], told: Tell, is_current: Callable[[], bool]) -> None:
        gate.follow(catch_up, is_current)
        followers.append(told)

    if debuggers is not None and lasting:
        debuggers.attend(load_soon)
    try:
        yield Session(
            live,
            gate,
            lambda call, sink: finish(invoking(call, sink)),
            invoking,
            forward,
            lambda function: _run_line(plans.find(function), settings),
            renew,
            retire,
            lambda function, sink: pool.warm(plans.find(function), sink),
            pool.standing,
            lambda function: planners[-1].sources(function),
            reopen,
            follow,
        )
    finally:
        if debuggers is not None:
            debuggers.finish()
        backends.drop_spares()
        invoker.close(STOP_LIMIT_S if lasting else None)
        if debuggers is not None:
            debuggers.close()
        backends.close()


def _planner(live: Live) -> Planner:
    settings, project = live.settings, live.project
    return Planner(project.provider, project.root, _wishes(settings), settings.environ)


def _failed_loading(result: Result) -> bool:
    failure = result.failure
    return failure is not None and (failure.kind in LOADING or failure.during_init)


def _wishes(settings: Settings) -> Wishes:
    wishes = Wishes(
        EnvVars(settings.environment, settings.environments),
        settings.layers,
        settings.mounts,
        settings.interpreters,
        settings.cpu_limit,
    )
    limit_s = settings.start_limit_s
    return wishes if limit_s is None else wishes._replace(start_limit_s=limit_s)


def _debuggers(settings: Settings, project: Project, say: Say) -> "Debuggers | None":
    """Return the debuggers that the user wants, their ports open; None for none."""
    if settings.debugging is None:
        return None
    # Nobody else shall pay for its import.
    from localfn.debug.debuggers import Debuggers, debuggable
    from localfn.debug.own import language_of
    from localfn.debug.ports import Ports

    asked = settings.debugging
    spoken = languages_of(project)
    functions = debuggable(asked.functions, spoken, say)
    ports = Ports(project.root)
    known = (
        ports.pin(asked.functions[0], asked.port, spoken)
        if asked.port is not None and len(asked.functions) == 1
        else ports.of(spoken, asked.port)
    )
    told = {each.key: language_of(each.runtime) for each in project.functions}
    told |= ports.languages()
    return Debuggers(functions, known, settings.cache, say, waits=asked.waits, spoken=told)


def _debug_new(debuggers: "Debuggers", live: Live, say: Say) -> None:
    """Open the debuggers of functions that the template has now, where all shall be debugged."""
    asked = live.settings.debugging
    if asked is None or asked.functions:
        return
    from localfn.debug.debuggers import debuggable
    from localfn.debug.ports import Ports

    spoken = languages_of(live.project)
    new = {key: told for key, told in spoken.items() if debuggers.of(key) is None}
    try:
        ports = Ports(live.project.root).of(spoken) if new else {}
        for key, language in debuggable((), new, say).items():
            debuggers.open(key, ports[key], language)
    except LocalfnError as error:
        say(f"reload: {error.message}")


def languages_of(project: Project) -> dict[str, str]:
    """Return the language of each function of the project; "" where localfn has no word in it."""
    runtimes = project.provider.runtimes
    return {
        each.key: runtimes[each.runtime].language if each.runtime in runtimes else ""
        for each in project.functions
    }


def _debugged(
    debuggers: "Debuggers",
    plan: InstancePlan,
    runtime: Runtime,
    settings: Settings,
    project: Project,
) -> InstancePlan:
    version, interpreter = runtime.version, None
    with suppress(MachineError):  # a container needs no interpreter of this machine
        found = languages.load(runtime.language).find(version, settings.environ)
        version = found.version if plan.site is Site.PROCESS else version
        interpreter = found.path if found.version == version else None
    shown = project.provider.layout.code
    return debuggers.plan(plan, runtime.language, version, interpreter, shown)


def _run_line(plan: InstancePlan, settings: Settings) -> str:
    """Return the `docker run` line that does what this plan does."""
    if plan.site is not Site.CONTAINER:
        return shlex.join(plan.command)
    from localfn.instances.run_line import run_line

    return run_line(plan, settings.network)


def _containers(settings: Settings, say: Say) -> Containers:
    # Its import takes more than a whole call in a process.
    from localfn.instances.docker import DockerBackend
    from localfn.instances.image import Images

    runtimes = assets.folder("runtimes")
    wanted, registry, bases = settings.image, settings.registry, settings.base_images
    return DockerBackend(
        settings.environ,
        lambda client: Images(client, runtimes, wanted, registry, bases, say, settings.images),
        settings.network,
    )
