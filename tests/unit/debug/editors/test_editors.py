import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from localfn.debug.editors import Attachment, neovim, pycharm, vscode
from localfn.debug.own import OPENINGS, language_of
from localfn.errors import UsageError

PYTHON = Attachment("shop/resize", "python", 5678, "code", "/code")
NODE = Attachment("thumb", "nodejs", 5679, "", "/code")


def test_vscode_gets_an_entry_for_each_function_and_one_for_all() -> None:
    text = vscode.launch(vscode.EMPTY[vscode.LAUNCH], (PYTHON, NODE))

    told = json.loads(text)
    assert told["version"] == "0.2.0"
    first, second = told["configurations"]
    assert first == {
        "name": "localfn: shop/resize",
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": "127.0.0.1", "port": 5678},
        "justMyCode": True,
        "pathMappings": [{"localRoot": "${workspaceFolder}/code", "remoteRoot": "/code"}],
        "preLaunchTask": "localfn: debug",
    }
    assert second["localRoot"] == "${workspaceFolder}"
    assert second["restart"] == {"delay": 200}
    assert [each["configurations"] for each in told["compounds"]] == [[PYTHON.name, NODE.name]]


def test_vscode_gets_no_entry_for_all_of_one() -> None:
    assert "compounds" not in vscode.launch(vscode.EMPTY[vscode.LAUNCH], (PYTHON,))


def test_vscodes_task_knows_the_line_that_says_where_debuggers_listen() -> None:
    told = json.loads(vscode.tasks(vscode.EMPTY[vscode.TASKS], "localfn start-api --debug 5678"))

    (task,) = told["tasks"]
    assert task["command"] == "localfn start-api --debug 5678"
    assert task["isBackground"] is True
    ends = task["problemMatcher"]["background"]["endsPattern"]
    assert re.search(ends, "localfn: debugger listening on 127.0.0.1:5678 (shop/resize)")


@pytest.mark.parametrize("language", list(vscode.ENTRIES))
@pytest.mark.parametrize("there", ["", "/code"])
def test_every_language_has_an_entry_with_its_paths_only_where_they_differ(
    language: str, there: str
) -> None:
    made = vscode.configuration(Attachment("f", language, 5005, "src", there))

    assert made["name"] == "localfn: f"
    assert made["preLaunchTask"] == vscode.TASK
    # A debugger of Java knows classes, one of Go where the program was built.
    mapped = bool(there) and language not in ("java", "go")
    assert ("/code" in json.dumps(made)) == mapped
    assert OPENINGS[language].note or OPENINGS[language].variables


@pytest.mark.parametrize("language", list(pycharm.CONFIGURATIONS))
def test_pycharms_files_are_xml_with_an_address_and_a_method(language: str) -> None:
    attachment = Attachment('a"<b>', language, 5005, "src", "/code")

    root = ElementTree.fromstring(pycharm.content(attachment))

    assert root.get("name") == "ProjectRunConfigurationManager"
    (configuration,) = root
    assert configuration.get("name") == 'localfn: a"<b>'
    assert configuration.find("method") is not None
    assert pycharm.path(attachment) == ".idea/runConfigurations/localfn_a_b_.xml"


def test_pycharm_attaches_to_the_address_and_maps_the_code() -> None:
    (configuration,) = ElementTree.fromstring(pycharm.content(PYTHON))

    assert configuration.get("type") == "PythonDapAttachConfiguration"
    options = {each.get("name"): each.get("value") for each in configuration.findall("option")}
    assert options == {"remoteAddress": "127.0.0.1:5678"}
    mapping = configuration.find(".//mapping")
    assert mapping is not None
    assert mapping.attrib == {"local-root": "$PROJECT_DIR$/code", "remote-root": "/code"}


def test_an_editor_without_a_debugger_for_a_language_is_told() -> None:
    for make in (pycharm.content, lambda each: neovim.content((each,), "/w")):
        with pytest.raises(UsageError) as caught:
            make(Attachment("f", "dotnet", 5005, "src", "/code"))
        assert "`f`" in caught.value.message


def test_neovim_gets_a_table_for_each_function() -> None:
    text = neovim.content((PYTHON, NODE), "/w/it's")

    assert text.count("table.insert(") == 2
    assert "port = 5678," in text
    assert "localRoot = '/w/it\\'s/code'" in text


@pytest.mark.parametrize(
    ("runtime", "language"),
    [
        ("java11", "java"),
        ("php7.2", "php"),
        ("dotnetcore3.1", "dotnet"),
        ("go1", "go"),
        ("custom.debian10", ""),
        ("nodejs20", "nodejs"),
    ],
)
def test_the_id_of_a_runtime_may_tell_its_language(runtime: str, language: str) -> None:
    assert language_of(runtime) == language
