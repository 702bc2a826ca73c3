"""The image to start a container in: the user's, the vendor's, or ours, built once.

Ours holds a language and a user without rights; bootstraps are mounted. It is named by its
content, so a changed Dockerfile or base is another image.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from localfn.errors import MachineError
from localfn.model import Runtime

if TYPE_CHECKING:
    import docker

# The public images that ours are built on; `LOCALFN_BASE_<LANGUAGE>` names others.
BASES: Mapping[str, str] = {"python": "python:{version}-slim", "nodejs": "node:{version}-slim"}
VENDOR = "vendor"


class Images:
    """Finds, pulls or builds images.

    `wanted` is what the user names, `vendor` for the cloud's own (its registry before it), or "".
    """

    def __init__(
        self,
        client: "docker.APIClient",
        runtimes: Path,
        wanted: str,
        registry: str,
        bases: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._runtimes = runtimes
        self._wanted = wanted
        self._registry = registry.rstrip("/")
        self._bases = bases
        self._say = say

    def find(self, runtime: Runtime) -> str:
        """Return the image for a runtime; raise `MachineError` when it cannot be had."""
        if self._wanted == VENDOR:
            return self._vendors(runtime)
        if self._wanted:
            return self._have(self._wanted, "Correct `--image`, or leave it out.")
        return self._ours(runtime)

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
            variable = f"LOCALFN_BASE_{runtime.language.upper()}"
            self._have(base, f"`{variable}` names another base, `--image` another image.")
            self._build(folder, name, base)
        return name

    def _base(self, runtime: Runtime) -> str:
        pattern = self._bases.get(runtime.language) or BASES[runtime.language]
        return pattern.replace("{version}", runtime.version)

    def _is_here(self, name: str) -> bool:
        from docker.errors import ImageNotFound

        try:
            self._client.inspect_image(name)  # type: ignore[no-untyped-call]
        except ImageNotFound:
            return False
        return True

    def _have(self, name: str, way_out: str) -> str:
        """Return the name of an image that is here, or pulled now."""
        from docker.errors import APIError

        if self._is_here(name):
            return name
        self._say(f"pulling {name}")
        try:
            self._follow(self._client.pull(*_tagged(name), stream=True, decode=True))
        except (APIError, _Refused) as error:
            raise MachineError(
                f"the image `{name}` is not here and cannot be pulled: {_reason(error)}.",
                hint=f"{way_out} Or run in a process: `--runner process`.",
            ) from error
        return name

    def _build(self, folder: Path, name: str, base: str) -> None:
        from docker.errors import APIError

        self._say(f"building {name} on {base} (once)")
        try:
            steps = self._client.build(
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
        except (APIError, _Refused) as error:
            raise MachineError(
                f"the image `{name}` cannot be built on `{base}`: {_reason(error)}.",
                hint=f"The Dockerfile is `{folder / 'Dockerfile'}`.",
            ) from error

    def _follow(self, steps: Iterable[object]) -> None:
        """Say what changes, once each, and stop at an error."""
        said = ""
        for step in steps:
            told = step if isinstance(step, dict) else {}
            if "error" in told:
                raise _Refused(str(told["error"]))
            line = str(told.get("stream") or told.get("status") or "").strip()
            if line and line != said and "id" not in told:
                self._say(f"  {line}")
                said = line


class _Refused(Exception):
    """The engine said no in the middle of its answer."""


def _reason(error: Exception) -> str:
    return str(getattr(error, "explanation", None) or error).strip().rstrip(".")


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
