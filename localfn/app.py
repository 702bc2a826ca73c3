"""Build a session from settings: the only place that knows every part."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from localfn import assets
from localfn.errors import ProjectError
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
    Site,
)
from localfn.project import Project, is_lone, open_lone, open_project
from localfn.settings import Settings

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
    backends = Backends(
        settings.runner,
        lambda: _containers(settings, say),
        lambda: ProcessBackend(settings.environ),
        say,
    )

    plans: dict[str, InstancePlan] = {}

    def plan(function: Function) -> InstancePlan:
        """Return the plan of a function, made once as long as the function stays the same."""
        known = plans.get(function.key)
        if known is not None and known.function is function:
            return known
        site, image = backends.choose(planner.runtime(function))
        plans[function.key] = planner.plan(function, site, image)
        planner.say_notes(say)
        return plans[function.key]

    def make(planned: InstancePlan) -> Instance:
        return Instance(planned, backends.backend(planned.site), say)

    invoker = Invoker(
        project.provider,
        lambda call: plan(call.function),
        make,
        settings.environ,
        timeout_s=settings.timeout_s,
        follow_stop=follow_stop,
    )
    try:
        yield Session(
            project,
            invoker,
            getattr(invoker, "forward", _forward_nothing),
            lambda function: _run_line(plan(function), settings),
        )
    finally:
        invoker.close()
        backends.close()


def _wishes(settings: Settings) -> Wishes:
    return Wishes(
        settings.environment,
        settings.layers,
        settings.mounts,
        settings.interpreters,
        settings.cpu_limit,
    )


def _forward_nothing(call: Call, _: HttpRequest, __: Sink) -> HttpReply:
    raise ProjectError(f"`{call.function.key}` is no web server, so no request can be passed on.")


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
