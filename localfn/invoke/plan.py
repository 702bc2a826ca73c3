"""From a `Function` to an `InstancePlan`: all a backend needs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from localfn import assets, languages
from localfn.errors import ProjectError
from localfn.instances import namespace
from localfn.invoke.code import Unpacker
from localfn.invoke.interpreter import find_interpreter
from localfn.invoke.layers import find_layers, layer_places, merge
from localfn.invoke.mounts import find_mounts, variable_of
from localfn.invoke.visible import visible
from localfn.languages import Language, Launch
from localfn.model import (
    Beside,
    Function,
    Hook,
    InstancePlan,
    Layout,
    Local,
    Mount,
    Provider,
    Runtime,
    Site,
)
from localfn.templates.env_vars import NONE, EnvVars

# Where a container sees our bootstraps and the folders of its layers.
RUNTIME_TARGET = "/var/localfn"
LAYERS_TARGET = "/var/localfn-layers"
# How long a server may take to come up. Clouds give it minutes; a person waits less gladly.
START_LIMIT_S = 30.0
# The wires of programs of the user's own, whose start command the cloud's contract tells.
OWN = frozenset({"http", "once"})


# What serves events to images that ask for them; of no cloud, and of no version.
POLLING = Runtime("polling", "polling", "")

NOWHERE: Mapping[str, Local] = MappingProxyType({})


class Wishes(NamedTuple):
    """What the user wants otherwise than the template says."""

    environment: EnvVars = NONE
    layers: Mapping[str, Local] = NOWHERE
    mounts: Mapping[str, Local] = NOWHERE
    interpreters: Mapping[str, Local] = NOWHERE
    cpu_limit: bool = False
    start_limit_s: float = START_LIMIT_S


class Folders(NamedTuple):
    """The folders of this machine that a function needs.

    `visible` is the code without what would not be uploaded, or the code itself.
    """

    code: Path
    visible: Path
    layers: tuple[Path, ...]
    mounts: tuple[Mount, ...]


class Planner:
    """Plans instances of one project."""

    def __init__(
        self, provider: Provider, root: Path, wishes: Wishes, environ: Mapping[str, str]
    ) -> None:
        self._provider = provider
        self._root = root
        self._wishes = wishes
        self._environ = environ
        self._unpacker = Unpacker(root)
        self._notes: dict[str, bool] = {}

    def runtime(self, function: Function) -> Runtime:
        """Return the function's runtime; raise `ProjectError` when localfn cannot start it."""
        runtime = self._provider.runtimes.get(function.runtime)
        if runtime is None or not runtime.language:
            runnable = [each.id for each in self._provider.runtimes.values() if each.language]
            raise ProjectError(
                f"{function.template or function.key}: `{function.key}` has the runtime "
                f"`{function.runtime}`, which localfn cannot run.",
                hint=(runtime and runtime.way_out) or f"It runs {', '.join(runnable)}.",
            )
        container = function.container
        if container is None or not container.image:
            return runtime
        wire = "once" if container.runs_once else runtime.wire
        return runtime._replace(image=container.image, wire=wire)

    def plan(self, function: Function, site: Site, image: str = "") -> InstancePlan:
        """Return how to start an instance: in a container of `image`, or in a process."""
        runtime = self.runtime(function)
        language = languages.load(runtime.language)
        folders = self._folders(function, runtime)
        relay_mb = self._relay_mb(language, folders.layers)
        made = (function, runtime, language, folders)
        if site is Site.CONTAINER:
            plan = self._in_container(*made, accompanied=relay_mb > 0)
            plan = plan._replace(beside=_beside(function, runtime, self._provider))
        else:
            plan = self._in_process(*made, accompanied=relay_mb > 0)
        plan = plan._replace(
            image=image,
            heap_exhausted=language.heap_exhausted,
            memory_mb=plan.memory_mb + relay_mb,
        )
        # An instance does not depend on where its function is written, nor on who calls it.
        told = plan._replace(function=function._replace(template=None, triggers=()))
        return plan._replace(fingerprint=repr(told))

    def sources(self, function: Function) -> tuple[Path, ...]:
        """Return what instances of a function are made of, its code first, be it there or not."""
        layers = layer_places(function, self._root, self._wishes.layers)
        return (self._unpacker.source(function), *layers, *function.ignores)

    def say_notes(self, say: Callable[[str], None]) -> None:
        """Say once what the person should know about the plans made so far."""
        for note, said in self._notes.items():
            if not said:
                say(note)
                self._notes[note] = True

    def _folders(self, function: Function, runtime: Runtime) -> Folders:
        mounts = find_mounts(function, self._root, self._wishes.mounts)
        layers = find_layers(function, self._root, self._wishes.layers, self._unpacker.open)
        if runtime.language == "image":  # it has its code in itself
            return Folders(function.code, function.code, layers, mounts)
        code = self._unpacker.folder(function)
        ignores = function.ignores if code == function.code else ()
        return Folders(code, visible(code, ignores, self._root), layers, mounts)

    def _in_container(
        self,
        function: Function,
        runtime: Runtime,
        language: Language,
        folders: Folders,
        *,
        accompanied: bool,
    ) -> InstancePlan:
        layout = self._provider.layout
        launch = self._launch(function, runtime, layout, accompanied=accompanied)
        mounts = [
            *_mounted_code(runtime, folders.visible, layout),
            *_mounted_bootstraps(runtime, language, launch),
            *self._mounted_layers(folders.layers, layout),
            *folders.mounts,
        ]
        return self._common(
            function,
            runtime,
            Site.CONTAINER,
            layout,
            language.container_command(_bootstraps_target(language, launch), launch),
            Path(layout.code),
            tuple(mounts),
        )

    def _in_process(
        self,
        function: Function,
        runtime: Runtime,
        language: Language,
        folders: Folders,
        *,
        accompanied: bool,
    ) -> InstancePlan:
        interpreter = find_interpreter(runtime, self._wishes.interpreters, self._environ)
        if interpreter.note:
            self._notes.setdefault(interpreter.note, False)
        bootstraps = assets.folder("runtimes") / language.name
        code, view = _view(folders, (interpreter.path, bootstraps))
        layers = self._merged_layers(folders.layers)
        layout = Layout(str(code), str(layers), self._environ.get("PATH", ""))
        launch = self._launch(function, runtime, layout, accompanied=accompanied)
        command = language.process_command(interpreter, bootstraps, launch)
        needed = (interpreter.path, bootstraps, code, layers)
        shown = tuple(each for each in folders.mounts if namespace.can_show(each.target, needed))
        plan = self._common(function, runtime, Site.PROCESS, layout, command, code, (*view, *shown))
        return self._with_hints(plan, [each for each in folders.mounts if each not in shown])

    def _with_hints(self, plan: InstancePlan, missing: Sequence[Mount]) -> InstancePlan:
        """Return a plan whose function is told where the mounts are that it cannot see."""
        for each in missing:
            self._notes.setdefault(
                f"`{each.target}` of `{plan.function.key}` cannot be shown to a process here: its "
                f"folder is `{each.source}`, which `{variable_of(each)}` tells the function",
                False,
            )
        hints = {variable_of(each): str(each.source) for each in missing}
        return plan._replace(environment={**hints, **plan.environment})

    def _common(
        self,
        function: Function,
        runtime: Runtime,
        site: Site,
        layout: Layout,
        command: tuple[str, ...],
        folder: Path,
        mounts: tuple[Mount, ...],
    ) -> InstancePlan:
        provider = self._provider
        variables = provider.variables(function, runtime, layout, self._environ)
        plan = InstancePlan(
            function=function,
            site=site,
            wire=runtime.wire,
            command=command,
            folder=folder,
            environment={**variables, **self._wishes.environment.of(*names_of(function))},
            init={
                "shim": provider.shim,
                "runtime": runtime.id,
                "handler": function.handler,
                "hooks": _hooks(function),
                "code": layout.code,
                "shown_code": provider.layout.code,
                "layers": [layout.layers] if function.layers else [],
                "alone": site is Site.PROCESS,
                "concurrency": function.concurrency,
            },
            memory_mb=function.memory_mb,
            cpu=function.cpu if self._wishes.cpu_limit else None,
            disk_mb=function.disk_mb,
            mounts=mounts,
            secrets=provider.secrets,
        )
        return self._served(plan) if runtime.wire in OWN else plan

    def _served(self, plan: InstancePlan) -> InstancePlan:
        """Return a plan with what a program of the user's own is told and allowed."""
        contract, container = self._provider.http, plan.function.container
        assert contract is not None
        return plan._replace(
            contract=contract,
            port=(container.port if container else 0) or contract.port,
            load_timeout_s=self._wishes.start_limit_s,
        )

    def _launch(
        self, function: Function, runtime: Runtime, layout: Layout, *, accompanied: bool
    ) -> Launch:
        if runtime.wire not in OWN:
            wrapper = self._wrapper(function, layout)
            return Launch(function.memory_mb, wrapper=wrapper, accompanied=accompanied)
        assert self._provider.http is not None
        return Launch(function.memory_mb, self._provider.http.command(function, layout.code))

    def _relay_mb(self, language: Language, layers: Sequence[Path]) -> int:
        """Return what is taken by serving programs of the layers; 0 where there are none."""
        companions = self._provider.companions
        if not (companions and layers):
            return 0
        folder = PurePosixPath(companions).relative_to(self._provider.layout.layers)
        brought = any((each / folder).is_dir() for each in layers)
        return language.relay_mb if brought else 0

    def _wrapper(self, function: Function, layout: Layout) -> tuple[str, ...]:
        """Return the program that the function wants its language started through, if any."""
        wanted = self._wishes.environment.of(*names_of(function))
        named = {**function.environment, **wanted}.get(self._provider.wrapper)
        if not named:
            return ()
        known = self._provider.layout
        for shown, here in ((known.code, layout.code), (known.layers, layout.layers)):
            if PurePosixPath(named).is_relative_to(shown):
                return (f"{here.rstrip('/')}/{PurePosixPath(named).relative_to(shown)}",)
        return (named,)

    def _mounted_layers(self, layers: tuple[Path, ...], layout: Layout) -> tuple[Mount, ...]:
        if len(layers) < 2:
            return tuple(Mount(each, layout.layers) for each in layers)
        seen = [(each, f"{LAYERS_TARGET}/{place}") for place, each in enumerate(layers)]
        merged = merge(seen, self._root)
        return (Mount(merged, layout.layers), *(Mount(each, target) for each, target in seen))

    def _merged_layers(self, layers: tuple[Path, ...]) -> Path:
        if not layers:
            return Path(self._provider.layout.layers)
        if len(layers) == 1:
            return layers[0]
        return merge([(each, str(each)) for each in layers], self._root)


def _view(folders: Folders, needed: tuple[Path, ...]) -> tuple[Path, tuple[Mount, ...]]:
    """Return the folder that a process takes for the code, and what to mount there.

    Its own folder wherever that can be, so that debuggers and stack traces speak of the files
    that the user edits.
    """
    if folders.visible == folders.code:
        return folders.code, ()
    if namespace.can_show(str(folders.code), needed):
        return folders.code, (Mount(folders.visible, str(folders.code), writable=True),)
    return folders.visible, ()


def _mounted_code(runtime: Runtime, code: Path, layout: Layout) -> tuple[Mount, ...]:
    """Return the code's mount; an image brings its own."""
    return () if runtime.language == "image" else (Mount(code, layout.code),)


def _mounted_bootstraps(runtime: Runtime, language: Language, launch: Launch) -> tuple[Mount, ...]:
    """Return the mount of our own programs, where one is run."""
    if runtime.wire != "bootstrap":
        return ()
    folder = assets.folder("runtimes")
    of_all = language.beside or launch.accompanied
    return (Mount(folder if of_all else folder / language.name, RUNTIME_TARGET),)


def _bootstraps_target(language: Language, launch: Launch) -> str:
    """Return the folder in a container that the language's command is told."""
    return f"{RUNTIME_TARGET}/{language.name}" if launch.accompanied else RUNTIME_TARGET


def _beside(function: Function, runtime: Runtime, provider: Provider) -> Beside | None:
    """Return what serves events to an image that asks for them."""
    if runtime.wire != "polled":
        return None
    language = languages.load(POLLING.language)
    command = language.container_command(RUNTIME_TARGET, Launch(function.memory_mb))
    command = (*command, provider.polled_at)
    mounts = (Mount(assets.folder("runtimes"), RUNTIME_TARGET),)
    return Beside(POLLING, command, mounts, companions=provider.companions)


def names_of(function: Function) -> tuple[str, ...]:
    """Return the names by which variables may be meant for this function."""
    return (*function.attributes.get("spellings", "").split(), function.name, function.key)


def _hooks(function: Function) -> dict[str, str]:
    hooks: dict[str, Hook | None] = {
        "initializer": function.hooks.initializer,
        "pre_freeze": function.hooks.pre_freeze,
        "pre_stop": function.hooks.pre_stop,
    }
    return {name: hook.handler for name, hook in hooks.items() if hook is not None}
