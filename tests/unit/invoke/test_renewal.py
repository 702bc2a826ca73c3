"""After a renewal no call is served by what was loaded before it, and nobody waits for nothing."""

import threading

import pytest

from localfn.invoke.pool import LOOK_EVERY_S
from localfn.model import InstanceState
from tests.unit.invoke.fakes import FakeInstance, Stage, plan, until


def opening(stage: Stage, number: int) -> FakeInstance:
    """The instance of this number, when somebody opens it."""
    until(lambda: len(stage.made) > number and stage.made[number].state is InstanceState.STARTING)
    return stage.made[number]


def test_an_idle_instance_is_replaced_by_a_warm_one_before_anybody_calls() -> None:
    stage = Stage()
    old = stage.called()
    printed: list[bytes] = []

    renewal = stage.pool.renew(plan(), printed.append)

    assert renewal == (2, True)
    until(lambda: stage.ended == [old] and bool(stage.news))
    call = stage.call().served()
    assert call.instance is not old
    assert not call.was_cold
    assert printed == [b"loading"]


def test_news_of_a_renewal_tell_its_number_and_how_long_it_took() -> None:
    stage = Stage()
    stage.called()
    stage.gate.clear()
    stage.now = 10

    stage.pool.renew(plan())
    opening(stage, 1)
    stage.now = 10.25
    stage.gate.set()

    until(lambda: bool(stage.news))
    (revision,) = stage.news
    assert (revision.function, revision.number, revision.ready_ms) == ("resize", 2, 250)


def test_a_call_that_comes_meanwhile_waits_for_the_new_revision() -> None:
    stage = Stage()
    old = stage.called()
    stage.gate.clear()
    stage.pool.renew(plan())
    opening(stage, 1)

    call = stage.call().waits()
    stage.gate.set()

    assert call.served().instance is not old
    assert not call.was_cold
    assert len(stage.made) == 2


def test_a_call_waits_for_what_is_opened_longer_than_for_its_turn() -> None:
    stage = Stage(wait_s=0.01)
    stage.called()
    stage.gate.clear()
    stage.pool.renew(plan())
    call = stage.call().waits().waits().waits()

    stage.gate.set()

    assert not call.served().was_cold


def test_a_call_in_flight_finishes_on_the_old_instance_while_new_calls_get_a_new_one() -> None:
    stage = Stage()
    before = stage.call().served()

    stage.pool.renew(plan())
    after = stage.call().served()

    assert before.instance.usable
    assert after.instance is not before.instance
    before.finish()
    until(lambda: before.instance in stage.ended)


def test_an_instance_in_use_is_replaced_when_it_comes_back() -> None:
    stage = Stage()
    calls = [stage.call().served() for _ in range(3)]
    stage.pool.renew(plan())
    until(lambda: bool(stage.news))

    for each in calls:
        each.finish()

    until(lambda: len(stage.ended) == 3)
    until(lambda: stage.pool.standing()[0].idle == 3)
    assert len(stage.news) == 1


def test_as_many_instances_are_opened_as_there_were() -> None:
    stage = Stage()
    calls = [stage.call().served() for _ in range(3)]
    for each in calls:
        each.finish()

    stage.pool.renew(plan())

    until(lambda: stage.pool.standing()[0].idle == 3 and len(stage.ended) == 3)
    assert len(stage.made) == 6


def test_an_instance_that_was_being_opened_by_a_call_is_old_when_it_comes_back() -> None:
    stage = Stage()
    with stage.pool.borrow(plan()) as berth:
        stage.pool.renew(plan())
        stage.load(berth.instance)
        stage.pool.opened(berth)
        fresh = stage.call().served()

    assert fresh.instance is not berth.instance
    until(lambda: berth.instance in stage.ended)


def test_of_two_quick_renewals_only_the_newest_survives_and_is_told() -> None:
    stage = Stage()
    stage.called()
    stage.gate.clear()
    stage.pool.renew(plan())
    overtaken = opening(stage, 1)
    waiting = stage.call().waits()

    stage.pool.renew(plan())
    until(lambda: overtaken in stage.ended)
    stage.gate.set()

    assert waiting.served().instance is stage.made[2]
    until(lambda: [each.number for each in stage.news] == [3])
    assert overtaken not in stage.opened


def test_many_quick_renewals_leave_one_instance() -> None:
    stage = Stage()
    stage.called()

    for _ in range(50):
        stage.pool.renew(plan())

    until(lambda: bool(stage.news) and stage.news[-1].number == 51)
    until(lambda: len(stage.ended) == len(stage.made) - 1)
    standing = stage.pool.standing()[0]
    assert (standing.revision, standing.idle, standing.opening) == (51, 1, 0)


def test_a_revision_that_cannot_be_loaded_is_told_and_calls_try_for_themselves() -> None:
    stage = Stage()
    stage.called()
    stage.import_fails = True
    stage.gate.clear()
    stage.pool.renew(plan())
    waiting = stage.call().waits()

    stage.gate.set()

    assert waiting.served().was_cold
    waiting.finish()
    (revision,) = stage.news
    assert revision.result is not None
    assert revision.result.failure is not None


def test_the_fix_of_a_revision_that_could_not_be_loaded_is_warmed() -> None:
    stage = Stage()
    stage.called()
    stage.import_fails = True
    stage.pool.renew(plan())
    until(lambda: len(stage.news) == 1 and len(stage.ended) == 2)

    stage.import_fails = False
    stage.pool.renew(plan())

    until(lambda: len(stage.news) == 2)
    assert stage.news[1].result is not None
    assert stage.news[1].result.failure is None
    assert not stage.call().served().was_cold


def test_a_revision_that_cannot_be_loaded_is_tried_once_however_many_instances_there_were() -> None:
    stage = Stage()
    calls = [stage.call().served() for _ in range(4)]
    for each in calls:
        each.finish()
    stage.import_fails = True

    stage.pool.renew(plan())

    until(lambda: len(stage.ended) == 5)
    assert len(stage.opened) == 5
    assert stage.pool.standing()[0].idle == 0


def test_an_instance_that_cannot_be_started_is_told_and_the_next_call_works() -> None:
    stage = Stage()
    stage.called()
    stage.machine_fails = True

    stage.pool.renew(plan())

    until(lambda: bool(stage.news))
    assert "no engine" in str(stage.news[0].error)
    stage.machine_fails = False
    assert stage.call().served().was_cold


def test_a_function_that_nobody_has_called_is_not_warmed() -> None:
    stage = Stage()

    renewal = stage.pool.renew(plan())

    assert renewal == (2, False)
    assert stage.made == []
    assert stage.call().served().was_cold


def test_a_function_whose_instances_are_gone_is_warmed_all_the_same() -> None:
    stage = Stage(idle_s=1000)
    stage.called()
    stage.now = 2000
    stage.pool.reap()

    stage.pool.renew(plan())

    until(lambda: bool(stage.news))
    assert not stage.call().served().was_cold
    stage.pool.close()


def test_a_renewal_under_a_full_cap_ends_no_other_instance_and_is_told_by_the_call_that_opens() -> (
    None
):
    stage = Stage(most_instances=1)
    stage.called(plan("resize"))
    mail = stage.call(plan("mail")).served()

    assert stage.pool.renew(plan("resize")).awaited
    assert stage.news == []
    mail.finish()

    assert stage.call(plan("resize")).served().was_cold
    assert [(each.number, each.result) for each in stage.news] == [(2, None)]


# --- another plan ------------------------------------------------------------------------------


def test_a_call_that_was_planned_before_a_change_is_served_by_what_came_after() -> None:
    stage = Stage()
    stage.called(plan(version="old"))

    stage.pool.renew(plan(version="new"))
    call = stage.call(plan(version="old")).served()

    assert call.instance.plan.fingerprint == "resize new"
    assert "resize old" in stage.forgotten


def test_a_change_can_be_taken_back() -> None:
    stage = Stage()
    stage.called(plan(version="a"))
    stage.pool.renew(plan(version="b"))
    stage.pool.renew(plan(version="a"))

    calls = [stage.call(plan(version=each)).served() for each in ("a", "b")]

    assert {each.instance.plan.fingerprint for each in calls} == {"resize a"}
    assert stage.pool.standing()[0].revision == 3


def test_an_instance_of_a_former_plan_is_replaced_when_it_comes_back() -> None:
    stage = Stage()
    before = stage.call(plan(version="a")).served()
    stage.pool.renew(plan(version="b"))

    before.finish()

    until(lambda: before.instance in stage.ended)
    assert stage.called(plan(version="a")).plan.fingerprint == "resize b"


def test_other_functions_are_left_alone() -> None:
    stage = Stage()
    mail = stage.called(plan("mail"))

    stage.pool.renew(plan("resize"))

    assert stage.called(plan("mail")) is mail


def test_spares_are_forgotten_when_everything_is_to_be_made_afresh() -> None:
    stage = Stage()
    stage.called()

    stage.pool.renew(plan())
    assert stage.forgotten == []
    stage.pool.renew(plan(), afresh=True)

    assert stage.forgotten == ["resize "]


# --- retired -----------------------------------------------------------------------------------


def test_instances_of_a_retired_function_go_and_are_not_replaced() -> None:
    stage = Stage()
    idle, running = stage.call().served(), stage.call().served()
    idle.finish()

    stage.pool.retire("resize")
    until(lambda: stage.ended == [idle.instance])
    running.finish()

    until(lambda: running.instance in stage.ended)
    assert len(stage.made) == 2
    assert stage.forgotten == ["resize "]


def test_a_retired_function_that_is_back_is_served() -> None:
    stage = Stage()
    old = stage.called()
    stage.pool.retire("resize")

    stage.pool.renew(plan())

    assert stage.called() is not old


# --- the order of the two ----------------------------------------------------------------------


@pytest.mark.parametrize("first", [False, True])
def test_an_old_instance_goes_before_or_after_its_successor_has_come(first: bool) -> None:
    stage = Stage()
    stage.called()
    stage.ends_first = first

    stage.pool.renew(plan())

    until(lambda: len(stage.order) == 3)
    assert stage.order[1:] == ([("end", 0), ("open", 1)] if first else [("open", 1), ("end", 0)])


def test_a_debugged_instance_in_use_is_replaced_when_it_comes_back_and_not_before() -> None:
    stage = Stage()
    stage.ends_first = True
    debugged = plan(debug_ports=(5678,))
    running = stage.call(debugged).served()

    stage.pool.renew(debugged)
    waiting = stage.call(debugged).waits()
    assert len(stage.made) == 1
    running.finish()

    assert not waiting.served().was_cold
    assert stage.order[1:] == [("end", 0), ("open", 1)]


def test_a_call_in_old_code_is_ended_as_soon_as_a_debugger_holds_it() -> None:
    stage = Stage()
    stage.ends_first = True
    debugged = plan(debug_ports=(5678,))
    running = stage.call(debugged).served()

    stage.pool.renew(debugged)
    threading.Event().wait(3 * LOOK_EVERY_S)
    assert running.instance.interrupted == []
    running.instance.is_held = True

    until(lambda: running.instance.interrupted != [])
    assert "changed while the debugger held this call" in running.instance.interrupted[0]
    running.finish(fails=True)
    assert not stage.call(debugged).served().was_cold
    assert stage.order[1:] == [("end", 0), ("open", 1)]


def test_a_call_in_new_code_may_be_held_and_one_without_a_debugger_is_left_alone() -> None:
    stage = Stage()
    debugged = plan(debug_ports=(5678,))
    stage.pool.renew(debugged)
    held, free = stage.call(debugged).served(), stage.call(plan("other")).served()
    held.instance.is_held = free.instance.is_held = True

    stage.pool.renew(plan("other"))

    threading.Event().wait(3 * LOOK_EVERY_S)
    assert held.instance.interrupted == free.instance.interrupted == []
