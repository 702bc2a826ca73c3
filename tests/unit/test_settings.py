from pathlib import Path

import pytest

from localfn.errors import ProjectError, UsageError
from localfn.invoke.keeping import Keeping
from localfn.model import Local, Place
from localfn.project_file import read_env_file
from localfn.settings import Gateway, Reload, gather, resolve


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
    (tmp_path / ".env").write_text("SOME_ACCESS_KEY=from-file\nHOME=/nowhere\n")

    settings = resolve({"project": str(tmp_path)}, {"HOME": "/home/me"})

    assert settings.environ["SOME_ACCESS_KEY"] == "from-file"
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
    with pytest.raises(UsageError, match="`--timeout` is `0`, which is not more than 0"):
        resolve({"project": str(tmp_path), "timeout": 0}, {})


def test_a_variable_wins_over_the_env_file_and_that_over_the_projects_file(tmp_path: Path) -> None:
    (tmp_path / "localfn.yaml").write_text("runner: docker\nnetwork: mine\nimage: from-file\n")
    (tmp_path / ".env").write_text("LOCALFN_NETWORK=none\nLOCALFN_IMAGE=from-env-file\n")

    settings = resolve({"project": str(tmp_path)}, {"LOCALFN_IMAGE": "from-variable"})

    assert (settings.runner, settings.network, settings.image) == (
        ("docker", "none", "from-variable")
    )


def test_paths_of_the_projects_file_start_at_its_folder_and_know_their_place(
    tmp_path: Path,
) -> None:
    file = tmp_path / "localfn.yaml"
    file.write_text(
        "template: infra/s.yaml\nlayers:\n  lib: layers/lib\nmounts: {/mnt/data: ~/data}\n"
        "interpreters: {python3.10: /usr/bin/python3}\n"
    )

    settings = resolve({"project": str(tmp_path)}, {})

    assert settings.template == tmp_path / "infra" / "s.yaml"
    assert settings.layers == {"lib": Local(tmp_path / "layers" / "lib", Place(file, 3))}
    assert settings.mounts["/mnt/data"].path == Path.home() / "data"
    assert settings.interpreters["python3.10"].path == Path("/usr/bin/python3")


def test_the_projects_file_stands_beside_a_template_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "s.yaml").touch()
    (tmp_path / "infra" / "localfn.yaml").write_text("network: none")

    settings = resolve({"template": "infra/s.yaml"}, {})

    assert settings.root == tmp_path / "infra"
    assert settings.network == "none"
    assert settings.template == tmp_path / "infra" / "s.yaml"


def test_variables_of_functions_come_from_the_file_and_then_from_the_command_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "low.env").write_text("A=low\nB=low\nC=low\nD=low\n")
    (tmp_path / "high.env").write_text("C=high\nD=high\n")
    (tmp_path / "localfn.yaml").write_text(
        "env_file: low.env\nenvironment: {B: 1.10, C: true, E: text}\n"
    )

    settings = resolve(
        {
            "project": str(tmp_path),
            "env_file": str(tmp_path / "high.env"),
            "env": ("D=option",),
        },
        {},
    )

    assert settings.environment == {
        "A": "low",
        "B": "1.10",
        "C": "high",
        "D": "option",
        "E": "text",
    }


def test_an_image_for_this_command_is_meant_for_all_runtimes(tmp_path: Path) -> None:
    (tmp_path / "localfn.yaml").write_text("image: all\nimages: {python3.10: one}\n")
    project = {"project": str(tmp_path)}

    assert resolve(project, {}).images == {"python3.10": "one"}
    assert resolve(project, {}).image == "all"
    assert resolve({**project, "image": "now"}, {}).images == {}


def test_groups_of_the_projects_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "localfn.yaml").write_text(
        "start_api: {host: 0.0.0.0, port: 0, allow_hosts: [a.example.com], warm: eager,\n"
        "  max_instances: 4, idle_timeout: 1.5, queue_timeout: 2, spares: 0}\n"
        "reload: {enabled: false, ignore: ['*.log']}\n"
    )

    settings = resolve({"project": str(tmp_path)}, {})
    elsewhere = resolve({"project": str(tmp_path)}, {"LOCALFN_PORT": "9000"})

    assert settings.gateway == Gateway("0.0.0.0", 0, ("a.example.com",), "eager")
    assert elsewhere.gateway.port == 9000
    assert settings.keeping == Keeping(4, 2.0, 1.5, 0)
    assert settings.reload == Reload(enabled=False, ignore=("*.log",))
    assert resolve({"project": str(tmp_path)}, {"LOCALFN_RELOAD": "yes"}).reload.enabled
    ignoring = resolve({"project": str(tmp_path)}, {"LOCALFN_RELOAD_IGNORE": "a, b"})
    assert ignoring.reload.ignore == ("a", "b")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("LOCALFN_PORT", "http", "`LOCALFN_PORT` is `http`, which is not a whole number"),
        ("LOCALFN_PORT", "-1", "`LOCALFN_PORT` is `-1`, which is less than 0"),
        ("LOCALFN_CPU_LIMIT", "perhaps", "which is not `true` or `false`"),
        ("LOCALFN_RUNNER", "dokcer", "`LOCALFN_RUNNER` is `dokcer`"),
        ("LOCALFN_WARM", "egaer", "`LOCALFN_WARM` is `egaer`"),
    ],
)
def test_a_variable_that_its_rule_does_not_allow_is_refused(
    tmp_path: Path, variable: str, value: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        resolve({"project": str(tmp_path)}, {variable: value})


def test_the_first_wrong_line_of_the_projects_file_is_told_and_how_many_more(
    tmp_path: Path,
) -> None:
    (tmp_path / "localfn.yaml").write_text("network: none\nrunnr: a\nimge: b\n")

    with pytest.raises(ProjectError, match=r"localfn\.yaml:2: `runnr` is no key") as caught:
        resolve({"project": str(tmp_path)}, {})

    assert caught.value.hint == "Did you mean `runner`? 1 more: `localfn validate` shows all."
    assert gather({"project": str(tmp_path)}, {}).network == "none"


def test_what_a_session_keeps_has_defaults_and_can_be_set(tmp_path: Path) -> None:
    usual = resolve({"project": str(tmp_path)}, {}).keeping
    environ = {
        "LOCALFN_MAX_INSTANCES": "3",
        "LOCALFN_QUEUE_TIMEOUT": "2.5",
        "LOCALFN_IDLE_TIMEOUT": "60",
        "LOCALFN_SPARES": "0",
    }

    kept = resolve({"project": str(tmp_path)}, environ).keeping

    assert kept == Keeping(most_instances=3, wait_s=2.5, idle_s=60, spares=0)
    assert usual.most_instances >= 4
    assert usual.idle_s is not None
    assert usual.spares > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOCALFN_MAX_INSTANCES", "0"),
        ("LOCALFN_MAX_INSTANCES", "many"),
        ("LOCALFN_SPARES", "-1"),
        ("LOCALFN_QUEUE_TIMEOUT", "0"),
        ("LOCALFN_QUEUE_TIMEOUT", "soon"),
        ("LOCALFN_IDLE_TIMEOUT", "nan"),
        ("LOCALFN_IDLE_TIMEOUT", "inf"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_name(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(UsageError, match=f"`{name}` is `{value}`") as caught:
        resolve({"project": str(tmp_path)}, {name: value})

    assert caught.value.hint


def test_values_of_the_command_line_win_over_files_and_those_over_the_projects_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "localfn.yaml").write_text(
        "values_file: low.yaml\nvalues: {B: 1.10, C: true, D: text}\n"
    )
    (tmp_path / "low.yaml").write_text("A: low\nB: low\n")
    (tmp_path / "high.json").write_text('{"C": "high", "D": "high", "E": 5}')
    given = {
        "project": str(tmp_path),
        "values_file": str(tmp_path / "high.json"),
        "value": ("D=x=y", "Table.Arn=arn"),
    }

    settings = resolve(given, {})

    assert settings.values == {
        "A": "low",
        "B": "1.10",
        "C": "high",
        "D": "x=y",
        "E": "5",
        "Table.Arn": "arn",
    }
    assert {tmp_path / "low.yaml", tmp_path / "high.json"} <= set(settings.files)
    assert settings.run_with != resolve({"project": str(tmp_path)}, {}).run_with


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"value": ("Stage",)}, "`--value Stage` is not NAME=value."),
        ({"values_file": "nowhere.yaml"}, "nowhere.yaml` is not a file."),
        ({"values_file": "list.yaml"}, "this is no mapping."),
        ({"values_file": "deep.yaml"}, "deep.yaml:1: `A` is not a single value."),
    ],
)
def test_values_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, object], message: str
) -> None:
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "deep.yaml").write_text("A: {B: c}\n")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as caught:
        resolve({"project": str(tmp_path), **given}, {})

    assert message in caught.value.message


def test_a_file_of_variables_in_json_tells_functions_apart(tmp_path: Path) -> None:
    (tmp_path / "env.json").write_text(
        '{"Parameters": {"A": "all", "B": 2, "N": null}, "shop": {"A": "own", "T": true}}'
    )

    settings = resolve(
        {"project": str(tmp_path), "env_file": str(tmp_path / "env.json"), "env": ("B=9",)}, {}
    )

    assert settings.environment == {"A": "all", "B": "9", "N": ""}
    assert settings.environments == {"shop": {"A": "own", "T": "true", "B": "9"}}


@pytest.mark.parametrize("text", ["{", '{"a": }', "{'a': 1}"])
def test_a_file_of_variables_that_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "env.json").write_text(text)

    with pytest.raises(UsageError, match="these are no variables as JSON"):
        resolve({"project": str(tmp_path), "env_file": str(tmp_path / "env.json")}, {})
