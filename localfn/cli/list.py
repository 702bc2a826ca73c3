"""`localfn list`: the functions of a project."""

import os
from collections.abc import Mapping

import click

from localfn.app import find_project
from localfn.cli.table import table
from localfn.debug.ports import Ports
from localfn.model import Function, Severity
from localfn.settings import resolve


@click.command("list")
@click.option("--output", type=click.Choice(["human", "json"]), default="human")
@click.pass_context
def list_functions(ctx: click.Context, output: str) -> None:
    """Show the functions of the project: runtime, handler, limits, triggers."""
    project = find_project(resolve(ctx.obj, os.environ))
    ports = Ports(project.root).remembered()
    if output == "json":
        import json

        rows = [_facts(each, ports) for each in project.functions]
        click.echo(json.dumps({"version": 1, "functions": rows}, ensure_ascii=False))
        return
    heads = ("FUNCTION", "RUNTIME", "HANDLER", "MEMORY", "TIMEOUT", "DEBUG", "TRIGGERS")
    click.echo(table(heads, [_row(each, ports) for each in project.functions]))
    broken = sum(each.severity is Severity.ERROR for each in project.findings)
    if broken:
        click.echo(f"\n{broken} more cannot be read: `localfn validate` says why.", err=True)


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
