"""What is found while a template is read."""

from pathlib import Path

from localfn.model import Finding, Place, Severity


class Notebook:
    """Collects findings, each once, and the files that were read.

    One notebook per function, and one for the file.
    """

    def __init__(self) -> None:
        self._notes: dict[tuple[Severity, str, Place], tuple[str, str]] = {}
        self._files: set[Path] = set()

    def depends_on(self, path: Path) -> None:
        """Write down a file that was read, or one that was looked for in vain."""
        self._files.add(path)

    def error(self, place: Place, message: str, hint: str = "") -> None:
        """Write down what keeps the function from running."""
        self._notes.setdefault((Severity.ERROR, message, place), (hint, ""))

    def warn(self, place: Place, message: str, hint: str = "", asks: str = "") -> None:
        """Write down what the author should know; `asks` as in `Finding`."""
        self._notes.setdefault((Severity.WARNING, message, place), (hint, asks))

    @property
    def files(self) -> frozenset[Path]:
        """Return all that was written down with `depends_on`."""
        return frozenset(self._files)

    @property
    def broken(self) -> bool:
        """Return whether there is an error."""
        return any(severity is Severity.ERROR for severity, _, _ in self._notes)

    def findings(self, function: str = "") -> tuple[Finding, ...]:
        """Return all that was found, as findings about this function."""
        return tuple(
            Finding(severity, message, place, function, hint, asks)
            for (severity, message, place), (hint, asks) in self._notes.items()
        )
