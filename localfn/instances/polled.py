"""Images of the user's own whose program asks for its events (`localfn.instances.guest`).

Such a program has to reach an interface at an address of its own machine, whatever its image
holds. So two containers share one network: ours serves the interface there and speaks frames with
us, the user's runs as it is. Nothing is published. What the program prints comes over a stream of
its own; a keeper removes its container, whatever becomes of localfn.
"""

import io
import tarfile
import threading
from contextlib import suppress
from pathlib import Path

from localfn.errors import MachineError
from localfn.instances import cgroup, docker
from localfn.instances.attached_output import AttachedOutput
from localfn.instances.container import exit_of, leave_alone, refusal
from localfn.instances.engine import Engine, Refused
from localfn.instances.guest import Exit
from localfn.instances.keeping import Keeper
from localfn.model import InstancePlan
from localfn.wires.channel import Channel
from localfn.wires.frames import ChannelClosed
from localfn.wires.tape import LogTape

KILL_LIMIT_S = 5.0
LISTENING_LIMIT_S = 20.0


class SettledTape(LogTape):
    """A tape without marks: what was printed for an answer is what has come when it is quiet."""

    output: AttachedOutput | None = None

    def take(self, name: str, limit_s: float) -> bytes:
        """Return what was printed until now."""
        if self.output is not None:
            self.output.settle()
            self.output.begin()
        return self._cut()


class PolledImage:
    """The container of an image, and the one beside it that serves it events."""

    def __init__(
        self, engine: Engine, keeper: Keeper, plan: InstancePlan, host: str, network: str
    ) -> None:
        self.closed = False
        self._engine = engine
        self._keeper = keeper
        self._tape = SettledTape()
        self._exit: Exit | None = None
        self._exited = threading.Event()
        self._peak: Path | None = None
        self._peak_mb = 0.0
        self._id = ""
        keeper.start()
        self._beside = docker.DockerGuest(engine, plan, _beside(plan, host, network))
        try:
            self._await_listening(plan)
            self._start(plan)
        except BaseException:
            self.close()
            raise

    @property
    def channel(self) -> Channel:
        """Return the conversation with whoever serves the program."""
        return self._beside.channel

    @property
    def tape(self) -> LogTape:
        """Return what the program prints."""
        return self._tape

    def kill(self, grace_s: float) -> Exit:
        """End the program at once: it is asked nothing."""
        self.peak_memory_mb()
        if self._exit is None:
            with suppress(Refused, MachineError):
                self._engine.ask("POST", f"/containers/{self._id}/kill")
        return self.await_exit(KILL_LIMIT_S) or Exit(signal=9)

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the program ended, None when it still runs after this long."""
        self._exited.wait(limit_s)
        return self._exit

    def debug_address(self, port: int) -> tuple[str, int]:
        """Refuse: no debugger is put into an image."""
        raise MachineError(f"port {port} of an image of its own is not published.")

    def peak_memory_mb(self) -> float:
        """Return the most memory that was used; 0 where the engine is on no Linux of ours."""
        self._peak_mb = max(self._peak_mb, cgroup.read_mb(self._peak))
        return self._peak_mb

    def renew(self) -> bool:
        """Return False: the program is the container's main process."""
        return False

    def close(self) -> None:
        """Have both containers removed. May be called twice."""
        if self.closed:
            return
        self.closed = True
        if self._id:
            self._keeper.remove(self._id)
        self._beside.close()
        if self._tape.output is not None:
            self._tape.output.close()

    def _await_listening(self, plan: InstancePlan) -> None:
        """Wait until the interface is there: a program that finds none gives up."""
        try:
            told = self._beside.channel.receive(LISTENING_LIMIT_S)
        except ChannelClosed:
            told = None
        if told is None or told.kind != "listening":
            raise MachineError(
                f"what serves events to the image of `{plan.function.key}` does not come up.",
                hint="`LOCALFN_BASE_POLLING` names the base of its image, which needs a `python3`.",
            )

    def _start(self, plan: InstancePlan) -> None:
        wanted = _image(plan, self._beside.container)
        self._id = str(self._engine.ask("POST", "/containers/create", wanted)["Id"])
        self._keeper.hold(self._id)
        link = self._engine.attach(self._id)
        self._tape.output = AttachedOutput(link, self._tape, self._note_exit)
        try:
            self._engine.ask("POST", f"/containers/{self._id}/start")
        except Refused as error:
            raise refusal(plan, str(error), "") from error
        state = self._engine.ask("GET", f"/containers/{self._id}/json")["State"]
        self._peak = cgroup.peak_counter(int(state["Pid"] or 0))
        assert plan.beside is not None
        for each in self._companions(plan.beside.companions):
            self._start_beside(each)

    def _companions(self, folder: str) -> list[str]:
        """Return the programs that the image wants to be started beside its own."""
        if not folder or not self._engine.has(self._id, folder):
            return []
        packed = io.BytesIO(self._engine.packed(self._id, folder))
        with tarfile.open(fileobj=packed) as opened:
            found = [each.name for each in opened if each.isfile() and each.mode & 0o111]
        # Names begin with that of the folder itself.
        return sorted(
            f"{folder}/{name.partition('/')[2]}" for name in found if name.count("/") == 1
        )

    def _start_beside(self, program: str) -> None:
        """Start a program in the container; what it prints is nobody's."""
        with suppress(Refused):  # the container has ended already
            asked = f"/containers/{self._id}/exec"
            made = self._engine.ask("POST", asked, {"Cmd": [program], "Env": []})
            self._engine.ask("POST", f"/exec/{made['Id']}/start", {"Detach": True})

    def _note_exit(self) -> None:
        """Ask how the program ended, when its output has; nobody serves it any more then."""
        try:
            self._engine.ask("POST", f"/containers/{self._id}/wait")
            state = self._engine.ask("GET", f"/containers/{self._id}/json")["State"]
        except (Refused, MachineError, TypeError):
            self._exit = Exit(signal=9, peak_memory_mb=self._peak_mb)
        else:
            self._exit = exit_of(state, self._peak_mb)
        self._exited.set()
        # Whoever waits for an answer learns by this that none will come.
        self._beside.hang_up()


def _beside(plan: InstancePlan, image: str, network: str) -> dict[str, object]:
    """Return the container that serves events, as the engine's API takes it."""
    assert plan.beside is not None
    ours = plan._replace(
        image=image,
        command=plan.beside.command,
        folder=Path("/"),
        mounts=plan.beside.mounts,
        memory_mb=plan.beside.memory_mb,
        cpu=None,
    )
    return docker.spec(ours, network)


def _image(plan: InstancePlan, beside: str) -> dict[str, object]:
    """Return the container of the user's image, as the engine's API takes it."""
    limits = docker.limits_of(plan, f"container:{beside}")
    limits["AutoRemove"] = False
    limits["Memory"] = limits["MemorySwap"] = plan.memory_mb << 20
    del limits["PortBindings"]
    spec = docker.spec(plan, "")
    spec["HostConfig"] = limits
    spec["Env"] = [f"{name}={value}" for name, value in docker.variables_of(plan).items()]
    for name in ("AttachStdin", "OpenStdin", "StdinOnce"):
        spec[name] = False
    del spec["ExposedPorts"]
    leave_alone(plan, spec)
    return spec
