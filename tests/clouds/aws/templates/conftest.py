"""Templates written for one test, and what they say."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from localfn.model import Finding, Function, Reading, Trigger
from localfn.providers.aws.templates import read_template

Read = Callable[..., Reading]

HERE = Path(__file__).resolve().parent
HEAD = "AWSTemplateFormatVersion: '2010-09-09'\nTransform: AWS::Serverless-2016-10-31\n"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a template from text; `code/app.py` lies beside it."""

    def _read(
        text: str | bytes,
        values: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        name: str = "template.yaml",
    ) -> Reading:
        (tmp_path / "code").mkdir(exist_ok=True)
        (tmp_path / "code" / "app.py").write_text("def handler(event, context): pass\n")
        raw = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
        return read_template(tmp_path / name, environ or {}, values or {})

    return _read


@pytest.fixture
def sam(read: Read) -> Read:
    """Read the function `Shop`; the text is what follows its basic properties.

    `above` stands before `Resources`, `beside` among them. The first line of `props` is line 10
    where nothing stands above.
    """

    def _sam(
        props: str = "",
        values: Mapping[str, str] | None = None,
        above: str = "",
        beside: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> Reading:
        lines = [
            *HEAD.splitlines(),
            *above.splitlines(),
            "Resources:",
            "  Shop:",
            "    Type: AWS::Serverless::Function",
            "    Properties:",
            "      CodeUri: code",
            "      Handler: app.handler",
            "      Runtime: python3.13",
            *(f"      {line}" for line in props.splitlines()),
            *(f"  {line}" for line in beside.splitlines()),
        ]
        return read("\n".join(lines) + "\n", values, environ)

    return _sam


def only(reading: Reading) -> Function:
    """Return the one function of a reading that found nothing wrong."""
    assert not reading.findings
    (function,) = reading.functions
    return function


def told(reading: Reading) -> list[str]:
    """Return the findings as `severity file:line function: message`."""
    return [_told(each) for each in reading.findings]


def variables(reading: Reading) -> Mapping[str, str]:
    """Return the variables of the only function."""
    (function,) = reading.functions
    return function.environment


def triggers(reading: Reading) -> dict[str, Trigger]:
    """Return the triggers of all functions by name."""
    return {each.name: each for function in reading.functions for each in function.triggers}


def _told(finding: Finding) -> str:
    place = f"{finding.place.path.name}:{finding.place.line}"
    return f"{finding.severity.value} {place} {finding.function}: {finding.message}"
