"""Build a session from settings: the only place that knows every part."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from localfn.errors import MachineError
from localfn.instances.choice import Backends, Containers
from localfn.instances.instance import Instance
from localfn.instances.process import ProcessBackend
from localfn.invoke.invoker import Invoker, nowhere
from localfn.invoke.plan import Planner, Wishes
from localfn.model import Call, Function, InstancePlan, Result
from localfn.project import Project, is_lone, open_lone, open_project
from localfn.settings import Settings

Say = Callable[[str], None]
Sink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Session:
    """A project whose functions can be called."""

    project: Project
    invoke: Callable[[Call, Sink], Result]
    plan: Callable[[Function], InstancePlan]


def find_project(settings: Settings, reference: str = "", runtime: str = "") -> Project:
    """Return the project of these settings, or the lone file that `reference` names."""
    if is_lone(reference) and settings.template is None:
        return open_lone(settings.root, reference, settings.provider, runtime)
    return open_project(settings.root, settings.template, settings.provider, settings.environ)


@contextmanager
def open_session(
    settings: Settings, project: Project, say: Say, follow_stop: Sink = nowhere
) -> Iterator[Session]:
    """Yield a session that runs the project's functions; everything is given back at the end.

    `say` takes lines for the person at the terminal; `follow_stop` the log of pre-stop hooks.
    """
    wishes = Wishes(settings.environment, cpu_limit=settings.cpu_limit)
    planner = Planner(project.provider, project.root, wishes, settings.environ)
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
        yield Session(project, invoker, plan)
    finally:
        invoker.close()
        backends.close()
        planner.close()


def _containers(settings: Settings, say: Say) -> Containers:
    raise MachineError("containers are not wired yet.")
