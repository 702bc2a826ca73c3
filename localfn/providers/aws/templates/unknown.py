"""Why a part of a template has no value here."""

from localfn.model import Place
from localfn.templates.notebook import Notebook


class Unknown(Exception):
    """Only a deployment knows it, or nobody has told it: the value called `asks` would do.

    `place` is where it is declared, None where that is nowhere.
    """

    def __init__(self, message: str, asks: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.asks = asks
        self.place = place


class Left(Exception):
    """A part of it has no value, which has been told already."""


class Wrong(Exception):
    """The template's author has made a mistake."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Asked:
    """What has been asked for: it is reported once, however often it is used."""

    def __init__(self, notes: Notebook) -> None:
        self._notes = notes
        self._names: set[str] = set()

    def ask(self, unknown: Unknown, place: Place, left: str) -> None:
        """Write down once that a value is needed; `left` is what stands in its place."""
        if unknown.asks in self._names:
            return
        self._names.add(unknown.asks)
        self._notes.warn(
            unknown.place or place,
            f"{unknown.message}; `{left}` is left as it is.",
            f"Give it: `--value '{unknown.asks}=…'`, or `values:` in localfn.yaml.",
            asks=unknown.asks,
        )
