"""What is known about an image before the engine is asked."""

from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.instances.engine import Engine
from localfn.instances.image import VENDOR, Images, _tagged
from localfn.model import Runtime

NOBODY = Engine("unix:///nowhere")


@pytest.mark.parametrize(
    ("name", "repository", "tag"),
    [
        ("debian", "debian", "latest"),
        ("debian:12", "debian", "12"),
        ("host:5000/a/b", "host:5000/a/b", "latest"),
        ("host:5000/a/b:c", "host:5000/a/b", "c"),
        ("debian@sha256:0a", "debian@sha256:0a", ""),
    ],
)
def test_a_name_without_a_tag_means_the_latest_not_all(
    name: str, repository: str, tag: str
) -> None:
    assert _tagged(name) == (repository, tag)


def test_a_runtime_without_a_vendors_image_is_named(tmp_path: Path) -> None:
    images = Images(NOBODY, tmp_path, VENDOR, "", {}, print)

    with pytest.raises(MachineError, match="`go9`"):
        images.find(Runtime("go9", "go", "9"))


def test_a_language_without_an_image_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "cobol").mkdir()
    (tmp_path / "cobol" / "Dockerfile").touch()
    images = Images(NOBODY, tmp_path, "", "", {}, print)

    with pytest.raises(MachineError, match="`cobol` of `cobol85`") as raised:
        images.find(Runtime("cobol85", "cobol", "85"))

    assert "LOCALFN_BASE_COBOL" in raised.value.hint
    assert "--image" in raised.value.hint
