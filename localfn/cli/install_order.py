"""What is to be installed for whom."""

from typing import NamedTuple

from localfn.model import Function, Runtime


class Order(NamedTuple):
    """A function that has dependencies.

    `versions` are those of the language that the user names; `packages` is the folder beside the
    code for what has no usual place there.
    """

    function: Function
    runtime: Runtime
    versions: tuple[str, ...]
    packages: str
