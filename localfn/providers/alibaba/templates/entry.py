"""One function of a template on its way to be read."""

from typing import NamedTuple

from localfn.model import DomainRoute
from localfn.providers.alibaba.templates.draft import Draft
from localfn.templates.notebook import Notebook


class Entry(NamedTuple):
    """A function's label in the template, its draft where there is one, and what was found.

    `routes` are the paths of custom domains that the entry brings.
    """

    label: str
    draft: Draft | None
    notes: Notebook
    routes: tuple[DomainRoute, ...] = ()
