"""What a backend needs to start an instance, and nothing it must look up."""

from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from localfn.model.contract import HttpContract
from localfn.model.function import NOTHING, Function
from localfn.model.runtime import Runtime


class Site(Enum):
    """Where an instance lives."""

    CONTAINER = "docker"
    PROCESS = "process"


class Layout(NamedTuple):
    """Where a cloud puts things inside an instance. Absolute paths.

    `path` is the `PATH` of the instance's system, to which a cloud may add.
    """

    code: str
    layers: str
    path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Mount(NamedTuple):
    """A folder of the host that an instance sees at `target`."""

    source: Path
    target: str
    writable: bool = False


class Beside(NamedTuple):
    """A container of ours beside one of the user's, which finds its interface there.

    `runtime` says which of our images it is started from. The programs in the folder `companions`
    of the user's image are started beside the image's own.
    """

    runtime: Runtime
    command: tuple[str, ...]
    mounts: tuple[Mount, ...]
    memory_mb: int = 64
    companions: str = ""


class InstancePlan(NamedTuple):
    """How to start one instance.

    `command` runs the bootstrap. In a container `image` names what to start it in and `folder`
    is None; in a process `folder` is the working directory. `init` is the header of the first
    frame. `heap_exhausted` is what the program prints when it aborts because its own heap is
    full. `contract` is what is said where the wire is HTTP, `port` where such a server listens,
    `load_timeout_s` how long it may take to come up. `beside` serves events to an image that asks
    for them. Equal `fingerprint`s share warm instances.
    """

    function: Function
    site: Site
    wire: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    init: Mapping[str, object]
    memory_mb: int
    image: str = ""
    cpu: float | None = None
    disk_mb: int = 512
    mounts: tuple[Mount, ...] = ()
    secrets: frozenset[str] = frozenset()
    labels: Mapping[str, str] = NOTHING
    debug_ports: tuple[int, ...] = ()
    load_timeout_s: float | None = None
    heap_exhausted: bytes = b""
    contract: HttpContract | None = None
    port: int = 0
    beside: Beside | None = None
    fingerprint: str = ""


class InstanceState(Enum):
    """The life of an instance; every step is taken in `instances/instance.py`."""

    NEW = auto()
    STARTING = auto()
    READY = auto()
    BUSY = auto()
    FAILED = auto()
    STOPPED = auto()
