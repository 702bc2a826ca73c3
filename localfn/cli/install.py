"""`localfn install`: put a function's dependencies where its runtime finds them.

As the vendors' build commands do: into `.s/python` beside the code, under the version of the
interpreter that will run it, so that several versions live side by side.
"""

import os
import subprocess
import sys
from pathlib import Path

import click

from localfn.app import find_project
from localfn.cli.show import say
from localfn.errors import MachineError, UsageError
from localfn.invoke.interpreter import find_interpreter
from localfn.model import Function
from localfn.project import Project
from localfn.settings import Settings, resolve

REQUIREMENTS = "requirements.txt"


@click.command()
@click.argument("function", required=False, default="")
@click.pass_context
def install(ctx: click.Context, function: str) -> None:
    """Install requirements.txt of FUNCTION (default: of every function) beside its code.

    For the runtime's own version and, where that one is not on this machine, for the version
    that processes fall back to.
    """
    settings = resolve(ctx.obj, os.environ)
    project = find_project(settings)
    wanted = (project.find(function),) if function else project.functions
    listed = [each for each in wanted if (each.code / REQUIREMENTS).is_file()]
    if not listed:
        raise UsageError(
            f"{project.template}: no function has a `{REQUIREMENTS}` beside its code.",
            hint="Write one, or install into the code folder with your own tool.",
        )
    for each in listed:
        for version in _versions(project, each, settings):
            _install(each, version)


def _versions(project: Project, function: Function, settings: Settings) -> tuple[str, ...]:
    runtime = project.provider.runtimes[function.runtime]
    if runtime.language != "python":
        raise UsageError(
            f"`{function.key}` is not written in Python.",
            hint="Use its own package manager in the code folder.",
        )
    found = find_interpreter(runtime, settings.interpreters, settings.environ)
    return tuple(dict.fromkeys((runtime.version, found.version)))


def _install(function: Function, version: str) -> None:
    target = function.code / ".s" / "python" / "lib" / f"python{version}" / "site-packages"
    say(f"{function.key}: installing for Python {version} into {_short(target)}")
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--python-version", version, "--only-binary=:all:", "--upgrade"),
        *("--target", str(target), "-r", str(function.code / REQUIREMENTS)),
    ]
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:
        raise MachineError(
            f"pip could not install `{function.code / REQUIREMENTS}` for Python {version}.",
            hint="Its message stands above; a package without a wheel for this version must be "
            "installed with your own tool.",
        )


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
