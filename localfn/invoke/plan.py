"""From a `Function` to an `InstancePlan`: all a backend needs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from localfn import assets, languages
from localfn.errors import ProjectError
from localfn.invoke.code import Unpacker
from localfn.invoke.layers import find_layers, links, merge, usual_places
from localfn.languages import Language
from localfn.model import (
    NOTHING,
    Function,
    Hook,
    InstancePlan,
    Layout,
    Mount,
    Provider,
    Runtime,
    Site,
)

# Where a container sees our bootstraps and the folders of its layers.
RUNTIME_TARGET = "/var/localfn"
LAYERS_TARGET = "/var/localfn-layers"


class Wishes(NamedTuple):
    """What the user wants otherwise than the template says."""

    environment: Mapping[str, str] = NOTHING
    layers: Mapping[str, Path] = MappingProxyType({})
    cpu_limit: bool = False


class Planner:
    """Plans instances of one project. Owns a folder for merged layers, removed in `close`."""

    def __init__(
        self, provider: Provider, root: Path, wishes: Wishes, environ: Mapping[str, str]
    ) -> None:
        self._provider = provider
        self._root = root
        self._wishes = wishes
        self._environ = environ
        self._unpacker = Unpacker(root)
        self._scratch: Path | None = None
        self._merges: dict[tuple[tuple[str, str], ...], Path] = {}
        self._notes: dict[str, bool] = {}

    def runtime(self, function: Function) -> Runtime:
        """Return the function's runtime; raise `ProjectError` when localfn cannot start it."""
        runtime = self._provider.runtimes.get(function.runtime)
        if runtime is None or not runtime.language:
            runnable = [each.id for each in self._provider.runtimes.values() if each.language]
            raise ProjectError(
                f"{function.template or function.key}: `{function.key}` has the runtime "
                f"`{function.runtime}`, which localfn cannot run.",
                hint=f"It runs {', '.join(runnable)}.",
            )
        return runtime

    def plan(self, function: Function, site: Site, image: str = "") -> InstancePlan:
        """Return how to start an instance: in a container of `image`, or in a process."""
        runtime = self.runtime(function)
        language = languages.load(runtime.language)
        code = self._unpacker.folder(function)
        layers = find_layers(function, self._root, self._wishes.layers)
        if site is Site.CONTAINER:
            plan = self._in_container(function, runtime, language, code, layers)
        else:
            plan = self._in_process(function, runtime, language, code, layers)
        # An instance does not depend on where its function is written, nor on who calls it.
        told = plan._replace(function=function._replace(template=None, triggers=()))
        return plan._replace(image=image, fingerprint=repr((told, image)))

    def sources(self, function: Function) -> tuple[Path, ...]:
        """Return what instances of a function are made of, its code first; it may not be there."""
        layers: tuple[Path, ...] = ()
        with suppress(ProjectError):
            layers = find_layers(function, self._root, self._wishes.layers)
        return (self._unpacker.source(function), *layers, *usual_places(function, self._root))

    def say_notes(self, say: Callable[[str], None]) -> None:
        """Say once what the person should know about the plans made so far."""
        for note, said in self._notes.items():
            if not said:
                say(note)
                self._notes[note] = True

    def close(self) -> None:
        """Remove what was made for this session."""
        if self._scratch is not None:
            import shutil

            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def _in_container(
        self,
        function: Function,
        runtime: Runtime,
        language: Language,
        code: Path,
        layers: tuple[Path, ...],
    ) -> InstancePlan:
        layout = self._provider.layout
        bootstraps = assets.folder("runtimes") / language.name
        mounts = [
            Mount(code, layout.code),
            Mount(bootstraps, RUNTIME_TARGET),
            *self._mounted_layers(layers, layout),
        ]
        return self._common(
            function,
            runtime,
            Site.CONTAINER,
            layout,
            language.container_command(RUNTIME_TARGET),
            Path(layout.code),
            tuple(mounts),
        )

    def _in_process(
        self,
        function: Function,
        runtime: Runtime,
        language: Language,
        code: Path,
        layers: tuple[Path, ...],
    ) -> InstancePlan:
        interpreter = language.find(runtime.version, self._environ)
        if interpreter.note:
            self._notes.setdefault(interpreter.note, False)
        layout = Layout(str(code), str(self._merged_layers(layers)), self._environ.get("PATH", ""))
        command = language.process_command(interpreter, assets.folder("runtimes") / language.name)
        return self._common(function, runtime, Site.PROCESS, layout, command, code, ())

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
        return InstancePlan(
            function=function,
            site=site,
            wire=runtime.wire,
            command=command,
            folder=folder,
            environment={**variables, **self._wishes.environment},
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

    def _mounted_layers(self, layers: tuple[Path, ...], layout: Layout) -> tuple[Mount, ...]:
        if len(layers) < 2:
            return tuple(Mount(each, layout.layers) for each in layers)
        seen = [(each, f"{LAYERS_TARGET}/{place}") for place, each in enumerate(layers)]
        into = self._merged(seen)
        return (Mount(into, layout.layers), *(Mount(each, target) for each, target in seen))

    def _merged_layers(self, layers: tuple[Path, ...]) -> Path:
        if not layers:
            return Path(self._provider.layout.layers)
        if len(layers) == 1:
            return layers[0]
        return self._merged([(each, str(each)) for each in layers])

    def _merged(self, layers: Sequence[tuple[Path, str]]) -> Path:
        """Return a folder with links to all files of these layers, the same as long as they are."""
        into = self._scratch_folder()
        merge(layers, into)
        return self._merges.setdefault(links(into), into)

    def _scratch_folder(self) -> Path:
        import tempfile

        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="localfn-layers-"))
        return Path(tempfile.mkdtemp(dir=self._scratch))


def _hooks(function: Function) -> dict[str, str]:
    hooks: dict[str, Hook | None] = {
        "initializer": function.hooks.initializer,
        "pre_freeze": function.hooks.pre_freeze,
        "pre_stop": function.hooks.pre_stop,
    }
    return {name: hook.handler for name, hook in hooks.items() if hook is not None}
