"""`localfn install`: put a function's dependencies where its runtime finds them."""

import os
import re
from collections.abc import Callable
from typing import NamedTuple

import click

from localfn.app import find_project
from localfn.cli.install_nodejs import install_nodejs
from localfn.cli.install_order import Order
from localfn.cli.install_python import install_python
from localfn.errors import UsageError
from localfn.model import Function
from localfn.project import Project
from localfn.settings import Settings, resolve

VERSION = re.compile(r"\d\.\d+")


class Installer(NamedTuple):
    """How one language names its dependencies, and what installs them beside the code."""

    manifest: str
    install: Callable[[Order, Settings], None]


INSTALLERS = {
    "python": Installer("requirements.txt", install_python),
    "nodejs": Installer("package.json", install_nodejs),
}


@click.command()
@click.argument("function", required=False, default="")
@click.option(
    "--python", "versions", metavar="VERSION", multiple=True, help="Python to install for."
)
@click.pass_context
def install(ctx: click.Context, function: str, versions: tuple[str, ...]) -> None:
    """Install the dependencies of FUNCTION (default: of every function) beside its code.

    Python: requirements.txt into a folder that the runtime looks into and the cloud's own tools
    know or leave alone, for the runtime's own version and, where that one is not on this machine,
    for the version that processes fall back to; `--python` names others, such as that of an image
    of yours. Node.js: package.json into node_modules, by npm, without development dependencies.
    """
    _check(versions)
    settings = resolve(ctx.obj, os.environ)
    project = find_project(settings)
    wanted = (project.find(function),) if function else project.functions
    # Functions that share their code and runtime share their dependencies.
    listed = {(each.code, each.runtime): each for each in wanted if _manifest(project, each)}
    if not listed:
        names = " or ".join(f"`{each.manifest}`" for each in INSTALLERS.values())
        raise UsageError(
            f"{project.template}: {_whose(function)} has a {names} beside its code.",
            hint="Write one, or install into the code folder with your own tool.",
        )
    for each in listed.values():
        runtime = project.provider.runtimes[each.runtime]
        order = Order(each, runtime, versions, project.provider.packages)
        INSTALLERS[runtime.language].install(order, settings)


def _check(versions: tuple[str, ...]) -> None:
    for each in versions:
        if not VERSION.fullmatch(each):
            raise UsageError(f"`--python {each}` is no version.", hint="Write it as `3.12`.")


def _manifest(project: Project, function: Function) -> bool:
    """Return whether there is a file that names dependencies in the function's own language."""
    language = project.provider.runtimes[function.runtime].language
    return language in INSTALLERS and (function.code / INSTALLERS[language].manifest).is_file()


def _whose(function: str) -> str:
    return f"`{function}` is not a function that" if function else "no function"
