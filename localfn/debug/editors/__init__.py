"""What editors need to attach: one file per editor, as pure functions from facts to text."""

from typing import NamedTuple


class Attachment(NamedTuple):
    """A function as an editor attaches to it.

    `here` is the folder of its code, relative to the project; `there` the same inside, "" where it
    is no other. `language` is the one that the editor must speak.
    """

    function: str
    language: str
    port: int
    here: str
    there: str

    @property
    def name(self) -> str:
        """Return the name that an editor shows."""
        return f"{OURS}{self.function}"


# Entries of ours are known by how their names begin; all others are the user's.
OURS = "localfn: "
HOST = "127.0.0.1"
# Where the code of ours lies that calls the user's: in a container, and on this machine.
OURS_OF_NODEJS = (
    "/var/localfn/**",
    "**/runtimes/nodejs/bootstrap.js",
    "**/runtimes/nodejs/shims/**",
)
