"""Read a file of values for what a template leaves open: YAML or JSON, one value for each name."""

from pathlib import Path

from localfn.errors import UsageError


def read_values_file(path: Path | None) -> dict[str, str]:
    """Return the values of a file, nothing for None; raise `UsageError` for one that has others."""
    if path is None:
        return {}
    # Loaded here: few projects have such a file.
    from localfn.project_file.reading import load

    if not path.is_file():
        raise UsageError(f"`{path}` is not a file.", hint="Name a file with `NAME: value` lines.")
    found = load(path)
    for name, each in found.mapping.items():
        if each.mapping or each.items:
            raise UsageError(
                f"{each.place}: `{name}` is not a single value.",
                hint="Write one `NAME: value` per line; a list is one text with commas.",
            )
    if not isinstance(found.value, dict):
        raise UsageError(f"{found.place}: this is no mapping.", hint="Write `NAME: value` lines.")
    return {name: each.text for name, each in found.mapping.items()}
