"""`localfn invoke`: run a function once."""

import os
import sys
from contextlib import suppress

import click

from localfn.app import find_project, open_session
from localfn.cli import show
from localfn.cli.through import Invoke, Unreachable, gateway_of
from localfn.errors import ExitCode, UsageError
from localfn.model import Call, CallMode, Event, Function, Result
from localfn.project import Project
from localfn.settings import RUNNERS, Settings, resolve


@click.command()
@click.argument("function", required=False, default="")
@click.option("-e", "--event", metavar="FILE|-|JSON", help="The event: a file, stdin, or JSON.")
@click.option(
    "-g", "--generate", metavar="SOURCE[/EVENT]", help="Make an event that this function receives."
)
@click.option(
    "--set", "values", metavar="FIELD=VALUE", multiple=True, help="A field of --generate."
)
@click.option("--count", type=click.IntRange(1), default=1, help="Records of --generate.")
@click.option("--seed", type=int, help="Make --generate repeat itself.")
@click.option(
    "--runner", type=click.Choice(RUNNERS), help="Containers or processes.  [default: auto]"
)
@click.option("--image", metavar="REF", help="Image to run in; `vendor` for the cloud's own.")
@click.option("--network", metavar="NAME", help="Network of containers.  [default: bridge]")
@click.option("--runtime", metavar="ID", default="", help="Runtime of a lone FILE:FUNCTION.")
@click.option("--env", metavar="K=V", multiple=True, help="Variable added to the function's.")
@click.option("--env-file", metavar="FILE", help="File of variables added to the function's.")
@click.option("--timeout", metavar="S", type=float, help="Seconds instead of the template's.")
@click.option(
    "--cpu-limit/--no-cpu-limit",
    default=None,
    help="Give a container only the function's share of the CPU.",
)
@click.option("--repeat", type=click.IntRange(1), default=1, help="Call it so often, kept warm.")
@click.option("--async", "asynchronous", is_flag=True, help="Call as asynchronous callers do.")
@click.option("--output", type=click.Choice(["human", "json"]), default="human")
@click.option("--no-gateway", is_flag=True, help="Run it here, though a gateway runs as well.")
@click.option("--print", "only_print", is_flag=True, help="Show the `docker run` line instead.")
@click.pass_context
def invoke(ctx: click.Context, /, function: str, **options: object) -> int:
    """Run FUNCTION once and print its answer.

    FUNCTION is a name in the template (not needed where there is only one), or FILE:FUNCTION for
    a lone file. The answer goes to standard output byte for byte, the log to standard error. A
    gateway that runs for the project (`localfn start-api`) makes the call with warm instances.
    """
    settings = resolve({**ctx.obj, **options}, os.environ)
    project = find_project(settings, function, str(options["runtime"]))
    lone = project.template is None
    chosen = project.functions[0] if lone else project.find(function)
    if options["only_print"]:
        return _print_line(settings, project, chosen)
    event = _event(project, chosen, options)
    mode = CallMode.ASYNC if options["asynchronous"] else CallMode.SYNC
    quiet = options["output"] == "json"
    follow = _nothing if quiet else show.follow
    call = Call(chosen, event, mode)
    through = None if options["no_gateway"] or lone else gateway_of(settings, project)
    if through is not None:
        with suppress(Unreachable):
            return show.exit_code(_run(through, call, options, quiet=quiet))
    with open_session(settings, project, show.say, follow) as session:
        result = _run(session.invoke, call, options, quiet=quiet)
    return show.exit_code(result)


def _run(invoke: Invoke, call: Call, options: dict[str, object], *, quiet: bool) -> Result:
    """Make the call as often as asked; stop at the first failure."""
    times = options["repeat"]
    assert isinstance(times, int)
    for _ in range(times):
        result = invoke(call, _nothing if quiet else show.follow)
        _show(result, quiet=quiet)
        if result.failure is not None:
            break
    return result


def _show(result: Result, *, quiet: bool) -> None:
    if quiet:
        click.echo(show.envelope(result))
        return
    show.answer(result)
    show.advice(result)


def _event(project: Project, function: Function, options: dict[str, object]) -> Event:
    given, generate = options["event"], options["generate"]
    if given is not None and generate is not None:
        raise UsageError("`--event` and `--generate` exclude each other.", hint="Give one of them.")
    if generate is not None:
        from localfn.cli.generated import generated

        return generated(project, function, str(generate), options)
    if options["values"]:
        raise UsageError("`--set` goes with `--generate`.", hint="Name a source: `--generate oss`.")
    if given is None:
        return Event(_piped())
    from localfn.payloads.reading import read

    return read(str(given), stdin=sys.stdin.buffer.read)


def _piped() -> bytes:
    """Return what is piped to us; nothing where a person or nobody is at the other end."""
    import stat

    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return b""
    if stat.S_ISFIFO(mode) or stat.S_ISREG(mode):
        return sys.stdin.buffer.read()
    return b""


def _print_line(settings: Settings, project: Project, function: Function) -> int:
    with open_session(settings, project, show.say) as session:
        click.echo(session.run_line(function))
    return ExitCode.OK


def _nothing(_: bytes) -> None:
    return
