"""All sources in `events/`, found by their folders."""

from localfn import assets
from localfn.errors import UsageError
from localfn.nearest import nearest
from localfn.payloads.source import Source
from localfn.payloads.source_file import FILE, read_source


def clouds() -> tuple[str, ...]:
    """Return the clouds that have sources."""
    home = assets.folder("events")
    return tuple(sorted({each.parent.parent.name for each in home.glob(f"*/*/{FILE}")}))


def names(cloud: str) -> tuple[str, ...]:
    """Return the names of a cloud's sources, read from the folders alone."""
    home = assets.folder("events") / cloud
    return tuple(sorted(each.parent.name for each in home.glob(f"*/{FILE}")))


def catalog(cloud: str) -> tuple[Source, ...]:
    """Return every source of a cloud, by name."""
    home = assets.folder("events") / cloud
    return tuple(read_source(home / name) for name in names(cloud))


def called(name: str) -> tuple[str, ...]:
    """Return the events that other tools call so: `source` or `source/event`."""
    return tuple(
        f"{source.name}/{kind.name}"
        for cloud in clouds()
        for source in catalog(cloud)
        for kind in source.events.values()
        if any(each == name or each.startswith(f"{name}/") for each in kind.also)
    )


def has_source(cloud: str, name: str) -> bool:
    """Return whether a cloud has a source of this name."""
    return name in names(cloud)


def find_source(cloud: str, name: str) -> Source:
    """Return one source; raise `UsageError` when the cloud has none of this name."""
    known = names(cloud)
    if name in known:
        return read_source(assets.folder("events") / cloud / name)
    raise UsageError(f"`{name}` is no event source of `{cloud}`.", hint=nearest(name, known))
