"""Dependencies of Python functions, by pip.

As the vendors' build commands do: into `.s/python` beside the code, under the version of the
interpreter that will run it, so that several versions live side by side.
"""

import subprocess
import sys
from collections.abc import Mapping

from localfn import languages
from localfn.cli.show import say, short
from localfn.errors import MachineError
from localfn.model import Function, Runtime

REQUIREMENTS = "requirements.txt"


def install_python(
    function: Function, runtime: Runtime, versions: tuple[str, ...], environ: Mapping[str, str]
) -> None:
    """Install for these versions, else for the runtime's and what processes fall back to."""
    fallback = languages.load(runtime.language).find(runtime.version, environ).version
    for version in versions or dict.fromkeys((runtime.version, fallback)):
        _install(function, version)


def _install(function: Function, version: str) -> None:
    target = function.code / ".s" / "python" / "lib" / f"python{version}" / "site-packages"
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
