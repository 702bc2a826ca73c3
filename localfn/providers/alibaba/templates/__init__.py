"""Readers of Function Compute templates: Funcraft, `fc`, `fc3` (contract alibaba-fc, section 1)."""

from localfn.providers.alibaba.templates.location import TEMPLATE_NAMES, find_template
from localfn.providers.alibaba.templates.lone import lone_function
from localfn.providers.alibaba.templates.template import read_template, recognizes

__all__ = ["TEMPLATE_NAMES", "find_template", "lone_function", "read_template", "recognizes"]
