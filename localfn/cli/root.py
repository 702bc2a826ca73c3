"""The root command: a table of commands, each loaded when it is used, and the one error border."""

import errno
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from localfn import __version__
from localfn.errors import ExitCode, LocalfnError

# name -> where its command object is, and its line in the help
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("localfn.cli.init:init", "Copy a sample project."),
    "list": ("localfn.cli.list:list_functions", "Show the functions of a project."),
    "validate": ("localfn.cli.validate:validate", "Check the template as the cloud would."),
    "invoke": ("localfn.cli.invoke:invoke", "Run a function once."),
    "start-api": ("localfn.cli.start_api:start_api", "Serve the functions over HTTP."),
    "generate-event": ("localfn.cli.generate_event:generate_event", "Print a sample event."),
    "schema": ("localfn.cli.schema:schema", "Print what localfn.yaml may say."),
    "debug-config": (
        "localfn.cli.debug_config:debug_config",
        "Write what an editor needs to attach.",
    ),
    "install": ("localfn.cli.install:install", "Put a function's dependencies beside its code."),
    "doctor": ("localfn.cli.doctor:doctor", "Show what this machine can run."),
}
FULL = (errno.ENOSPC, errno.EDQUOT)
ISSUES = "https://github.com/localfn/localfn/issues/new"


class CommandTable(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command, loaded now."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of these arguments; suggest one for a name that is not known."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            advice = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"there is no command `{name}`.{advice}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=CommandTable,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("-C", "--project", metavar="DIR", help="Folder of the project.  [default: .]")
@click.option("-t", "--template", metavar="FILE", help="Template to read instead of looking.")
@click.option("--provider", metavar="NAME", help="Cloud, where it cannot be seen.")
@click.option(
    "--value",
    metavar="NAME=VALUE",
    multiple=True,
    help="Value of a template's parameter, or of what only a deployment knows.",
)
@click.option("--values-file", metavar="FILE", help="File of such values, YAML or JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Say more on standard error.")
@click.version_option(__version__, "-V", "--version", message="%(version)s")
@click.pass_context
def root(ctx: click.Context, /, **options: object) -> None:
    """Run, trigger and debug cloud functions on this machine."""
    ctx.obj = options
    if options["verbose"]:
        import logging

        logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s")


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    _leave(_outcome(arguments))


def _leave(code: int) -> NoReturn:
    """End at once: all that was begun is closed, and taking modules down costs a call 8 %."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            continue
        except OSError as error:
            code = _full(error)
    os._exit(code)


def _outcome(arguments: Sequence[str] | None) -> int:
    try:
        code = root.main(arguments, prog_name="localfn", standalone_mode=False)
    except LocalfnError as error:
        tell(error.message, error.hint)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.ClickException as error:
        return _usage(error)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # The reader of our answer has left, which click tells by SystemExit; nothing is wrong, but
        # nothing can be written either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the border: a bug of ours gets its own exit code
        return _full(error) if _is_full(error) else _bug(error)
    return code if isinstance(code, int) else ExitCode.OK


def tell(message: str, hint: str = "") -> None:
    """Write an error and the way out on standard error."""
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"\nhint: {hint}", err=True)


def _usage(error: click.ClickException) -> int:
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"Try `{error.ctx.command_path} --help`."
    tell(error.format_message(), hint)
    return ExitCode.USAGE


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def _full(error: Exception) -> int:
    file = f"`{error.filename}`" if isinstance(error, OSError) and error.filename else "the output"
    why = error.strerror if isinstance(error, OSError) else error
    tell(f"{file} cannot be written: {why}.", "Make room there, or write to another place.")
    return ExitCode.MACHINE_LACKS


def _bug(error: Exception) -> int:
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    tell(f"this is a bug of localfn {__version__}: {error!r}", f"Report it: {ISSUES}")
    return ExitCode.BUG


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
