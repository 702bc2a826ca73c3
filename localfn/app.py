"""Build a session from settings: the only place that knows every part."""

import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from localfn import assets, languages
from localfn.errors import MachineError
from localfn.instances.choice import Backends, Containers
from localfn.instances.instance import Instance
from localfn.instances.process import ProcessBackend
from localfn.invoke.invoker import Invoker, nowhere
from localfn.invoke.lacking import lacking
from localfn.invoke.plan import Planner, Wishes
from localfn.model import (
    Call,
    Finding,
    Function,
    HttpReply,
    HttpRequest,
    InstancePlan,
    Result,
    Runtime,
    Site,
)
from localfn.project import Project, is_lone, open_lone, open_project
from localfn.settings import Settings

if TYPE_CHECKING:
    from localfn.debug.debuggers import Debuggers

Say = Callable[[str], None]
Sink = Callable[[bytes], None]


class Session(NamedTuple):
    """A project whose functions can be called."""

    project: Project
    invoke: Callable[[Call, Sink], Result]
    forward: Callable[[Call, HttpRequest, Sink], HttpReply]
    run_line: Callable[[Function], str]


def find_project(settings: Settings, reference: str = "", runtime: str = "") -> Project:
    """Return the project of these settings, or the lone file that `reference` names."""
    if is_lone(reference) and settings.template is None:
        return open_lone(settings.root, reference, settings.provider, runtime)
    return open_project(settings.root, settings.template, settings.provider, settings.environ)


def look_closely(project: Project, settings: Settings) -> tuple[Finding, ...]:
    """Return what keeps the project's functions from running on this machine."""
    wishes = _wishes(settings)
    return tuple(
        finding
        for function in project.functions
        for finding in lacking(function, project.provider, project.root, wishes)
    )


@contextmanager
def open_session(
    settings: Settings, project: Project, say: Say, follow_stop: Sink = nowhere
) -> Iterator[Session]:
    """Yield a session that runs the project's functions; everything is given back at the end.

    `say` takes lines for the person at the terminal; `follow_stop` the log of pre-stop hooks.
    """
    planner = Planner(project.provider, project.root, _wishes(settings), settings.environ)
    debuggers = _debuggers(settings, project, say)
    backends = Backends(
        settings.runner,
        lambda: _containers(settings, say),
        lambda: ProcessBackend(settings.environ),
        say,
    )

    plans: dict[str, InstancePlan] = {}
    planning = threading.Lock()

    def known(function: Function) -> InstancePlan | None:
        found = plans.get(function.key)
        return found if found is not None and found.function is function else None

    def plan(function: Function) -> InstancePlan:
        """Return the plan of a function, made once as long as the function stays the same."""
        if (made := known(function)) is not None:
            return made
        with planning:
            return known(function) or make_plan(function)

    def make_plan(function: Function) -> InstancePlan:
        site, image = backends.choose(planner.runtime(function))
        planned = planner.plan(function, site, image)
        if debuggers is not None:
            planned = _debugged(debuggers, planned, planner.runtime(function), settings, project)
        plans[function.key] = planned
        planner.say_notes(say)
        return planned

    def make(planned: InstancePlan) -> Instance:
        debugger = None if debuggers is None else debuggers.of(planned.function.key)
        return Instance(planned, backends.backend(planned.site), say, debugger)

    invoker = Invoker(
        project.provider,
        lambda call: plan(call.function),
        make,
        settings.environ,
        timeout_s=settings.timeout_s,
        untimed=lambda function: bool(debuggers and debuggers.of(function.key)),
        follow_stop=follow_stop,
    )
    try:
        yield Session(
            project,
            invoker,
            invoker.forward,
            lambda function: _run_line(plan(function), settings),
        )
    finally:
        if debuggers is not None:
            debuggers.finish()
        invoker.close()
        if debuggers is not None:
            debuggers.close()
        backends.close()


def _wishes(settings: Settings) -> Wishes:
    wishes = Wishes(
        settings.environment,
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
    return Debuggers(functions, known, settings.cache, say, waits=asked.waits)


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
