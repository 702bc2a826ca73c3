"""The debugger of one function: its port, its relay, and what its workers are told."""

import socket
import time
from collections.abc import Callable, Mapping

from localfn.debug.adapters import Adapter
from localfn.debug.clock import Clock
from localfn.debug.door import Door
from localfn.debug.kinds import OWN, Kind
from localfn.debug.listener import HOST
from localfn.debug.own import MACHINE, OPENINGS, Opening, Place, joined
from localfn.debug.plain_relay import PlainRelay
from localfn.debug.target import Target
from localfn.model import InstancePlan, Mount, Site

# Where a container sees the debuggers' files.
FILES = "/var/localfn-debug"
ANYWHERE = "0.0.0.0"  # noqa: S104 - inside a container; published on this machine only
# What a debugger takes for itself must not be taken from the function.
DEBUGGER_MB = 256
# By which a custom runtime knows where its debugger shall listen.
VARIABLE = "LOCALFN_DEBUG_PORT"

# What stands for a program in the command of its debugger.
PROGRAM = "PROGRAM"

Address = Callable[[int], tuple[str, int]]


class Debugger:
    """Debugs one function at a time. Opens its port at once, closes it in `close`.

    `language` is that of a program which is not ours, "" where nobody told it. A debugger that
    calls its editor leaves the port to that.
    """

    def __init__(
        self,
        function: str,
        port: int,
        kind: Kind,
        say: Callable[[str], None],
        *,
        waits: bool,
        language: str = "",
    ) -> None:
        self.function = function
        self.port = port
        self.clock = Clock()
        self._kind = kind
        self._say = say
        self._waits = waits
        self._facts: Mapping[str, object] = {}
        self._target = Target(HOST, 0)
        self._inside = port
        self._began: float | None = None
        self._knocked = False
        self._wake: Callable[[], None] | None = None
        self._relay = kind.relay(function, self.clock)
        self._own = kind.name == OWN
        self._opening = OPENINGS.get(language) if self._own else None
        self._door = None if self.calls_back else Door(port, function, self._greet)

    @property
    def calls_back(self) -> bool:
        """Return whether the debugger calls an editor that listens."""
        return self._opening is not None and self._opening.calls_back

    @property
    def is_unknown(self) -> bool:
        """Return whether nobody told how the debugger of a custom runtime is opened."""
        return self._own and self._opening is None

    @property
    def holds(self) -> bool:
        """Return whether an editor shows code that it holds."""
        return self.clock.stands and self._relay.is_attached

    def plan(
        self, plan: InstancePlan, version: str, adapters: tuple[Adapter, ...], foreign: str
    ) -> InstancePlan:
        """Return the plan of an instance that can be debugged.

        `foreign` is where the cloud keeps code, which a process does not.
        """
        contained = plan.site is Site.CONTAINER
        # Where no relay stands between, the port is the same in a process too.
        self._inside = self.port if contained or self.calls_back else free_port()
        self._target = Target(HOST, self._inside)
        if not self._own:
            self._target = Target(
                HOST,
                self._inside,
                mappings=_mappings(plan),
                foreign=() if contained else (foreign,),
                hidden=_hidden(plan),
            )
        self._facts = {
            "kind": self._kind.name,
            "host": ANYWHERE if contained else HOST,
            "port": self._inside,
            "command": [],
            "folders": [[list(each.since), _seen(each, plan.site)] for each in adapters],
        }
        if self._opening is not None:
            plan = self._opened(plan, self._opening)
        return plan._replace(
            command=self._kind.command(plan.command, version),
            memory_mb=plan.memory_mb + DEBUGGER_MB,
            cpu=None,
            mounts=(
                *plan.mounts,
                *(Mount(each.folder, _seen(each, plan.site)) for each in adapters),
            ),
            debug_ports=(self._inside,),
            environment={**plan.environment, VARIABLE: str(self._inside)},
            fingerprint=f"{plan.fingerprint} debugged on {self._inside}",
        )

    def _opened(self, plan: InstancePlan, opening: Opening) -> InstancePlan:
        """Return the plan of a program that opens its own debugger."""
        contained = plan.site is Site.CONTAINER
        place = Place(
            ANYWHERE if contained else HOST,
            self._inside,
            self._waits,
            MACHINE if contained else HOST,
        )
        container = plan.function.container
        starts_itself = plan.wire != "http" or (container is not None and bool(container.image))
        # A program that is started inside, by a bootstrap of ours.
        self._facts = {**self._facts, "command": list(opening.command((PROGRAM,), place))}
        return plan._replace(
            command=plan.command if starts_itself else opening.command(plan.command, place),
            environment=joined(plan.environment, opening.variables(place)),
            # A program that waits for its editor comes up when that is there.
            load_timeout_s=None if self._waits else plan.load_timeout_s,
        )

    def attend(self, wake: Callable[[], None]) -> None:
        """Have `wake` called once, for an editor that comes before there was any worker."""
        self._wake = wake
        if self._knocked:
            self._rouse()

    def begin(self, address: Address) -> Mapping[str, object]:
        """Return what a worker that is about to load code must know, and lead editors to it.

        `wait_s` is None for as long as it takes. An editor that is here or on its way back is
        waited for in any case: it shall not miss the first lines of new code.
        """
        self._wake = None
        host, port = address(self._inside)
        self._target = self._target._replace(host=host, port=port)
        if not self._own or self._waits:
            self._relay.point(self._target)
        wait_s = self._wait_s()
        if wait_s != 0:
            self.clock.stand()
            self._began = time.monotonic()
        waits = wait_s is None or (self._waits and self._waits_itself)
        if waits and not self._relay.has_editor:
            self._began = time.monotonic()
            self._say(
                f"{self.function} waits for an editor at {HOST}:{self.port}; "
                "`localfn debug-config` writes the configuration for yours"
            )
        return {**self._facts, "wait_s": wait_s}

    @property
    def _waits_itself(self) -> bool:
        """Return whether the program was told to wait for its editor, all by itself."""
        return self._waits and self._opening is not None and not self.calls_back

    def _greet(self, link: socket.socket) -> None:
        self._knocked = True
        self._rouse()
        self._relay.greet(link)

    def _rouse(self) -> None:
        wake, self._wake = self._wake, None
        if wake is not None:
            self._relay.expect()
            wake()

    def loaded(self) -> None:
        """Lead editors to a server that is up.

        Not before: a debugger that is still letting its program start answers nonsense.
        """
        self._relay.point(self._target)

    def _wait_s(self) -> float | None:
        if self._own:
            return 0  # whether it waits is said by the options of its own debugger
        if self._waits:
            return None
        expected_s = self._relay.expected_s()
        if isinstance(self._relay, PlainRelay):
            # An inspector waits without a limit: it is done here, for somebody who may not come.
            return None if expected_s and self._relay.await_editor(expected_s) else 0
        return expected_s

    def heartbeat(self) -> str:
        """Return what the person may be waiting for without knowing it; "" for nothing."""
        if self._waits_itself and self._relay.has_editor:
            self._began = None
        if not (self.clock.stands or (self._waits_itself and self._began)):
            return ""
        where = f"{HOST}:{self.port}"
        if not self._relay.has_editor:
            waited_s = time.monotonic() - (self._began or time.monotonic())
            return f"{self.function} still waits for an editor at {where} ({waited_s:.0f} s)"
        if self._relay.is_attached:
            return f"{self.function} is held by the debugger at {where}; other calls of it wait"
        return f"{self.function} waits for its editor at {where} to set breakpoints"

    def finish(self) -> None:
        """Send no editor on to a next worker: the session is about to end."""
        self._relay.finish()

    def close(self) -> None:
        """Send the editor away and give the port back. May be called twice."""
        if self._door is not None:
            self._door.close()
        self._relay.close()


def free_port() -> int:
    """Return a port of this machine that nobody has."""
    with socket.create_server((HOST, 0)) as link:
        port = link.getsockname()[1]
        assert isinstance(port, int)
        return port


def _mappings(plan: InstancePlan) -> tuple[tuple[str, str], ...]:
    """Return the folders of the user's that have another path inside."""
    return tuple((str(each.source), each.target) for each in _users(plan))


def _users(plan: InstancePlan) -> tuple[Mount, ...]:
    ours = _folder(plan)
    return tuple(each for each in plan.mounts if each.target != ours)


def _folder(plan: InstancePlan) -> str:
    """Return the folder of our bootstrap, as the worker sees it."""
    return plan.command[-1].rpartition("/")[0]


def _hidden(plan: InstancePlan) -> tuple[str, ...]:
    return (f"{_folder(plan)}/**",)


def _seen(adapter: Adapter, site: Site) -> str:
    return f"{FILES}/{adapter.version}" if site is Site.CONTAINER else str(adapter.folder)
