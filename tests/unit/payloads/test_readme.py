"""The format is documented: each word that a `source.yaml` may use stands in events/README.md."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from localfn.payloads import source_file
from localfn.payloads.convert import TYPES
from localfn.payloads.derive import OPTIONS
from localfn.payloads.encodings import ENCODINGS
from localfn.payloads.fakes import FAKES
from localfn.payloads.moments import TIME_FORMATS
from localfn.payloads.values import ENCODES


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(source_file.SOURCE_KEYS, id="keys of a source"),
        pytest.param(source_file.EVENT_KEYS, id="keys of an event"),
        pytest.param(source_file.FIELD_KEYS, id="keys of a field"),
        pytest.param(source_file.RESERVED, id="names that are taken"),
        pytest.param(TYPES, id="types"),
        pytest.param(FAKES, id="fakes"),
        pytest.param(TIME_FORMATS, id="formats of time"),
        pytest.param(ENCODINGS, id="encodings"),
        pytest.param(ENCODES, id="encodes"),
    ],
)
def test_every_word_is_documented(words: Iterable[str], root: Path) -> None:
    told = (root / "events" / "README.md").read_text()

    assert [each for each in words if f"`{each}`" not in told] == []


def test_every_derivation_and_its_options_are_documented(root: Path) -> None:
    told = (root / "events" / "README.md").read_text()

    assert [each for each in OPTIONS if f"| `{{{each}: " not in told] == []
    options = {option for each in OPTIONS.values() for option in each}
    missing = [each for each in options if f"`{each}`" not in told and f"{each}: " not in told]
    assert missing == []
