"""The image to start a container in: the user's, the vendor's, or ours, built once.

Ours holds a language and a user without rights; bootstraps are mounted. It is named by its
content, so a changed Dockerfile or base is another image.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO
from urllib.parse import quote

from localfn.errors import MachineError
from localfn.instances.engine import Engine, Refused
from localfn.model import NOTHING, Runtime

# The public images that ours are built on; `LOCALFN_BASE_<LANGUAGE>` names others.
BASES: Mapping[str, str] = {
    "python": "python:{version}-slim",
    "nodejs": "node:{version}-slim",
    "custom": "debian:{version}-slim",
    "go": "python:3-slim",
    "polling": "python:3-slim",
}
VENDOR = "vendor"


class Images:
    """Finds, pulls or builds images.

    `wanted` is what the user names, `vendor` for the cloud's own (its registry before it), or "".
    `images` are those that he names for single runtimes.
    """

    def __init__(
        self,
        engine: Engine,
        runtimes: Path,
        wanted: str,
        registry: str,
        bases: Mapping[str, str],
        say: Callable[[str], None],
        images: Mapping[str, str] = NOTHING,
    ) -> None:
        self._engine = engine
        self._runtimes = runtimes
        self._wanted = wanted
        self._images = images
        self._registry = registry.rstrip("/")
        self._bases = bases
        self._say = say
        self._own = ""
        self._architectures: dict[str, str] = {}

    def find(self, runtime: Runtime) -> str:
        """Return the image for a runtime; raise `MachineError` when it cannot be had."""
        wanted = self._images.get(runtime.id) or self._wanted
        if wanted == VENDOR:
            return self._vendors(runtime)
        if wanted:
            return self._have(
                wanted, "Correct `--image` (`image` in localfn.yaml), or leave it out."
            )
        if runtime.language == "image":
            return self._users(runtime.image)
        return self._ours(runtime)

    def find_ours(self, runtime: Runtime) -> str:
        """Return the image of ours for a runtime, whatever image the user wants instead."""
        return self._ours(runtime)

    def architecture(self, name: str) -> str:
        """Return what an image that is here is built for, such as `amd64`."""
        if name not in self._architectures:
            told = self._engine.ask("GET", f"/images/{quote(name, safe='/:@')}/json")
            self._architectures[name] = str(told.get("Architecture", ""))
        return self._architectures[name]

    def foreign(self, name: str) -> str:
        """Return what to do about an image for another architecture than the engine's, or ""."""
        if not self._own:
            told = self._engine.ask("GET", "/version").get("Arch", "")
            self._own = str(told)
        theirs = self.architecture(name)
        if theirs in ("", self._own) or not self._own:
            return ""
        return (
            f"The image `{name}` is built for {theirs}, and this engine runs {self._own}: build "
            f"it for that, `docker build --platform linux/{self._own} …`."
        )

    def _users(self, name: str) -> str:
        return self._have(
            name,
            f"Build it (`docker build -t {name} …`), log in to its registry (`docker login`), or "
            "correct the name in the template.",
            elsewhere="",
        )

    def _vendors(self, runtime: Runtime) -> str:
        if not runtime.image:
            raise MachineError(f"the cloud has no image for `{runtime.id}`.", hint="Leave it out.")
        named = f"{self._registry}/{runtime.image}" if self._registry else runtime.image
        return self._have(named, "`LOCALFN_REGISTRY` names another registry.")

    def _ours(self, runtime: Runtime) -> str:
        folder = self._runtimes / runtime.language
        base = self._base(runtime)
        content = (folder / "Dockerfile").read_bytes() + base.encode()
        digest = hashlib.sha256(content).hexdigest()[:12]
        name = f"localfn/{runtime.language}{runtime.version}:{digest}"
        if not self._is_here(name):
            self._have(base, f"`{_variable(runtime)}` names another base, `--image` another image.")
            self._build(folder, name, base)
        return name

    def _base(self, runtime: Runtime) -> str:
        pattern = self._bases.get(runtime.language) or BASES.get(runtime.language)
        if not pattern:
            raise MachineError(
                f"there is no image for the language `{runtime.language}` of `{runtime.id}`.",
                hint=f"Name one: `--image`, or a base: `{_variable(runtime)}`.",
            )
        return pattern.replace("{version}", runtime.version)

    def _is_here(self, name: str) -> bool:
        try:
            self._engine.ask("GET", f"/images/{quote(name, safe='/:@')}/json")
        except Refused as error:
            if error.status == 404:
                return False
            raise MachineError(f"the image `{name}` cannot be looked at: {error}.") from error
        return True

    def _have(
        self, name: str, way_out: str, elsewhere: str = " Or run in a process: `--runner process`."
    ) -> str:
        """Return the name of an image that is here, or pulled now."""
        if self._is_here(name):
            return name
        from docker.errors import DockerException

        self._say(f"pulling {name}")
        try:
            with closing(self._engine.sdk()) as client:
                self._follow(client.pull(*_tagged(name), stream=True, decode=True))
        except (DockerException, OSError, _Stopped) as error:
            raise MachineError(
                f"the image `{name}` is not here and cannot be pulled: {_reason(error)}.",
                hint=f"{way_out}{elsewhere}",
            ) from error
        return name

    def _build(self, folder: Path, name: str, base: str) -> None:
        from docker.errors import DockerException

        self._say(f"building {name} on {base} (once)")
        try:
            with closing(self._engine.sdk()) as client:
                steps = client.build(
                    fileobj=_context(folder),
                    custom_context=True,
                    tag=name,
                    buildargs={"BASE": base},
                    network_mode="none",
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
                self._follow(steps)
        except (DockerException, OSError, _Stopped) as error:
            raise MachineError(
                f"the image `{name}` cannot be built on `{base}`: {_reason(error)}.",
                hint=f"The Dockerfile is `{folder / 'Dockerfile'}`.",
            ) from error

    def _follow(self, steps: Iterable[object]) -> None:
        """Say what changes, once each; raise `_Stopped` after the end if there was an error."""
        said = refusal = ""
        # To the end even so: only then does the SDK give its connection back.
        for step in steps:
            told = step if isinstance(step, dict) else {}
            refusal = refusal or str(told.get("error", ""))
            line = str(told.get("stream") or told.get("status") or "").strip()
            if line and line != said and "id" not in told:
                self._say(f"  {line}")
                said = line
        if refusal:
            raise _Stopped(refusal)


class _Stopped(Exception):
    """The engine said no in the middle of its answer."""


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        # The SDK keeps the connection of a refused request open.
        response.close()
    return str(getattr(error, "explanation", None) or error).strip().rstrip(".")


def _variable(runtime: Runtime) -> str:
    return f"LOCALFN_BASE_{runtime.language.upper()}"


def _tagged(name: str) -> tuple[str, str]:
    """Return repository and tag; without one, `latest` (not all tags)."""
    last = name.rpartition("/")[2]
    if "@" in name or ":" not in last:
        return name, "" if "@" in name else "latest"
    repository, _, tag = name.rpartition(":")
    return repository, tag


def _context(folder: Path) -> IO[bytes]:
    """Return the build context: the Dockerfile and nothing else."""
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder / "Dockerfile", "Dockerfile")
    packed.seek(0)
    return packed
