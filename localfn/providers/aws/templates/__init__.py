"""Readers of templates for Lambda (contract aws-lambda, section 1)."""

from collections.abc import Mapping
from pathlib import Path

from localfn.errors import ProjectError
from localfn.model import Function, Reading

TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")


def recognizes(_: Path) -> bool:
    """Return that no file is a template of Lambda yet."""
    return False


def find_template(_: Path) -> Path | None:
    """Return that no template is found yet."""
    return None


def read_template(path: Path, _: Mapping[str, str]) -> Reading:
    """Refuse: templates cannot be read yet."""
    raise ProjectError(f"{path}: this is no template of Lambda.")


def lone_function(folder: Path, file: str, handler: str, runtime: str) -> Function:
    """Return a function for `file` and the `handler` in it."""
    path = folder / file
    return Function(
        name=path.stem,
        runtime=runtime or ("python3.13" if path.suffix == ".py" else "nodejs22.x"),
        handler=f"{path.stem}.{handler}",
        code=path.parent,
    )
