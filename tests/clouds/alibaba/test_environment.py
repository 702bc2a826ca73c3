"""What an instance finds around it, by runtime (contract alibaba-fc, section 3.1)."""

from pathlib import Path

import pytest

from localfn.model import Function, Layout
from localfn.providers.alibaba.environment import variables
from localfn.providers.alibaba.runtimes import RUNTIMES

LAYOUT = Layout("/code", "/opt", "/usr/bin")


def of(runtime: str, **changes: object) -> dict[str, str]:
    function = Function("resize", runtime, "index.handler", Path("code"), **changes)
    return variables(function, RUNTIMES[runtime], LAYOUT, {})


@pytest.mark.parametrize(("runtime", "major"), [("nodejs4.4", "4"), ("nodejs20", "20")])
def test_nodejs_finds_modules_beside_the_code_then_in_layers_then_in_the_image(
    runtime: str, major: str
) -> None:
    found = of(runtime)

    assert found["NODE_PATH"].split(":") == [
        "/code/node_modules",
        "/opt/nodejs/node_modules",
        f"/opt/nodejs/node{major}/node_modules",
        "/usr/local/lib/node_modules",
    ]
    assert found["PATH"] == "/code:/code/node_modules/.bin:/opt/bin:/usr/bin"
    assert found["LD_LIBRARY_PATH"] == "/code:/code/lib:/usr/local/lib:/opt/lib"
    assert "PYTHONIOENCODING" not in found


def test_python_finds_nothing_of_another_language() -> None:
    found = of("python3.10")

    assert "NODE_PATH" not in found
    assert found["PATH"] == "/code:/opt/bin:/usr/bin"
    assert found["PYTHONIOENCODING"] == "utf-8:surrogateescape"


def test_a_variable_of_the_template_replaces_the_images_own_and_none_of_the_platforms() -> None:
    found = of("nodejs20", environment={"NODE_PATH": "/mine", "FC_REGION": "nowhere"})

    assert found["NODE_PATH"] == "/mine"
    assert found["FC_REGION"] == "cn-hangzhou"


@pytest.mark.parametrize("runtime", [each for each in RUNTIMES if each.startswith("nodejs")])
def test_the_runtimes_version_is_told(runtime: str) -> None:
    assert of(runtime)["FC_RUNTIME_VERSION"] == runtime.removeprefix("nodejs")
