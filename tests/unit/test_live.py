from collections.abc import Mapping
from pathlib import Path

import pytest

from localfn import providers
from localfn.errors import LocalfnError, UsageError
from localfn.live import Live
from localfn.model import Function
from localfn.project import Project
from localfn.settings import Settings, resolve

PROVIDER = providers.load(providers.names()[0])


def function(name: str, **changes: object) -> Function:
    return Function(name, "any", "index.handler", Path("code"), **changes)


def project(*functions: Function) -> Project:
    return Project(Path(), None, PROVIDER, functions)


def live(before: tuple[Settings, Project], after: object) -> Live:
    def read() -> tuple[Settings, Project]:
        if isinstance(after, LocalfnError):
            raise after
        assert isinstance(after, tuple)
        return after

    return Live(*before, read)


def settings(environ: Mapping[str, str] | None = None, **changes: object) -> Settings:
    return Settings(Path("/shop"), environ=environ or {})._replace(**changes)


def test_what_is_read_again_is_used_from_then_on() -> None:
    new = function("resize", timeout_s=9.0)
    opened = live((settings(), project(function("resize"))), (settings({"A": "1"}), project(new)))

    assert opened.reopen() == ()

    assert opened.project.functions == (new,)
    assert opened.settings.environ == {"A": "1"}
    assert opened.newest(function("resize")) is new


def test_a_function_that_is_in_no_template_is_the_newest_itself() -> None:
    lone = function("lone")

    assert live((settings(), project()), None).newest(lone) is lone


def test_what_is_broken_changes_nothing() -> None:
    before = settings(), project(function("resize"))
    opened = live(before, UsageError("no"))

    with pytest.raises(UsageError):
        opened.reopen()

    assert (opened.settings, opened.project) == before


def test_settings_that_cannot_be_followed_are_named_and_stay() -> None:
    after = settings(runner="docker", timeout_s=5.0), project()
    opened = live((settings(runner="process"), project()), after)

    assert opened.reopen() == ("runner",)

    assert opened.settings.runner == "process"
    assert opened.settings.timeout_s == 5.0


def test_settings_name_the_files_that_they_depend_on(tmp_path: Path) -> None:
    (tmp_path / "extra.env").write_text("A=1\n")

    read = resolve({"project": str(tmp_path), "env_file": str(tmp_path / "extra.env")}, {})

    assert set(read.files) == {
        tmp_path / ".env",
        tmp_path / "localfn.yaml",
        tmp_path / "extra.env",
    }
