import socket
import threading
import time
from collections.abc import Callable

import pytest

from localfn.debug.clock import Clock
from localfn.debug.door import Door
from localfn.debug.messages import message
from localfn.debug.relay import DapRelay
from tests.dap import LIMIT_S, RESTARTED, Client
from tests.unit.debug.conftest import Debugger, at

MakeDebugger = Callable[[], Debugger]
MakeEditor = Callable[[], Client]


def await_that(fact: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_early_editor_is_held_until_a_debugger_answers(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    early = editor()
    asked = early.send("initialize", clientID="test")
    await_that(lambda: relay.has_editor)

    late = debugger().serve()
    relay.point(at(late))

    assert early.answer(asked)["success"]
    assert late.heard[0].arguments == {"clientID": "test"}


def test_a_connection_that_is_taken_and_closed_proves_nothing(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger()
    relay.point(at(made))
    dropped = threading.Thread(target=lambda: [made.drop() for _ in range(3)])
    dropped.start()

    asked = editor().send("initialize")
    dropped.join(LIMIT_S)
    made.serve()

    assert made.await_request("initialize").seq == asked


def test_what_an_editor_says_while_it_is_held_comes_in_order(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    early = editor()
    sent = [early.send(each) for each in ("initialize", "attach", "threads")]
    await_that(lambda: relay.has_editor)
    made = debugger().serve()
    relay.point(at(made))

    assert all(early.answer(each)["success"] for each in sent)
    assert [each.name for each in made.heard] == ["initialize", "attach", "threads"]


def test_messages_in_pieces_are_put_together(
    relay: DapRelay, debugger: MakeDebugger, port: int
) -> None:
    made = debugger().serve()
    relay.point(at(made))
    whole = message({"seq": 1, "type": "request", "command": "initialize"}).raw

    with socket.create_connection(("127.0.0.1", port)) as link:
        for each in range(len(whole)):
            link.sendall(whole[each : each + 1])
        made.await_request("initialize")
        assert link.recv(7) == b"Content"


@pytest.mark.parametrize("how", ["hangs up", "breaks off", "talks nonsense", "says terminated"])
def test_an_editor_is_asked_to_come_back_when_its_debugger_goes(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor, how: str
) -> None:
    made = debugger().serve()
    relay.point(at(made))
    attached = editor()
    attached.ask("initialize")
    assert made.link is not None

    if how == "breaks off":
        made.link.sendall(b'Content-Length: 100\r\n\r\n{"seq"')
    if how == "talks nonsense":
        made.link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    if how == "says terminated":
        made.tell("exited", exitCode=1)
        made.tell("terminated")
    else:
        made.die()

    assert attached.event("terminated") == RESTARTED
    assert not attached.heard("exited")
    asked = attached.send("threads")
    assert not attached.answer(asked)["success"]
    assert attached.answer(attached.send("disconnect"))["success"]
    assert attached.await_close()


def test_an_editor_that_came_back_talks_with_the_next_debugger(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    old, new = debugger().serve(), debugger()
    relay.point(at(old))
    attached = editor()
    attached.ask("initialize")

    old.die()
    attached.event("terminated")
    assert relay.expected_s() > 0
    attached.ask("disconnect")
    assert relay.expected_s() > 0
    again = editor()
    asked = again.send("initialize")
    relay.point(at(new.serve()))

    assert again.answer(asked)["success"]


def test_an_editor_may_come_back_without_a_goodbye(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    first, second = debugger().serve(), debugger().serve()
    relay.point(at(first))
    rude = editor()
    rude.ask("initialize")
    relay.point(at(second))
    first.die()
    assert rude.event("terminated") == RESTARTED

    # As it never closes the first connection, that is still there when the second one comes.
    back = editor()

    back.ask("initialize")
    assert second.await_request("initialize")
    rude.close()
    back.ask("threads")
    assert relay.has_editor


def test_debuggers_that_leave_code_held_are_asked_to_clear_before_their_editor_goes(
    port: int, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    relay = DapRelay("resize", Clock(), clears=True)
    door = Door(port, "resize", relay.greet)
    made = debugger().serve()
    relay.point(at(made))
    leaving = editor()
    leaving.ask("initialize")
    leaving.ask("setBreakpoints", source={"path": "/code/main.go"}, breakpoints=[{"line": 3}])
    made.tell("stopped", threadId=7)
    leaving.event("stopped")

    leaving.ask("disconnect")

    cleared, resumed = (each for each in made.heard if each.seq > 1000)
    assert cleared.arguments == {"source": {"path": "/code/main.go"}, "breakpoints": []}
    assert (resumed.name, resumed.arguments) == ("continue", {"threadId": 7})
    assert made.heard[-1].name == "disconnect"
    door.close()
    relay.close()


def test_a_request_that_was_never_answered_fails_when_the_debugger_goes(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger()
    made.silent.add("evaluate")
    relay.point(at(made.serve()))
    attached = editor()
    attached.ask("initialize")
    asked = attached.send("evaluate", expression="1")
    made.await_request("evaluate")

    made.die()

    assert not attached.answer(asked)["success"]


def test_no_editor_is_asked_to_come_back_when_the_program_is_about_to_end(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger().serve()
    relay.point(at(made))
    attached = editor()
    attached.ask("initialize")

    relay.finish()
    made.die()

    assert attached.event("terminated") == {}


def test_closing_ends_the_session_of_an_editor(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    relay.point(at(debugger().serve()))
    attached = editor()
    attached.ask("initialize")

    relay.close()
    relay.close()

    assert attached.event("terminated") == {}
    assert attached.await_close()


def test_closing_waits_for_the_goodbye_of_an_editor_and_answers_it(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger().serve()
    relay.point(at(made))
    attached = editor()
    attached.ask("initialize")
    relay.finish()
    made.die()
    attached.event("terminated")

    closing = threading.Thread(target=relay.close)
    closing.start()
    asked = attached.send("disconnect")

    assert attached.answer(asked)["success"]
    closing.join(LIMIT_S)


def test_a_closed_door_frees_its_port(port: int) -> None:
    door = Door(port, "resize", lambda link: link.close())

    door.close()
    door.close()

    socket.create_server(("127.0.0.1", port)).close()


def test_closing_answers_an_editor_that_was_held_in_vain(
    relay: DapRelay, editor: MakeEditor
) -> None:
    early = editor()
    asked = early.send("initialize")
    await_that(lambda: relay.has_editor)

    relay.close()

    assert not early.answer(asked)["success"]


def test_a_second_editor_is_refused_and_the_first_stays(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    relay.point(at(debugger().serve()))
    first, second = editor(), editor()
    first.ask("initialize")

    told = second.answer(second.send("initialize"))

    assert not told["success"]
    assert "resize" in told["message"]
    assert told["body"]["error"]["showUser"]
    assert second.await_close()
    first.ask("threads")


def test_whoever_only_knocks_does_not_take_the_place_of_an_editor(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor, port: int
) -> None:
    relay.point(at(debugger().serve()))
    with socket.create_connection(("127.0.0.1", port)):
        editor().ask("initialize")


@pytest.mark.parametrize("told", ["disconnect", "nothing"])
def test_leaving_lets_the_worker_go_without_ending_it(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor, told: str
) -> None:
    made = debugger().serve()
    relay.point(at(made))
    attached = editor()
    attached.ask("initialize")
    attached.ask("configurationDone")
    made.tell("stopped", threadId=1)
    attached.event("stopped")
    assert relay.clock.stands

    if told == "disconnect":
        attached.ask("disconnect", terminateDebuggee=True, restart=True)
    else:
        attached.close()

    assert made.await_request("disconnect").arguments["terminateDebuggee"] is False
    await_that(lambda: not relay.has_editor and not relay.clock.stands)
    await_that(lambda: relay.expected_s() == 0)


def test_an_editor_may_leave_a_debugger_that_does_not_answer(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger()
    made.silent.add("disconnect")
    relay.point(at(made.serve()))
    attached = editor()
    attached.ask("initialize")

    attached.ask("disconnect")

    assert attached.await_close()
    assert not attached.heard("terminated")


def test_to_terminate_is_to_leave(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger().serve()
    relay.point(at(made))
    attached = editor()
    attached.ask("initialize")

    attached.ask("terminate")
    assert attached.event("terminated") == {}
    attached.ask("disconnect")

    assert [each.name for each in made.heard] == ["initialize", "disconnect"]


def test_an_editor_that_hangs_up_while_it_is_held_gives_its_place_back(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    early = editor()
    early.send("initialize")
    await_that(lambda: relay.has_editor)
    early.close()
    await_that(lambda: not relay.has_editor)

    relay.point(at(debugger().serve()))

    editor().ask("initialize")


def test_an_editor_that_hangs_up_on_a_silent_debugger_gives_its_place_back(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger()
    made.silent.add("initialize")
    relay.point(at(made.serve()))
    early = editor()
    early.send("initialize")
    made.await_request("initialize")

    early.close()

    await_that(lambda: not relay.has_editor)


def test_time_stands_between_a_stop_and_what_resumes(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger().serve()
    relay.point(at(made))
    attached = editor()
    attached.ask("initialize")
    seen = []

    def stop() -> None:
        made.tell("stopped", threadId=1)
        attached.event("stopped")
        seen.append(relay.clock.stands)

    stop()
    attached.ask("next", threadId=1)
    seen.append(relay.clock.stands)
    stop()
    made.tell("continued", threadId=1)
    attached.event("continued")
    seen.append(relay.clock.stands)
    stop()
    made.die()
    attached.event("terminated")
    seen.append(relay.clock.stands)

    assert seen == [True, False, True, False, True, False]


def test_time_still_stands_when_resuming_failed(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    made = debugger()
    made.silent.add("next")
    relay.point(at(made.serve()))
    attached = editor()
    attached.ask("initialize")
    made.tell("stopped", threadId=1)
    asked = attached.send("next", threadId=7)
    made.await_request("next")

    made.send({"type": "response", "request_seq": asked, "command": "next", "success": False})

    assert not attached.answer(asked)["success"]
    assert relay.clock.stands


def test_paths_are_corrected_for_where_the_worker_is(
    relay: DapRelay, debugger: MakeDebugger, editor: MakeEditor
) -> None:
    container, process = debugger().serve(), debugger().serve()
    told = [{"localRoot": "/w/other", "remoteRoot": "/opt"}]
    mapped = [*told, {"localRoot": "/w/code", "remoteRoot": "/code"}]
    relay.point(at(container, mappings=(("/w/code", "/code"),), hidden=("/our/**",)))
    first = editor()
    first.ask("initialize")
    first.ask("attach", pathMappings=told, justMyCode=True)
    first.ask("disconnect")
    relay.point(at(process, foreign=("/code",)))
    second = editor()
    second.ask("initialize")
    second.ask("attach", pathMappings=mapped)

    assert container.await_request("attach").arguments == {
        "pathMappings": mapped,
        "justMyCode": True,
        "rules": [{"path": "/our/**", "include": False}],
    }
    assert process.await_request("attach").arguments["pathMappings"] == told


def test_a_clock_counts_running_time_only() -> None:
    moments = iter([100.0, 103.0, 105.0, 110.0, 111.0])
    clock = Clock(lambda: next(moments))

    started = clock()
    clock.stand()
    clock.stand()
    assert clock() == started + 3
    clock.run()
    assert clock() == started + 8
    clock.run()
    assert clock() == started + 9
