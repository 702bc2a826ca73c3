"""What the user wants: options over environment variables over `.env` over localfn.yaml.

Nothing below this line of the house reads the environment; every value arrives as an argument.
What can be set, its default, its option and its variable stand in the JSON schema of
`localfn/project_file`, the one table of all this.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from localfn.composed import cache_folder
from localfn.errors import ProjectError, UsageError
from localfn.invoke.keeping import Keeping, usual_instances
from localfn.model import NOTHING, Finding, Local
from localfn.project_file import (
    FILE,
    Told,
    read_env_file,
    read_env_vars,
    read_project_file,
    read_values_file,
)
from localfn.templates.env_vars import EnvVars

RUNNERS = ("auto", "docker", "process")
WARM = ("lazy", "eager")
NOWHERE: Mapping[str, Local] = MappingProxyType({})
NOBODY: Mapping[str, Mapping[str, str]] = MappingProxyType({})


class Gateway(NamedTuple):
    """How the gateway serves: `start_api` of localfn.yaml."""

    host: str = "127.0.0.1"
    port: int = 8000
    allow_hosts: tuple[str, ...] = ()
    warm: str = "lazy"


class Reload(NamedTuple):
    """How changed files become new instances: `reload` of localfn.yaml."""

    enabled: bool = True
    ignore: tuple[str, ...] = ()


class Debugging(NamedTuple):
    """How the user wants to debug.

    `port` is that of the first function, None for what was remembered or is usual. `waits` says
    whether code waits for an editor. `functions` are keys; empty means all.
    """

    port: int | None = None
    waits: bool = True
    functions: tuple[str, ...] = ()


class Settings(NamedTuple):
    """All that a session can be told.

    `root` is the project's folder. `values` are for what the template leaves open. `environment`
    are variables added to every function, `environments` those of some, by their names.
    `environ` is the machine's own environment with the `.env` file's variables beneath it.
    `images` stand before `image`, by runtime id. `base_images` maps a language to the image that
    ours is built on, `{version}` standing for the language's version. `layers`, `mounts` and
    `interpreters` are what localfn.yaml names. `files` are read for all this, where they are
    there. `keeping` is for sessions that last. `findings` is what is wrong in localfn.yaml.
    `start_limit_s` is how long a server may take to come up.
    """

    root: Path
    template: Path | None = None
    provider: str = ""
    runner: str = "auto"
    image: str = ""
    images: Mapping[str, str] = NOTHING
    registry: str = ""
    network: str = "bridge"
    cpu_limit: bool = False
    timeout_s: float | None = None
    start_limit_s: float | None = None
    values: Mapping[str, str] = NOTHING
    environment: Mapping[str, str] = NOTHING
    environments: Mapping[str, Mapping[str, str]] = NOBODY
    environ: Mapping[str, str] = NOTHING
    base_images: Mapping[str, str] = NOTHING
    keeping: Keeping = Keeping()
    layers: Mapping[str, Local] = NOWHERE
    mounts: Mapping[str, Local] = NOWHERE
    interpreters: Mapping[str, Local] = NOWHERE
    gateway: Gateway = Gateway()
    reload: Reload = Reload()
    files: tuple[Path, ...] = ()
    findings: tuple[Finding, ...] = ()
    debugging: Debugging | None = None
    cache: Path = Path("~", ".cache", "localfn")

    @property
    def run_with(self) -> str:
        """Return what functions are run with as one text: equal texts, equal instances."""
        wanted = (self.runner, self.image, self.registry, self.network, self.cpu_limit)
        told = (self.values, self.environment, self.environments, self.base_images)
        return repr((*wanted, self.timeout_s, *(sorted(each.items()) for each in told)))


def resolve(given: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Return the settings of one command; raise for a localfn.yaml with something wrong in it.

    `given` are the options as click read them (None or absent: not given).
    """
    settings = gather(given, environ)
    if settings.findings:
        first, *others = settings.findings
        more = f" {len(others)} more: `localfn validate` shows all." if others else ""
        raise ProjectError(f"{first.place}: {first.message}", hint=f"{first.hint}{more}".strip())
    return settings


def gather(given: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Return the settings of one command; what is wrong in localfn.yaml is left out and found."""
    root = _root(given, environ)
    variables = {**read_env_file(_present(root / ".env")), **environ}
    path = _present(root / FILE)
    file = read_project_file(path) if path is not None else None
    told = Told(given, variables, file)
    environment = _environment(told, given)
    return Settings(
        root=root,
        template=_template(told, root),
        provider=told.text("provider"),
        runner=told.text("runner"),
        image=told.text("image"),
        # One that is named for this command or machine is meant for all runtimes.
        images={} if told.stands_above("image") else told.texts("images"),
        registry=told.text("registry"),
        network=told.text("network"),
        cpu_limit=told.flag("cpu_limit"),
        timeout_s=told.number("timeout"),
        values=_values(told, given),
        environment=environment.everywhere,
        environments=environment.somewhere,
        environ=variables,
        base_images={**told.texts("base_images"), **_base_images(variables)},
        layers=told.paths("layers"),
        mounts=told.paths("mounts"),
        interpreters=told.paths("interpreters"),
        keeping=_keeping(told),
        gateway=_gateway(told),
        reload=Reload(told.flag("reload.enabled"), told.words("reload.ignore")),
        files=(root / ".env", root / FILE, *_named_files(told)),
        findings=file.findings if file is not None else (),
        cache=cache_folder(variables),
        start_limit_s=told.number("start_limit"),
    )


def _named_files(told: Told) -> tuple[Path, ...]:
    keys = ("env_file", "values_file")
    found = (find(key) for key in keys for find in (told.beneath, told.above))
    return tuple(each for each in found if each is not None)


def _root(given: Mapping[str, object], environ: Mapping[str, str]) -> Path:
    """Return the project's folder: the one that is named, else the template's, else this one."""
    project = given.get("project") or environ.get("LOCALFN_PROJECT")
    if project:
        return Path(str(project)).absolute()
    template = given.get("template") or environ.get("LOCALFN_TEMPLATE")
    return Path(str(template)).absolute().parent if template else Path.cwd()


def _template(told: Told, root: Path) -> Path | None:
    """Return the template that is named; an option may mean a file of the project's folder."""
    path = told.path("template")
    if path is None or path.exists() or not told.stands_above("template"):
        return path
    return root / told.text("template")


def _values(told: Told, given: Mapping[str, object]) -> dict[str, str]:
    return {
        **read_values_file(told.beneath("values_file")),
        **told.texts("values"),
        **read_values_file(told.above("values_file")),
        **_pairs("--value", given.get("value")),
    }


def _environment(told: Told, given: Mapping[str, object]) -> EnvVars:
    """Return the variables for all functions and for some; a file's for one count more."""
    beneath = read_env_vars(told.beneath("env_file"))
    above = read_env_vars(told.above("env_file"))
    pairs = _pairs("--env", given.get("env"))
    everywhere = {
        **beneath.everywhere,
        **told.texts("environment"),
        **above.everywhere,
        **pairs,
    }
    somewhere = {
        name: {**beneath.somewhere.get(name, {}), **above.somewhere.get(name, {}), **pairs}
        for name in {**beneath.somewhere, **above.somewhere}
    }
    return EnvVars(everywhere, somewhere)


def _pairs(option: str, given: object) -> dict[str, str]:
    pairs = {}
    for each in given if isinstance(given, list | tuple) else ():
        name, equals, value = str(each).partition("=")
        if not equals or not name:
            raise UsageError(
                f"`{option} {each}` is not NAME=value.", hint=f"Write `{option} NAME=value`."
            )
        pairs[name] = value
    return pairs


def _base_images(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `LOCALFN_BASE_PYTHON=…` and the like as language → reference."""
    start = "LOCALFN_BASE_"
    return {
        name.removeprefix(start).lower(): value
        for name, value in environ.items()
        if name.startswith(start) and value
    }


def _gateway(told: Told) -> Gateway:
    port = told.whole("start_api.port")
    return Gateway(
        host=told.text("start_api.host"),
        port=Gateway().port if port is None else port,
        allow_hosts=told.words("start_api.allow_hosts"),
        warm=told.text("start_api.warm"),
    )


def _keeping(told: Told) -> Keeping:
    """Return how many instances a session keeps, and how long."""
    usual, spares = Keeping(), told.whole("start_api.spares")
    return Keeping(
        most_instances=told.whole("start_api.max_instances") or usual_instances(),
        wait_s=told.number("start_api.queue_timeout") or usual.wait_s,
        idle_s=told.number("start_api.idle_timeout"),
        spares=usual.spares if spares is None else spares,
    )


def _present(path: Path) -> Path | None:
    return path if path.is_file() else None
