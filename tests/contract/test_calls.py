"""What every good call promises, in every backend."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.model import Function, Hook, Hooks, Result
from tests.contract.conftest import Case, each_own, opened

Invoke = Callable[[Function, bytes], Result]


def test_what_a_function_prints_is_logged_in_order_between_the_platforms_lines(
    case: Case, invoke: Invoke
) -> None:
    function = case.function()
    invoke(function, b"answer")

    result = invoke(function, b"speak")

    id_ = result.invocation.id
    lines = result.logs.decode().splitlines()
    assert lines[0] == case.line("opening", id_)
    assert lines[1:4] == ["before", "one", "two"]
    assert id_ in lines[4]
    assert lines[4].endswith(case.facts["logged"])
    assert lines[5:7] == ["four", case.line("closing", id_)]
    assert result.payload.decode() == id_


def test_a_second_call_is_answered_by_the_warm_instance(case: Case, invoke: Invoke) -> None:
    function = case.function()

    cold = invoke(function, b"answer")
    warm = invoke(function, b"answer")

    assert cold.cold_start_ms is not None
    assert warm.cold_start_ms is None


def test_an_instance_that_ends_after_its_answer_is_replaced(case: Case, invoke: Invoke) -> None:
    case.skip_what_it_lacks("leaver")
    function = case.function("leaver.handler")

    first = invoke(function, b"")
    time.sleep(0.5)
    second = invoke(function, b"")

    assert (first.payload, second.payload) == (b"answered", b"answered")
    assert second.cold_start_ms is not None


def test_an_answer_of_megabytes_arrives_whole(case: Case, invoke: Invoke) -> None:
    result = invoke(case.function(), b"large")

    assert len(result.payload) == 3 << 20


def test_printing_without_end_does_not_disturb_the_answer(case: Case, invoke: Invoke) -> None:
    function = case.function("chatty.handler")

    result = invoke(function, b"5000")

    assert result.payload == b"done"
    assert result.logs.count(b"line ") == 5000


def test_hooks_run_in_the_clouds_order(case: Case, invoke: Invoke) -> None:
    case.skip_what_it_lacks("hooks")
    hooks = Hooks(initializer=Hook("hooks.initialize", 3), pre_freeze=Hook("hooks.freeze", 3))
    function = case.function("hooks.handler", hooks=hooks)

    result = invoke(function, b"")

    said = [each for each in result.logs.decode().splitlines() if each.endswith("ing")]
    assert said == ["initializing", "handling", "freezing"]
    places = [
        result.logs.index(case.line(each, result.invocation.id).encode())
        for each in ("initialized", "opening", "closing", "freezing")
    ]
    assert places == sorted(places)


def test_dependencies_are_found_beside_the_code_and_in_layers(
    case: Case, invoke: Invoke, tmp_path: Path
) -> None:
    for number, name in enumerate(("first", "second")):
        for path, text in case.facts["layer"].items():
            file = tmp_path / ".localfn" / "layers" / name / path.replace("{name}", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            told = text.replace("{name}", name).replace("{number}", str(number))
            file.write_text(told)
    function = case.function("layered.handler", layers=("first", "second"))

    result = invoke(function, b"")

    assert result.failure is None, result.payload
    assert result.payload == b"first 0 1"


def test_a_stopped_instance_runs_its_last_hook(case: Case, runner: str, tmp_path: Path) -> None:
    case.skip_what_it_lacks("hooks")
    function = case.function("hooks.handler", hooks=Hooks(pre_stop=Hook("hooks.stop", 3)))
    stopping: list[bytes] = []

    with opened(case, runner, tmp_path, stopping.append) as invoke:
        id_ = invoke(function, b"").invocation.id
        assert stopping == []

    lines = [
        each for each in b"".join(stopping).decode().splitlines() if not each.startswith("load")
    ]
    assert lines == [
        case.line("stopping", id_),
        "stopping",
        case.line("stopped", id_),
    ]


@pytest.mark.parametrize(("case", "name"), each_own("answers"), indirect=["case"])
def test_a_language_answers_in_each_of_its_own_ways(case: Case, invoke: Invoke, name: str) -> None:
    told = case.own("answers")[name]

    result = invoke(case.own_function(told), told["event"].encode())

    assert result.failure is None, result.payload
    assert result.payload.decode() == told["payload"]
