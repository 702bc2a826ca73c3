import json
import socket
from pathlib import Path

import pytest

from localfn.debug.listener import listen
from localfn.debug.ports import Ports
from localfn.errors import MachineError, ProjectError


def test_ports_are_counted_up_in_the_order_of_the_template(tmp_path: Path) -> None:
    assert Ports(tmp_path).of(["a", "b", "c"]) == {"a": 5678, "b": 5679, "c": 5680}


def test_a_function_keeps_its_port_when_others_come_and_go(tmp_path: Path) -> None:
    Ports(tmp_path).of(["a", "b", "c"])

    assert Ports(tmp_path).of(["new", "b", "c"]) == {"new": 5681, "b": 5679, "c": 5680}
    assert Ports(tmp_path).of(["b", "c"]) == {"b": 5679, "c": 5680}


def test_another_first_port_counts_all_anew_and_is_remembered(tmp_path: Path) -> None:
    Ports(tmp_path).of(["a", "b"])

    assert Ports(tmp_path).of(["a", "b"], 9000) == {"a": 9000, "b": 9001}
    assert Ports(tmp_path).of(["a", "b"]) == {"a": 9000, "b": 9001}


def test_a_pinned_port_is_one_functions_and_whoever_had_it_gets_another(tmp_path: Path) -> None:
    Ports(tmp_path).of(["a", "b"])

    ports = Ports(tmp_path).pin("b", 5678, ["a", "b"])

    assert ports["b"] == 5678
    assert ports["a"] != 5678
    assert Ports(tmp_path).of(["a", "b"]) == ports


def test_a_broken_file_of_ports_is_named(tmp_path: Path) -> None:
    Ports(tmp_path).of(["a"])
    path = tmp_path / ".localfn" / "debug-ports.json"
    path.write_text("{")

    with pytest.raises(ProjectError) as caught:
        Ports(tmp_path).of(["a"])

    assert str(path) in caught.value.message


def test_nonsense_in_the_file_of_ports_is_not_believed(tmp_path: Path) -> None:
    Ports(tmp_path).of(["a"])
    path = tmp_path / ".localfn" / "debug-ports.json"
    path.write_text(json.dumps({"version": 1, "ports": {"a": 700000, "b": "x", "c": True}}))

    assert Ports(tmp_path).of(["a"]) == {"a": 5678}


def test_a_port_that_is_taken_is_refused_with_who_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]

        with pytest.raises(MachineError) as caught:
            listen(port, "resize")

    assert f"127.0.0.1:{port}" in caught.value.message
    assert "`resize`" in caught.value.message
    assert "python" in caught.value.message
    assert "process " in caught.value.message


def test_the_port_of_a_debugger_is_on_this_machine_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]

    with listen(port, "resize") as link:
        assert link.getsockname() == ("127.0.0.1", port)
