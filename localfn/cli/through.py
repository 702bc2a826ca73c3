"""A call made by the gateway that runs for the project, where there is one."""

from collections.abc import Callable

from localfn.cli.show import say
from localfn.model import Call, Result
from localfn.project import Project
from localfn.settings import Settings

Sink = Callable[[bytes], None]
Invoke = Callable[[Call, Sink], Result]
FILE = (".localfn", "gateway.json")


class Unreachable(Exception):
    """The gateway did not take the call: it has not been made."""


def gateway_of(settings: Settings, project: Project) -> Invoke | None:
    """Return what makes calls through a gateway, None where none runs as `settings` want it."""
    if not project.root.joinpath(*FILE).exists():
        return None
    # What follows costs some milliseconds, which every other cold start would pay for.
    from localfn.gateway.client import Unanswered, call_through, gone
    from localfn.gateway.running import find

    running = find(project.root)
    if running is None or running.template != str(project.template):
        return None
    if running.wishes != settings.run_with:
        # Whoever waits at a breakpoint in the gateway would wait in vain.
        say(
            f"the gateway on port {running.port} runs functions by other settings than this "
            "command, so the call is made without it"
        )
        return None

    answered: list[Result] = []

    def invoke(call: Call, follow: Sink) -> Result:
        try:
            result = call_through(running, call, follow)
        except Unanswered as error:
            if answered:
                raise gone() from error
            raise Unreachable from error
        answered[:] = [result]
        return result

    return invoke
