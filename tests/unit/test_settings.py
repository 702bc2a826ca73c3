from pathlib import Path

import pytest

from localfn.errors import UsageError
from localfn.invoke.keep import Rules
from localfn.settings import read_env_file, resolve


def test_an_option_wins_over_a_variable_and_a_variable_over_the_default(tmp_path: Path) -> None:
    environ = {"LOCALFN_RUNNER": "docker", "LOCALFN_NETWORK": "none"}

    settings = resolve({"project": str(tmp_path), "runner": "process"}, environ)

    assert settings.runner == "process"
    assert settings.network == "none"
    assert resolve({"project": str(tmp_path)}, environ).runner == "docker"
    assert resolve({"project": str(tmp_path)}, {}).runner == "auto"


def test_a_runner_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`LOCALFN_RUNNER` is `podman`") as caught:
        resolve({"project": str(tmp_path)}, {"LOCALFN_RUNNER": "podman"})

    assert "auto, docker, process" in caught.value.hint


def test_base_images_are_read_per_language(tmp_path: Path) -> None:
    settings = resolve({"project": str(tmp_path)}, {"LOCALFN_BASE_PYTHON": "mine:{version}"})

    assert settings.base_images == {"python": "mine:{version}"}


def test_variables_of_the_command_line_win_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "vars"
    file.write_text("# mine\nexport A=1\nB='two # words'\nC=3 # three\n\n")

    settings = resolve(
        {"project": str(tmp_path), "env_file": str(file), "env": ("A=9", "D=x=y")}, {}
    )

    assert settings.environment == {"A": "9", "B": "two # words", "C": "3", "D": "x=y"}


def test_the_projects_env_file_stands_beneath_the_machines_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ALIBABA_CLOUD_ACCESS_KEY_ID=from-file\nHOME=/nowhere\n")

    settings = resolve({"project": str(tmp_path)}, {"HOME": "/home/me"})

    assert settings.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] == "from-file"
    assert settings.environ["HOME"] == "/home/me"


def test_a_line_that_is_no_variable_is_named_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nwhat is this\n")

    with pytest.raises(UsageError, match=r"\.env:2: `what is this` is not NAME=value"):
        read_env_file(file)


@pytest.mark.parametrize("pair", ["novalue", "=x"])
def test_an_env_option_without_a_name_or_value_is_refused(tmp_path: Path, pair: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=value"):
        resolve({"project": str(tmp_path), "env": (pair,)}, {})


def test_a_timeout_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`--timeout` is 0"):
        resolve({"project": str(tmp_path), "timeout": 0}, {})


def test_what_a_session_keeps_has_defaults_and_can_be_set(tmp_path: Path) -> None:
    usual = resolve({"project": str(tmp_path)}, {}).rules
    environ = {
        "LOCALFN_MAX_INSTANCES": "3",
        "LOCALFN_WAIT_LIMIT": "2.5",
        "LOCALFN_IDLE_TIMEOUT": "60",
        "LOCALFN_SPARES": "0",
    }

    rules = resolve({"project": str(tmp_path)}, environ).rules

    assert rules == Rules(most_instances=3, wait_s=2.5, idle_s=60, spares=0)
    assert usual.most_instances >= 4
    assert usual.idle_s is not None
    assert usual.spares > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOCALFN_MAX_INSTANCES", "0"),
        ("LOCALFN_MAX_INSTANCES", "many"),
        ("LOCALFN_SPARES", "-1"),
        ("LOCALFN_WAIT_LIMIT", "0"),
        ("LOCALFN_WAIT_LIMIT", "soon"),
        ("LOCALFN_IDLE_TIMEOUT", "nan"),
        ("LOCALFN_IDLE_TIMEOUT", "inf"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_name(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(UsageError, match=f"`{name}` is `{value}`") as caught:
        resolve({"project": str(tmp_path)}, {name: value})

    assert "Leave it out" in caught.value.hint
