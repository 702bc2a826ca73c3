"""Templates and the functions they describe, as golden files."""

import json
from pathlib import Path

import pytest

from localfn.model import Function
from localfn.providers.alibaba.templates import find_template, read_template
from tests.clouds.alibaba.templates.conftest import HERE, only
from tests.clouds.alibaba.templates.neutral import neutral

DIALECTS = ("fun", "fc", "fc3")


def _read(folder: Path) -> Function:
    template = find_template(folder)
    assert template is not None
    return only(read_template(template, {}))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_sample_of_the_contract_gives_its_golden_functions(dialect: str) -> None:
    folder = HERE / "contract" / dialect
    golden = json.loads((folder / "golden.json").read_text())
    template = find_template(folder)
    assert template is not None

    reading = read_template(template, {})

    assert [neutral(each, folder) for each in reading.functions] == golden["functions"]
    assert not reading.findings


@pytest.mark.parametrize("dialect", ["fc", "fc3"])
def test_a_function_is_the_same_in_every_dialect(dialect: str) -> None:
    in_funcraft = _read(HERE / "shop" / "fun")

    function = _read(HERE / "shop" / dialect)

    assert _shared(function) == _shared(in_funcraft)
    assert function.triggers[0].options["bucket"] == "shop-img"
    assert function.environment == {"STAGE": "dev", "DEBUG": "true", "RETRIES": "3"}


def _shared(function: Function) -> Function:
    """Return what all dialects can say: FC3 has no service, and few have a region."""
    told = ("log_project", "log_store")
    return function._replace(
        service="",
        code=Path(function.code.name),
        template=None,
        ignores=(),
        attributes={name: function.attributes[name] for name in told},
        triggers=tuple(
            each._replace(options={k: v for k, v in each.options.items() if k not in _LOCAL})
            for each in function.triggers
        ),
    )


_LOCAL = ("region", "qualifier")
