"""A function as its template describes it, in words that all clouds share."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[str, str] = MappingProxyType({})


class Place(NamedTuple):
    """Where in a file something was written. `line` counts from 1; 0 means the whole file."""

    path: Path
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else str(self.path)


class Local(NamedTuple):
    """A path on this machine that the user named, and where he did."""

    path: Path
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.place}: `{self.path}`" if self.place else f"`{self.path}`"


class Trigger(NamedTuple):
    """What may call a function.

    `source` is the name of a folder of `events/<cloud>/`. `options` are the trigger's settings
    under the names that the source's fields use (`bucket`, `prefix`, `payload`, …).
    """

    source: str
    name: str
    options: Mapping[str, object] = NOTHING


class Hook(NamedTuple):
    """A handler that the platform calls around invocations, and how long it may take."""

    handler: str
    timeout_s: float = 3.0


class Hooks(NamedTuple):
    """The lifecycle hooks of an instance; None where the function has none."""

    initializer: Hook | None = None
    pre_freeze: Hook | None = None
    pre_stop: Hook | None = None


class Container(NamedTuple):
    """How a custom runtime or a custom image is started. Empty means the cloud's default.

    `folder` is where it is started, where not in the folder that the image names.
    An image that `runs_once` is no server: it is started for each event, and ends by itself.
    """

    image: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    port: int = 0
    folder: str = ""
    runs_once: bool = False


class Volume(NamedTuple):
    """A file system or a bucket that the platform mounts at `target`.

    `source` is what its template calls it; here a folder of this machine stands for it.
    """

    source: str
    target: str
    writable: bool = True


class Function(NamedTuple):
    """A function that can be run.

    `layers` are the references as written. `ignores` are files of gitignore rules, each for the
    folder that it lies in: what they name is not uploaded. `files` is code that stands in the
    template itself, by file name; then `code` is only the template's folder. `most_instances` is
    how many may live at once, None for as many as there is room for. `attributes` are
    facts that only the function's cloud understands (region, log project, generation of the
    product, …).
    """

    name: str
    runtime: str
    handler: str
    code: Path
    service: str = ""
    memory_mb: int = 128
    timeout_s: float = 3.0
    cpu: float | None = None
    disk_mb: int = 512
    concurrency: int = 1
    environment: Mapping[str, str] = NOTHING
    layers: tuple[str, ...] = ()
    mounts: tuple[Volume, ...] = ()
    ignores: tuple[Path, ...] = ()
    files: Mapping[str, str] = NOTHING
    triggers: tuple[Trigger, ...] = ()
    hooks: Hooks = Hooks()
    container: Container | None = None
    attributes: Mapping[str, str] = NOTHING
    template: Place | None = None
    most_instances: int | None = None

    @property
    def key(self) -> str:
        """Return the name that is unique in the project: `service/name`, or the bare name."""
        return f"{self.service}/{self.name}" if self.service else self.name
