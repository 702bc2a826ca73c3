"""A runtime of a cloud, and how localfn runs it."""

from typing import NamedTuple


class Runtime(NamedTuple):
    """A runtime id of a cloud: which language and version it is, and how it is spoken to.

    `image` is the vendor's own image, used only when the user asks for it. `wire` is `bootstrap`
    for programs of ours, `http` for servers, `polled` for images that ask for their events. A
    runtime without a language cannot be run here; `way_out` says what to do instead.
    """

    id: str
    language: str
    version: str
    image: str = ""
    wire: str = "bootstrap"
    way_out: str = ""
