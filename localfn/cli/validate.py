"""`localfn validate`: what the template says that no cloud, or not this machine, can follow."""

import os

import click

from localfn.app import find_project
from localfn.errors import ExitCode
from localfn.model import Finding, Severity
from localfn.settings import resolve


@click.command()
@click.option("--output", type=click.Choice(["human", "json"]), default="human")
@click.pass_context
def validate(ctx: click.Context, output: str) -> int:
    """Check the template; every finding has its file and line. Exit code 3 if one is an error."""
    project = find_project(resolve(ctx.obj, os.environ))
    broken = any(each.severity is Severity.ERROR for each in project.findings)
    if output == "json":
        import json

        told = [_facts(each) for each in project.findings]
        click.echo(json.dumps({"version": 1, "findings": told}, ensure_ascii=False))
        return ExitCode.PROJECT_WRONG if broken else ExitCode.OK
    for finding in project.findings:
        click.echo(f"{finding.place}: {finding.severity.value}: {finding.message}")
        if finding.hint:
            click.echo(f"  hint: {finding.hint}")
    functions = len(project.functions)
    click.echo(
        f"{project.template}: {project.provider.title}, {functions} functions can run, "
        f"{len(project.findings)} findings."
    )
    return ExitCode.PROJECT_WRONG if broken else ExitCode.OK


def _facts(finding: Finding) -> dict[str, object]:
    return {
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "function": finding.function,
        "file": str(finding.place.path),
        "line": finding.place.line,
    }
