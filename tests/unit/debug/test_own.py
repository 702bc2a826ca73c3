import pytest

from localfn.debug.own import OPENINGS, Place, joined

WAITS = Place("127.0.0.1", 5005, True, "127.0.0.1")
RUNS_ON = WAITS._replace(waits=False)


def test_a_virtual_machine_of_java_listens_and_waits_only_when_it_shall() -> None:
    variables = OPENINGS["java"].variables

    told = variables(WAITS)["JAVA_TOOL_OPTIONS"]
    assert told.endswith("server=y,suspend=y,address=127.0.0.1:5005")
    assert "suspend=n" in variables(RUNS_ON)["JAVA_TOOL_OPTIONS"]


def test_variables_of_the_users_own_are_added_to_and_not_replaced() -> None:
    given = {"JAVA_TOOL_OPTIONS": "-Xmx16m", "MODE": "quick"}

    merged = joined(given, {"JAVA_TOOL_OPTIONS": "-agent", "MODE": "slow"})

    assert merged == {"JAVA_TOOL_OPTIONS": "-Xmx16m -agent", "MODE": "slow"}


def test_a_program_in_go_is_started_by_its_debugger_with_its_own_words_behind() -> None:
    command = OPENINGS["go"].command(("./main", "-v"), RUNS_ON)

    assert command[:3] == ("dlv", "exec", "./main")
    assert command[-3:] == ("--continue", "--", "-v")
    assert "--continue" not in OPENINGS["go"].command(("./main",), WAITS)


@pytest.mark.parametrize(
    ("language", "command", "started"),
    [
        ("python", ("python3", "app.py"), ("python3", "-m", "debugpy", "--listen")),
        ("nodejs", ("node", "app.js"), ("node", "--inspect=127.0.0.1:5005", "app.js")),
        ("python", ("./bootstrap",), ("./bootstrap",)),
        ("nodejs", ("./bootstrap",), ("./bootstrap",)),
    ],
)
def test_interpreters_are_told_to_listen_and_scripts_are_left_alone(
    language: str, command: tuple[str, ...], started: tuple[str, ...]
) -> None:
    assert OPENINGS[language].command(command, RUNS_ON)[: len(started)] == started


def test_xdebug_is_told_where_its_editor_listens() -> None:
    place = RUNS_ON._replace(editor="host.docker.internal")

    told = OPENINGS["php"].variables(place)["XDEBUG_CONFIG"]

    assert told == "client_host=host.docker.internal client_port=5005"
    assert OPENINGS["php"].calls_back
