"""What somebody who wrote an unknown name may have meant."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return a hint: the known name that looks like this one, or all of them."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name, names, 1)
    if near:
        return f"Did you mean `{prefix}{near[0]}`?"
    return f"Known: {', '.join(f'{prefix}{each}' for each in names)}."
