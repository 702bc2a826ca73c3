"""Build a session from settings: the only place that knows every part."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from localfn import assets
from localfn.errors import LocalfnError
from localfn.instances.choice import Backends, Containers
from localfn.instances.instance import Instance
from localfn.instances.process import ProcessBackend
from localfn.invoke.fleet import Sink, Standing, nowhere
from localfn.invoke.invoker import Invoker
from localfn.invoke.plan import Planner, Wishes
from localfn.invoke.plans import Plans
from localfn.invoke.pool import End, Lives, Open, Pool, Renewal, Tell, untold
from localfn.model import Call, Function, InstancePlan, Result, Revision, Site
from localfn.project import Project, is_lone, open_lone, open_project
from localfn.settings import Settings

Say = Callable[[str], None]
# Ctrl-C of a gateway ends everything within a second.
STOP_LIMIT_S = 0.8


class Session(NamedTuple):
    """A project whose functions can be called, from any number of threads.

    - `renew(function, sink, afresh)`: from now on no call of the function is served by code that
      was loaded before; `Pool.renew` tells the rest. Raises what planning it raises: then calls
      of it get the same error.
    - `retire(key)`: the function is no longer there.
    - `warm(function, sink)`: load it before anybody calls; `Pool.warm`.
    - `standing()`: how many instances of each function there are.
    """

    project: Project
    invoke: Callable[[Call, Sink], Result]
    run_line: Callable[[Function], str]
    renew: Callable[[Function, Sink, bool], Renewal]
    retire: Callable[[str], None]
    warm: Callable[[Function, Sink], Revision | None]
    standing: Callable[[], tuple[Standing, ...]]


def find_project(settings: Settings, reference: str = "", runtime: str = "") -> Project:
    """Return the project of these settings, or the lone file that `reference` names."""
    if is_lone(reference) and settings.template is None:
        return open_lone(settings.root, reference, settings.provider, runtime)
    return open_project(settings.root, settings.template, settings.provider, settings.environ)


@contextmanager
def open_session(
    settings: Settings,
    project: Project,
    say: Say,
    follow_stop: Sink = nowhere,
    *,
    lasting: bool = False,
    tell: Tell = untold,
) -> Iterator[Session]:
    """Yield a session that runs the project's functions; everything is given back at the end.

    `say` takes lines for the person at the terminal; `follow_stop` the log of pre-stop hooks. A
    `lasting` session keeps spares and lets idle instances time out, and its end does not wait
    long for hooks; `tell` gets news of renewals, from other threads.
    """
    rules = settings.rules if lasting else settings.rules._replace(idle_s=None)
    wishes = Wishes(settings.environment, cpu_limit=settings.cpu_limit)
    planner = Planner(project.provider, project.root, wishes, settings.environ)
    backends = Backends(
        settings.runner,
        lambda: _containers(settings, say),
        lambda: ProcessBackend(settings.environ),
        say,
        rules.spares if lasting else None,
    )
    plans = Plans(planner, backends.choose, say)

    def make(planned: InstancePlan) -> Instance:
        return Instance(planned, backends.backend(planned.site), say)

    def keep(open_: Open, end: End) -> Pool:
        lives = Lives(make, open_, end, backends.ends_first, backends.forget)
        return Pool(lives, rules, tell)

    invoker = Invoker(
        project.provider,
        lambda call: plans.find(call.function),
        keep,
        settings.environ,
        timeout_s=settings.timeout_s,
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

    try:
        yield Session(
            project,
            invoker,
            lambda function: _run_line(plans.find(function), settings),
            renew,
            retire,
            lambda function, sink: pool.warm(plans.find(function), sink),
            pool.standing,
        )
    finally:
        backends.drop_spares()
        invoker.close(STOP_LIMIT_S if lasting else None)
        backends.close()
        planner.close()


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
        lambda client: Images(client, runtimes, wanted, registry, bases, say),
        settings.network,
    )
