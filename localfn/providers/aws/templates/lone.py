"""A function without a template."""

from pathlib import Path

from localfn.errors import UsageError
from localfn.model import Function
from localfn.nearest import nearest
from localfn.providers.aws.runtimes import NEWEST_NODEJS, NEWEST_PYTHON, RUNTIMES

_RUNTIMES = {
    ".py": NEWEST_PYTHON,
    ".js": NEWEST_NODEJS,
    ".mjs": NEWEST_NODEJS,
    ".cjs": NEWEST_NODEJS,
}


def lone_function(folder: Path, file: str, handler: str, runtime: str) -> Function:
    """Return a function for `file` and the `handler` in it, with the cloud's defaults.

    An empty runtime is chosen by the file's ending.
    """
    path = folder / file
    return Function(
        name=path.stem,
        runtime=_runtime(path, runtime),
        handler=f"{path.stem}.{handler}",
        code=path.parent,
        attributes={"logical_id": path.stem},
    )


def _runtime(path: Path, wanted: str) -> str:
    if wanted and wanted not in RUNTIMES:
        raise UsageError(f"`{wanted}` is no runtime of Lambda.", hint=nearest(wanted, RUNTIMES))
    if wanted:
        return wanted
    if path.suffix not in _RUNTIMES:
        raise UsageError(
            f"`{path.name}`: the ending `{path.suffix}` does not tell the runtime.",
            hint=f"Known endings: {', '.join(_RUNTIMES)}. Name a runtime for any other.",
        )
    return _RUNTIMES[path.suffix]
