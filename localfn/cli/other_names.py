"""Events under the names that other tools have for them: whoever asks for one is told ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from localfn.errors import UsageError
from localfn.payloads.catalog import called


@contextmanager
def told_by_other_names(wanted: str) -> Iterator[None]:
    """Let an unknown `SOURCE[/EVENT]` fail with the name that is ours, where it is one of others.

    Reading all sources to find it takes a while, so that it is done in this case only.
    """
    try:
        yield
    except UsageError as error:
        known = called(wanted)
        if not known:
            raise
        told = " or ".join(f"`{each}`" for each in known)
        raise UsageError(error.message, hint=f"Here that is {told}.") from error
