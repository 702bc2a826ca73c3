"""Dependencies of Python functions, by pip.

Into a folder beside the code that the cloud names, under the version of the interpreter that will
run it, so that several versions live side by side.
"""

import subprocess
import sys

from localfn.cli.install_order import Order
from localfn.cli.show import say, short
from localfn.errors import MachineError
from localfn.invoke.interpreter import find_interpreter
from localfn.model import Function
from localfn.settings import Settings

REQUIREMENTS = "requirements.txt"


def install_python(order: Order, settings: Settings) -> None:
    """Install for these versions, else for the runtime's and what processes fall back to."""
    runtime = order.runtime
    fallback = find_interpreter(runtime, settings.interpreters, settings.environ).version
    for version in order.versions or dict.fromkeys((runtime.version, fallback)):
        _install(order.function, order.packages, version)


def _install(function: Function, packages: str, version: str) -> None:
    target = function.code / packages / "lib" / f"python{version}" / "site-packages"
    say(f"{function.key}: installing for Python {version} into {short(target)}")
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
