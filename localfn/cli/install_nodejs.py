"""Dependencies of Node.js functions, by npm: into `node_modules` beside the code."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from localfn.cli.install_order import Order
from localfn.cli.show import say, short
from localfn.errors import MachineError
from localfn.invoke.interpreter import find_interpreter
from localfn.model import Function
from localfn.settings import Settings

MANIFEST = "package.json"
LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
OTHERS_LOCKS = ("pnpm-lock.yaml", "yarn.lock")
# The variable says to npm 6 what the option says to its successors.
PRODUCTION = {"NODE_ENV": "production"}
OPTIONS = ("--omit=dev", "--no-audit", "--no-fund")


def install_nodejs(order: Order, settings: Settings) -> None:
    """Install what is locked, else what `package.json` asks for."""
    function = order.function
    program = find_interpreter(order.runtime, settings.interpreters, settings.environ).path
    npm, path = _npm(function, program, settings.environ)
    has = [each for each in (*LOCKS, *OTHERS_LOCKS) if (function.code / each).is_file()]
    locked = any(each in LOCKS for each in has)
    if has and not locked:
        say(f"{function.key}: npm does not read `{has[0]}`; versions may differ from it")
    how = "ci" if locked else "install"
    say(f"{function.key}: npm {how} into {short(function.code / 'node_modules')}")
    done = subprocess.run(
        [npm, how, *OPTIONS],
        cwd=function.code,
        env={**settings.environ, **PRODUCTION, "PATH": path},
        stdin=subprocess.DEVNULL,
        # What npm reports is talk; our standard output is data.
        stdout=sys.stderr.fileno(),
        check=False,
    )
    if done.returncode:
        raise MachineError(
            f"npm could not install `{function.code / MANIFEST}`.",
            hint="Its message stands above.",
        )


def _npm(function: Function, program: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the npm that came with a Node.js, else one of this machine, and its `PATH`."""
    path = environ.get("PATH", "")
    beside = program.with_name("npm")
    if os.access(beside, os.X_OK):
        # npm is started by the first `node` there, which is also what it builds for.
        return str(beside), f"{beside.parent}{os.pathsep}{path}"
    found = shutil.which("npm", path=path)
    if found is None:
        raise MachineError(
            f"npm is not installed, so the packages of `{function.key}` cannot be "
            f"(`{function.code / MANIFEST}`).",
            hint="Install Node.js with npm, or install into the code folder with your own tool.",
        )
    return found, path
