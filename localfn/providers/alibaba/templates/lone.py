"""A function without a template."""

from pathlib import Path

from localfn.errors import UsageError
from localfn.model import Function
from localfn.providers.alibaba.runtimes import RUNTIMES
from localfn.providers.alibaba.templates.code import ignore_files
from localfn.providers.alibaba.templates.dialect import FC3
from localfn.providers.alibaba.templates.function import nearest_runtime

_RUNTIMES = {
    ".py": "python3.10",
    ".js": "nodejs20",
    ".mjs": "nodejs20",
}


def lone_function(folder: Path, file: str, handler: str, runtime: str) -> Function:
    """Return a function for `file` and the `handler` in it, with the defaults of FC3.

    An empty runtime is chosen by the file's ending.
    """
    path = folder / file
    return Function(
        name=path.stem,
        runtime=_runtime(path, runtime),
        handler=f"{path.stem}.{handler}",
        code=path.parent,
        memory_mb=FC3.memory_mb,
        ignores=ignore_files(path.parent, path.parent, FC3),
        attributes={
            "generation": FC3.generation,
            "dialect": FC3.name,
            "qualifier": "LATEST",
        },
    )


def _runtime(path: Path, wanted: str) -> str:
    if wanted and wanted not in RUNTIMES:
        raise UsageError(
            f"`{wanted}` is no runtime of Function Compute.", hint=nearest_runtime(wanted)
        )
    if wanted:
        return wanted
    if path.suffix not in _RUNTIMES:
        raise UsageError(
            f"`{path.name}`: the ending `{path.suffix}` does not tell the runtime.",
            hint=f"Known endings: {', '.join(_RUNTIMES)}. Name a runtime for any other.",
        )
    return _RUNTIMES[path.suffix]
