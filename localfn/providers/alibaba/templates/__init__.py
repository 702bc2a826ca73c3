"""Readers of Function Compute templates: Funcraft, `fc`, `fc3` (contract alibaba-fc, section 1).

The readers are loaded when they are used: projects of other clouds ask only whether there is a
template.
"""

from collections.abc import Mapping
from pathlib import Path

from localfn.model import NOTHING, Function, Reading
from localfn.providers.alibaba.templates.location import TEMPLATE_NAMES, find_template

__all__ = ["TEMPLATE_NAMES", "find_template", "lone_function", "read_template", "recognizes"]


def read_template(
    path: Path, environ: Mapping[str, str], values: Mapping[str, str] = NOTHING
) -> Reading:
    """Return the functions of a template and what was found on the way."""
    from localfn.providers.alibaba.templates import template

    return template.read_template(path, environ, values)


def recognizes(path: Path) -> bool:
    """Return whether a file is a template of Function Compute."""
    from localfn.providers.alibaba.templates import template

    return template.recognizes(path)


def lone_function(folder: Path, file: str, handler: str, runtime: str) -> Function:
    """Return a function for `file` and the `handler` in it, with the defaults of FC3."""
    from localfn.providers.alibaba.templates import lone

    return lone.lone_function(folder, file, handler, runtime)
