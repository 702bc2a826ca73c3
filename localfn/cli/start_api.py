"""`localfn start-api`: every function of the project on one port."""

import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from localfn.app import Session, find_project, open_session
from localfn.cli import show
from localfn.cli.debug_options import debug_functions_option, debug_options, served
from localfn.cli.table import table
from localfn.errors import ExitCode, LocalfnError, UsageError
from localfn.gateway.gateway import Gateway, Watching, Wishes, open_gateway, own_output
from localfn.gateway.journal import Journal, JsonJournal
from localfn.invoke.fleet import nowhere
from localfn.invoke.pool import NoPlace
from localfn.model import Function, Provider, Result, WebRules
from localfn.project import Project
from localfn.reload.wording import failed
from localfn.settings import RUNNERS, WARM, Settings, resolve

# How long everything may take to end after Ctrl-C, pre-stop hooks included.
END_LIMIT_S = 0.9
GC_THRESHOLDS = (20_000, 20, 20)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@click.command("start-api")
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes any that is free.  [default: 8000]",
)
@click.option(
    "--runner", type=click.Choice(RUNNERS), help="Containers or processes.  [default: auto]"
)
@click.option("--image", metavar="REF", help="Image to run in; `vendor` for the cloud's own.")
@click.option("--network", metavar="NAME", help="Network of containers.  [default: bridge]")
@click.option("--env", metavar="K=V", multiple=True, help="Variable added to every function's.")
@click.option("--env-file", metavar="FILE", help="File of variables added to every function's.")
@click.option("--cpu-limit/--no-cpu-limit", default=None, help="Give containers their CPU share.")
@click.option(
    "--warm",
    type=click.Choice(WARM),
    help="Load functions when they are called, or at once.  [default: lazy]",
)
@click.option(
    "--max-instances",
    metavar="N",
    type=click.IntRange(1),
    help="Instances of all functions that may live at once.  [default: by cores and memory]",
)
@click.option(
    "--idle-timeout",
    metavar="S",
    type=click.FloatRange(0, min_open=True),
    help="Seconds after which an instance without calls is stopped.  [default: 300]",
)
@click.option("--reload/--no-reload", default=None, help="Follow changed files.  [default: reload]")
@click.option(
    "--log",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    help="How calls are written to standard output.",
)
@click.option(
    "--auth", is_flag=True, help="Refuse requests that are not signed as the cloud wants."
)
@click.option(
    "--allow-host", metavar="NAME", multiple=True, help="Name to answer to besides localhost's."
)
@click.option(
    "--status",
    metavar="NAME=CODE",
    multiple=True,
    help="Status where the cloud's documents name none, such as `function-error=500`.",
)
@click.option(
    "--attachment", is_flag=True, help="Add what default domains add: Content-Disposition."
)
@click.option("--claims", metavar="JSON", help="Take every client for one whose token claims this.")
@click.option(
    "--token-keys",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Keys that tokens are checked with: a JWKS, a public key in PEM, or a secret.",
)
@debug_options
@debug_functions_option
@click.option("--retry-pause", metavar="S", type=float, default=1.0, hidden=True)
@click.pass_context
def start_api(ctx: click.Context, /, **options: object) -> int:
    """Serve every function of the project: HTTP triggers, the cloud's own API for its SDKs.

    Ctrl-C ends it, a second one at once.
    """
    stop = _await_signals()
    given = {name: None if value == () else value for name, value in options.items()}

    def read() -> tuple[Settings, Project]:
        settings = resolve({**ctx.obj, **given}, os.environ)
        project = find_project(settings)
        return settings._replace(debugging=served(options, project)), project

    settings, project = read()
    wishes = _wishes(options, settings, project.provider)
    journal = _journal(str(options["log"]), project.provider)
    with open_session(settings, project, show.say, show.follow, lasting=True, read=read) as session:
        with (
            _reloading(session, settings),
            open_gateway(session, wishes, journal, show.say) as gateway,
        ):
            if settings.gateway.warm == "eager":
                _warm_all(session)
            _say_ready(gateway, settings, wishes)
            _collect_less()
            stop.wait()
        _end_within(END_LIMIT_S)
    return ExitCode.INTERRUPTED


def _collect_less() -> None:
    """Look for garbage in cycles less often: a request makes hundreds of objects and no cycle."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


@contextmanager
def _reloading(session: Session, settings: Settings) -> Iterator[None]:
    """Have the session follow its files, if that is wanted."""
    if not settings.reload.enabled:
        yield
        return
    # It imports the watcher's library, which nobody else shall pay for.
    from localfn.reload.reloader import Reloader

    with Reloader(session, show.say, show.follow):
        yield


def _warm_all(session: Session) -> None:
    """Have every function loaded in the background, all at once."""
    for function in session.project.functions:
        threading.Thread(target=_warm, args=(session, function), name="warm", daemon=True).start()


def _warm(session: Session, function: Function) -> None:
    """Load a function, and say so where that fails; its first call will try again."""
    try:
        revision = session.warm(function, nowhere)
    except LocalfnError as error:
        show.say(f"{function.key}: cannot be loaded: {error.message}")
        return
    except NoPlace:  # localfn is stopping
        return
    if revision is not None and revision.error is not None:
        show.say(f"{function.key}: cannot be loaded: {revision.error.message}")
    failure = revision.result.failure if revision is not None and revision.result else None
    if revision is not None and failure is not None:
        code = session.project.provider.layout.code
        show.say(failed(function.key, revision.number, failure, code))


def _wishes(options: Mapping[str, object], settings: Settings, provider: Provider) -> Wishes:
    serving, pause = settings.gateway, options["retry_pause"]
    assert isinstance(pause, float)
    rules = WebRules(
        statuses=_statuses(options["status"], provider),
        attachment=bool(options["attachment"]),
        verifies=bool(options["auth"]),
        environ=settings.environ,
        claims=_claims(options["claims"]),
        token_keys=_token_keys(options["token_keys"]),
        is_patient=settings.debugging is not None,
    )
    names = serving.allow_hosts
    return Wishes(serving.host, serving.port, names, rules, pause, settings.run_with)


def _claims(given: object) -> dict[str, object] | None:
    if given is None:
        return None
    try:
        told = json.loads(str(given))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise UsageError(
            f"`--claims {given}` is no JSON object.", hint="""Such as `--claims '{"sub": "me"}'`."""
        )
    return told


def _token_keys(given: object) -> str:
    """Return the keys of a file; what begins as JSON has to be JSON."""
    if not isinstance(given, Path):
        return ""
    try:
        text = given.read_text()
        if text.lstrip().startswith("{"):
            json.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"`--token-keys {given}` cannot be read: {error}.",
            hint="Name a JWKS, a public key in PEM, or a file with a secret.",
        ) from error
    return text


def _statuses(given: object, provider: Provider) -> dict[str, int]:
    assert isinstance(given, tuple)
    known = provider.web().statuses
    found = {}
    for each in given:
        name, _, code = str(each).partition("=")
        if name not in known or not (code.isdigit() and 200 <= int(code) <= 599):
            listed = ", ".join(f"{name}={code}" for name, code in known.items())
            raise UsageError(
                f"`--status {each}` names no status that can be set.", hint=f"Known: {listed}."
            )
        found[name] = int(code)
    return found


def _journal(kind: str, provider: Provider) -> Watching:
    write = _to_stdout()
    if kind == "json":
        return JsonJournal(write)

    def output(result: Result) -> bytes:
        return own_output(provider, result)

    return Journal(write, output, coloured=_wants_colour())


def _wants_colour() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _to_stdout() -> Callable[[str], None]:
    """Return what writes to standard output, as long as anybody reads there."""
    descriptor = sys.stdout.fileno()

    def write(text: str) -> None:
        left = text.encode(errors="replace")
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            return

    return write


def _say_ready(gateway: Gateway, settings: Settings, wishes: Wishes) -> None:
    rows = gateway.urls()
    if rows:
        click.echo(table(("FUNCTION", "HTTP", "URL"), rows), err=True)
    else:
        click.echo("No function has an HTTP trigger; SDKs can call them all.", err=True)
    if wishes.host not in ("127.0.0.1", "::1", "localhost"):
        show.say(f"listening on {wishes.host}: whoever reaches this machine can run its functions")
    host = f"[{wishes.host}]" if ":" in wishes.host else wishes.host
    click.echo(f"localfn: ready at http://{host}:{gateway.port} (Ctrl-C stops)", err=True)


def _await_signals() -> threading.Event:
    """Return what is set by the first Ctrl-C or SIGTERM; the second one ends the process."""
    stop = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            _leave()
        stop.set()

    for number in STOP_SIGNALS:
        signal.signal(number, note)
    return stop


def _end_within(limit_s: float) -> None:
    """See that the process ends, whatever still holds it: its guests end with it."""
    timer = threading.Timer(limit_s, _leave)
    timer.daemon = True
    timer.start()


def _leave() -> None:
    os._exit(ExitCode.INTERRUPTED)
