from pathlib import Path

import pytest

from localfn import providers
from localfn.invoke.lacking import lacking
from localfn.invoke.plan import Wishes
from localfn.model import Function, Local, Place, Severity, Volume

PROVIDER = providers.load(providers.names()[0])
RUNTIME = next(each for each in PROVIDER.runtimes.values() if each.language)


@pytest.fixture
def function(tmp_path: Path) -> Function:
    (tmp_path / "code").mkdir()
    place = Place(tmp_path / "template", 4)
    return Function("resize", RUNTIME.id, "i.h", tmp_path / "code", template=place)


NO_WISHES = Wishes()


def found(function: Function, wishes: Wishes = NO_WISHES) -> list[tuple[str, int, Severity, str]]:
    root = function.code.parent
    return [
        (each.place.path.name, each.place.line, each.severity, each.message)
        for each in lacking(function, PROVIDER, root, wishes)
    ]


def test_a_function_that_has_all_it_names_lacks_nothing(function: Function) -> None:
    root = function.code.parent
    (root / ".localfn" / "layers" / "lib").mkdir(parents=True)
    full = function._replace(layers=("lib",), mounts=(Volume("h:/", "/mnt/data"),))

    assert found(full) == []
    # Looking makes no folder that only a call needs.
    assert not (root / ".localfn" / "mounts").exists()


def test_everything_that_is_lacking_is_found_at_once_each_at_its_own_place(
    function: Function, tmp_path: Path
) -> None:
    broken = tmp_path / "code.zip"
    broken.write_bytes(b"no zip")
    file = tmp_path / "localfn.yaml"
    wishes = Wishes(
        layers={"named": Local(tmp_path / "no-layer", Place(file, 2))},
        mounts={"/mnt/data": Local(tmp_path / "no-mount", Place(file, 5))},
        interpreters={RUNTIME.id: Local(tmp_path / "no-program", Place(file, 8))},
    )
    lame = function._replace(
        code=broken, layers=("gone", "named"), mounts=(Volume("h:/", "/mnt/data"),)
    )

    told = found(lame, wishes)

    assert [each[:3] for each in told] == [
        ("template", 4, Severity.ERROR),
        ("template", 4, Severity.ERROR),
        ("template", 4, Severity.ERROR),
        ("localfn.yaml", 5, Severity.ERROR),
        ("localfn.yaml", 8, Severity.WARNING),
    ]
    for (*_, message), part in zip(
        told, ("code.zip", "`gone`", "no-layer", "no-mount", "no-program"), strict=True
    ):
        assert part in message
