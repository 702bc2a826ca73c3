"""Readers of SAM, CloudFormation and CDK templates (contract aws-lambda, section 1)."""

from collections.abc import Mapping
from pathlib import Path

from localfn.model import NOTHING, Function, Reading
from localfn.providers.aws.templates.location import TEMPLATE_NAMES, find_template, recognizes

__all__ = ["TEMPLATE_NAMES", "find_template", "lone_function", "read_template", "recognizes"]


# The readers are loaded for projects of this cloud; every other only asks for its templates.


def read_template(
    path: Path, environ: Mapping[str, str], values: Mapping[str, str] = NOTHING
) -> Reading:
    """Return what a template says; see `template.read_template`."""
    from localfn.providers.aws.templates.template import read_template as read

    return read(path, environ, values)


def lone_function(folder: Path, file: str, handler: str, runtime: str) -> Function:
    """Return a function without a template; see `lone.lone_function`."""
    from localfn.providers.aws.templates.lone import lone_function as lone

    return lone(folder, file, handler, runtime)
