"""`localfn validate`: what the template says that no cloud, or not this machine, can follow."""

import os
from collections.abc import Sequence

import click

from localfn.app import find_project, look_closely
from localfn.errors import ExitCode
from localfn.model import Finding, Severity
from localfn.project_file import FILE
from localfn.settings import gather


@click.command()
@click.option("--output", type=click.Choice(["human", "json"]), default="human")
@click.pass_context
def validate(ctx: click.Context, output: str) -> int:
    """Check the template, localfn.yaml, and whether this machine has what they name.

    Every finding has its file and line. Exit code 3 if one is an error.
    """
    settings = gather(ctx.obj, os.environ)
    project = find_project(settings)
    findings = (*settings.findings, *project.findings, *look_closely(project, settings))
    broken = {each.function for each in findings if each.severity is Severity.ERROR}
    code = ExitCode.PROJECT_WRONG if broken else ExitCode.OK
    if output == "json":
        import json

        told = [_facts(each) for each in findings]
        click.echo(json.dumps({"version": 1, "findings": told}, ensure_ascii=False))
        return code
    _show(findings)
    running = [each for each in project.functions if each.key not in broken]
    click.echo(
        f"{project.template}: {project.provider.title}, {len(running)} functions can run, "
        f"{len(findings)} findings."
    )
    return code


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        click.echo(f"{finding.place}: {finding.severity.value}: {finding.message}")
        if finding.hint:
            click.echo(f"  hint: {finding.hint}")
    asked = dict.fromkeys(each.asks for each in findings if each.asks)
    if asked:
        import json

        # Text in JSON is text in YAML too.
        lines = [f"  {json.dumps(each, ensure_ascii=False)}:" for each in asked]
        click.echo("\n".join(["", f"To fill in, in {FILE}:", "values:", *lines, ""]))


def _facts(finding: Finding) -> dict[str, object]:
    return {
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "function": finding.function,
        "file": str(finding.place.path),
        "line": finding.place.line,
        "asks": finding.asks,
    }
