"""`localfn list`: the functions of a project."""

import os
from collections.abc import Mapping, Sequence

import click

from localfn.app import find_project
from localfn.cli.table import table
from localfn.debug.ports import Ports
from localfn.gateway.running import find
from localfn.gateway.sites import all_urls
from localfn.model import Function, Severity
from localfn.project import Project
from localfn.settings import resolve

DEFAULT_PORT = 8000


@click.command("list")
@click.option("--output", type=click.Choice(["human", "json"]), default="human")
@click.pass_context
def list_functions(ctx: click.Context, output: str) -> None:
    """Show the functions of the project: runtime, handler, limits, triggers."""
    project = find_project(resolve(ctx.obj, os.environ))
    ports = Ports(project.root).remembered()
    if output == "json":
        import json

        urls = [(key, url) for key, _, url in _urls(project)]
        rows = [
            {**_facts(each, ports), "urls": [url for key, url in urls if key == each.key]}
            for each in project.functions
        ]
        click.echo(json.dumps({"version": 1, "functions": rows}, ensure_ascii=False))
        return
    heads = ("FUNCTION", "RUNTIME", "HANDLER", "MEMORY", "TIMEOUT", "DEBUG", "TRIGGERS")
    click.echo(table(heads, [_row(each, ports) for each in project.functions]))
    _tell_urls(project)
    broken = sum(each.severity is Severity.ERROR for each in project.findings)
    if broken:
        click.echo(f"\n{broken} more cannot be read: `localfn validate` says why.", err=True)


def _tell_urls(project: Project) -> None:
    """Show where functions answer, or would: while a gateway runs, on its port."""
    rows = _urls(project)
    if rows:
        state = "with `localfn start-api`" if find(project.root) is None else "now"
        click.echo(f"\nOver HTTP, {state}:")
        click.echo(table(("FUNCTION", "HTTP", "URL"), rows))


def _urls(project: Project) -> Sequence[tuple[str, str, str]]:
    """Return (function's key, what for, URL) of all that a gateway answers, or would."""
    running = find(project.root)
    port = DEFAULT_PORT if running is None else running.port
    return all_urls(project, port)


def _row(function: Function, ports: Mapping[str, int]) -> tuple[str, ...]:
    triggers = ", ".join(f"{each.source}:{each.name}" for each in function.triggers) or "-"
    return (
        function.key,
        function.runtime,
        function.handler or "-",
        f"{function.memory_mb} MB",
        f"{function.timeout_s:g} s",
        str(ports.get(function.key, "-")),
        triggers,
    )


def _facts(function: Function, ports: Mapping[str, int]) -> dict[str, object]:
    return {
        "key": function.key,
        "name": function.name,
        "service": function.service,
        "runtime": function.runtime,
        "handler": function.handler,
        "code": str(function.code),
        "memory_mb": function.memory_mb,
        "timeout_s": function.timeout_s,
        "debug_port": ports.get(function.key),
        "template": str(function.template) if function.template else None,
        "triggers": [
            {"source": each.source, "name": each.name, "options": dict(each.options)}
            for each in function.triggers
        ],
    }
