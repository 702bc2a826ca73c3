"""`localfn doctor`: what this machine can run, and how to get the rest."""

import os
import platform
from collections.abc import Mapping

import click

from localfn import __version__, providers
from localfn.cli.table import table
from localfn.errors import MachineError
from localfn.instances.engine import describe
from localfn.invoke.interpreter import find_interpreter
from localfn.model import Runtime
from localfn.settings import Settings, resolve


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Show what this machine can run: interpreters, the container engine, every runtime."""
    settings = resolve(ctx.obj, os.environ)
    click.echo(f"localfn {__version__} on Python {platform.python_version()}, {platform.system()}")
    click.echo(_engine(settings.environ))
    for name in providers.names():
        provider = providers.load(name)
        rows = [_row(each, settings) for each in provider.runtimes.values()]
        click.echo(f"\n{provider.title}")
        click.echo(table(("RUNTIME", "IN A PROCESS"), [row for row in rows if row]))


def _engine(environ: Mapping[str, str]) -> str:
    try:
        return f"containers: {describe(environ)}"
    except MachineError as error:
        return f"containers: none. {error.message}\n  hint: {error.hint}"


def _row(runtime: Runtime, settings: Settings) -> tuple[str, str] | None:
    if not runtime.language:
        return runtime.id, "not yet"
    try:
        found = find_interpreter(runtime, settings.interpreters, settings.environ)
    except MachineError as error:
        return runtime.id, f"{error.message} {error.hint}"
    how = f"{found.version} instead ({found.path})" if found.note else str(found.path)
    return runtime.id, how
