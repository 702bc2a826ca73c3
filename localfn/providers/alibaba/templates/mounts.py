"""NAS file systems and OSS buckets that a template mounts (contract alibaba-fc, section 1.3)."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from localfn.model import Volume
from localfn.providers.alibaba.templates.draft import Draft
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import text_of
from localfn.templates.tree import Node

# Where the vendor's tools mount what they create for `auto`.
_AUTO_TARGET = "/mnt/auto"
_MOST = 5
# What the platform itself puts there would be hidden.
_TAKEN = frozenset({"/", "/code", "/opt", "/tmp"})  # noqa: S108 - a name, nothing is written
# Where each dialect writes the path inside the instance of a file system.
_TARGETS = {
    "fun": ("MountDir", "mountDir"),
    "fc": ("fcDir", "mountDir"),
    "fc3": ("mountDir", "fcDir"),
}
_POINTS = ("mountPoints", "MountPoints")


def volumes(draft: Draft, notes: Notebook) -> tuple[Volume, ...]:
    """Return what is mounted; what cannot be is left out with a warning."""
    nas = tuple(_each(draft.nas, _TARGETS[draft.dialect.name], notes))
    oss = tuple(_each(draft.oss, ("mountDir", "MountDir"), notes))
    for node, points in ((draft.nas, nas), (draft.oss, oss)):
        if len(points) > _MOST:
            place = node.get(*_POINTS).place
            notes.warn(place, f"there are {len(points)} mount points; the cloud takes {_MOST}.")
    found = [
        *(Volume(_shared(point), target) for point, target in nas),
        *(Volume(_bucket(point), target, not _read_only(point)) for point, target in oss),
    ]
    if _is_auto(draft.nas):
        found.insert(0, Volume("auto", _AUTO_TARGET))
    return _once(found, draft, notes)


def _is_auto(node: Node) -> bool:
    return text_of(node.scalar).lower() == "auto"


def _each(config: Node, names: tuple[str, ...], notes: Notebook) -> Iterator[tuple[Node, str]]:
    """Yield the mount points that can be, each with its path inside the instance."""
    if config.written and not config.mapping and not _is_auto(config) and not config.unresolved:
        notes.warn(
            config.place,
            f"`{config.name}` is `{fields.as_written(config)}`, so nothing is mounted.",
            hint="Write `mountPoints:` under it, or `auto` for a NAS.",
        )
    for point in fields.entries(config.get(*_POINTS), notes):
        node = point.get(*names)
        target = _target(node, notes)
        if target:
            yield point, target


def _target(node: Node, notes: Notebook) -> str:
    """Return a path inside the instance; "" with a warning where this is none."""
    written = fields.as_written(node).strip()
    path = PurePosixPath(written)
    if not node.unresolved and (not path.is_absolute() or ".." in path.parts):
        told = f"is `{written}`, no absolute path" if written else "is missing"
        notes.warn(
            node.place,
            f"`{node.name}` {told}, so it is not mounted.",
            hint=f"Write `{node.name}: /mnt/data`.",
        )
        return ""
    if str(path) in _TAKEN or node.unresolved:
        notes.warn(
            node.place,
            f"`{node.name}` is `{written}`, where nothing can be mounted.",
            hint=f"Write a folder of its own: `{node.name}: /mnt/data`.",
        )
        return ""
    return str(path)


def _shared(point: Node) -> str:
    """Return `host:/path` of a file system; `fc` writes the two apart."""
    server = fields.as_written(point.get("serverAddr", "ServerAddr"))
    folder = fields.as_written(point.get("nasDir", "NasDir"))
    if not folder:
        return server
    host, _, shared = server.partition(":")
    return f"{host}:{shared.rstrip('/')}/{folder.strip('/')}"


def _bucket(point: Node) -> str:
    """Return `oss://bucket/path` of a bucket."""
    bucket = fields.as_written(point.get("bucketName", "BucketName"))
    folder = fields.as_written(point.get("bucketPath", "BucketPath")).strip("/")
    return f"oss://{bucket}/{folder}".rstrip("/")


def _read_only(point: Node) -> bool:
    return point.get("readOnly", "ReadOnly").value in (True, "true")


def _once(found: list[Volume], draft: Draft, notes: Notebook) -> tuple[Volume, ...]:
    """Return one volume for each path, the first, as a path can show only one."""
    by_target: dict[str, Volume] = {}
    for each in found:
        if each.target in by_target:
            notes.warn(
                draft.nas.place if draft.nas.written else draft.oss.place,
                f"`{each.target}` is the place of two mounts; the first one counts.",
                hint="Give one of them another folder.",
            )
        by_target.setdefault(each.target, each)
    return tuple(by_target.values())
