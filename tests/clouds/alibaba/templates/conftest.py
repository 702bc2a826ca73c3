"""Templates written for one test, and what they say."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from localfn.model import Finding, Function, Reading
from localfn.providers.alibaba.templates import read_template

Read = Callable[..., Reading]

HERE = Path(__file__).resolve().parent


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a template from text; the folder `code` lies beside it."""

    def _read(
        text: str | bytes, environ: Mapping[str, str] | None = None, name: str = "s.yaml"
    ) -> Reading:
        (tmp_path / "code").mkdir(exist_ok=True)
        raw = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(raw)
        return read_template(tmp_path / name, environ or {})

    return _read


@pytest.fixture
def fc3(read: Read) -> Read:
    """Read the one function of an `fc3` template; the text is what follows its basic props."""

    def _fc3(props: str = "", environ: Mapping[str, str] | None = None, above: str = "") -> Reading:
        lines = [
            "edition: 3.0.0",
            above,
            "resources:",
            "  shop:",
            "    component: fc3",
            "    props:",
            "      functionName: resize",
            "      runtime: python3.10",
            "      handler: index.handler",
            "      code: ./code",
            *(f"      {line}" for line in props.splitlines()),
        ]
        return read("\n".join(line for line in lines if line), environ)

    return _fc3


def only(reading: Reading) -> Function:
    """Return the one function of a reading that found nothing wrong."""
    assert not reading.findings
    (function,) = reading.functions
    return function


def told(reading: Reading) -> list[str]:
    """Return the findings as `severity file:line function: message`."""
    return [_told(each) for each in reading.findings]


def _told(finding: Finding) -> str:
    place = f"{finding.place.path.name}:{finding.place.line}"
    return f"{finding.severity.value} {place} {finding.function}: {finding.message}"
