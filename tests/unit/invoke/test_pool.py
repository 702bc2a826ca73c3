"""Who gets an instance, who waits, who has to go."""

import threading

import pytest

from localfn.invoke.pool import NoPlace
from localfn.model import InstanceState
from tests.unit.invoke.fakes import Stage, plan, until


def test_pool_lends_an_instance_again_when_it_has_come_back() -> None:
    stage = Stage()

    first, second = stage.called(), stage.called()

    assert first is second
    assert stage.ended == []


def test_pool_makes_another_instance_for_a_call_at_the_same_time() -> None:
    stage = Stage()
    first = stage.call().served()

    second = stage.call().served()

    assert second.instance is not first.instance


def test_pool_lends_the_instance_that_was_used_last() -> None:
    stage = Stage()
    first, second = stage.call().served(), stage.call().served()
    first.finish()
    stage.now = 1
    second.finish()

    assert stage.called() is second.instance


def test_pool_keeps_plans_apart() -> None:
    stage = Stage()

    assert stage.called(plan("resize")) is not stage.called(plan("mail"))


def test_pool_ends_an_instance_that_has_failed_and_serves_the_next_call_with_another() -> None:
    stage = Stage()
    failed = stage.call().served().finish(fails=True)

    after = stage.called()

    assert stage.ended == [failed.instance]
    assert after is not failed.instance


def test_an_instance_that_could_not_load_its_code_is_opened_again_by_one_call_only() -> None:
    stage = Stage()
    shared = plan(concurrency=2)
    first = stage.call(shared).served()
    first.instance.fresh = True
    first.finish()

    with stage.pool.borrow(shared) as again:
        assert again.opening
        assert again.instance is first.instance
        third = stage.call(shared).waits()
        first.instance.fresh = False
        stage.pool.opened(again)

        assert third.served().instance is first.instance
    assert not third.was_cold
    third.finish()


def test_pool_ends_an_instance_that_could_not_be_opened_and_serves_the_next_call() -> None:
    stage = Stage()
    stage.import_fails = True
    failed = stage.called()
    stage.import_fails = False

    assert stage.called() is not failed
    assert stage.ended == [failed]


def test_pool_does_not_lend_an_instance_that_died_while_it_was_idle() -> None:
    stage = Stage()
    dead = stage.called()
    dead.has_died = True
    stage.now = 1

    assert stage.called() is not dead
    until(lambda: stage.ended == [dead])


# --- several calls at once -----------------------------------------------------------------


def test_pool_gives_an_instance_as_many_calls_as_the_function_wants() -> None:
    stage = Stage()
    shared = plan(concurrency=2)
    calls = [stage.call(shared).served() for _ in range(3)]

    assert [each.instance.number for each in calls] == [0, 0, 1]


def test_calls_wait_for_the_instance_that_the_first_one_opens() -> None:
    stage = Stage()
    shared = plan(concurrency=3)
    with stage.pool.borrow(shared) as berth:
        others = [stage.call(shared), stage.call(shared).waits()]
        until(lambda: stage.waiting() == 2)
        stage.load(berth.instance)
        stage.pool.opened(berth)

        assert [each.served().instance for each in others] == [berth.instance] * 2
        assert not any(each.was_cold for each in others)


def test_calls_try_for_themselves_when_the_first_one_cannot_open_its_instance() -> None:
    stage = Stage()
    shared = plan(concurrency=2)
    with stage.pool.borrow(shared) as berth:
        other = stage.call(shared).waits()
        berth.instance.state = InstanceState.FAILED

    assert other.served().was_cold
    assert other.instance is not berth.instance


def test_an_instance_that_failed_in_one_of_its_calls_gets_no_more_and_goes_after_the_last() -> None:
    stage = Stage()
    shared = plan(concurrency=2)
    first, second = stage.call(shared).served(), stage.call(shared).served()
    first.finish(fails=True)

    assert stage.called(shared) is not first.instance
    assert stage.ended == []
    second.finish()
    assert stage.ended == [first.instance]


# --- no more than so many --------------------------------------------------------------------


def test_a_call_over_the_cap_waits_for_its_turn() -> None:
    stage = Stage(most_instances=1)
    first = stage.call().served()
    second = stage.call().waits()

    first.finish()

    assert second.served().instance is first.instance
    assert len(stage.made) == 1


def test_a_function_has_no_more_instances_than_it_may_and_others_are_not_kept_from_theirs() -> None:
    stage, limited = Stage(wait_s=0.02), plan(most=1)
    first = stage.call(limited).served()

    refused = stage.call(limited).over()
    other = stage.call(plan("mail")).served()

    assert "at most 1 of this function may live" in str(refused.refused)
    first.finish()
    other.finish()
    assert stage.called(limited) is first.instance


def test_a_short_call_waits_for_a_busy_instance_before_another_one_is_opened() -> None:
    stage = Stage(patience_s=30.0)
    for _ in range(3):  # from these it is known how short calls are
        stage.called()
    first = stage.call().served()

    second = stage.call().waits()
    first.finish()

    assert second.served().instance is first.instance
    assert len(stage.made) == 1
    second.finish()


def test_a_call_does_not_wait_for_instances_whose_calls_take_long() -> None:
    stage = Stage(patience_s=30.0)
    for _ in range(3):
        slow = stage.call().served()
        stage.now += 100
        slow.finish()
    first = stage.call().served()

    second = stage.call().served()

    assert second.instance is not first.instance
    first.finish()
    second.finish()


def test_a_call_that_has_waited_long_enough_has_another_instance_opened() -> None:
    stage = Stage(patience_s=0.02)
    for _ in range(3):
        stage.called()
    first = stage.call().served()

    second = stage.call().served()

    assert second.instance is not first.instance
    first.finish()
    second.finish()


def test_calls_are_served_in_the_order_in_which_they_came() -> None:
    stage = Stage(most_instances=1)
    running = stage.call().served()
    waiting = []
    for number in range(4):
        # Of two functions in turn: it is the order that counts.
        waiting.append(stage.call(plan("resize" if number % 2 else "mail")))
        until(lambda count=number + 1: stage.waiting() == count)

    for each in waiting:
        assert not each.is_served
        running.finish()
        running = each.served()

    assert [each.is_served for each in waiting] == [True] * 4


def test_a_call_that_waits_too_long_is_refused_and_the_next_one_is_served() -> None:
    stage = Stage(most_instances=1, wait_s=0.02)
    running = stage.call().served()

    refused = stage.call().over()

    assert "within 0.02 s; at most 1 are kept" in str(refused.refused)
    running.finish()
    assert stage.called() is running.instance


def test_a_call_that_was_refused_is_not_served_later() -> None:
    stage = Stage(most_instances=1, wait_s=0.02)
    running = stage.call().served()
    stage.call().over()

    running.finish()

    assert stage.pool.standing()[0].idle == 1
    assert stage.waiting() == 0


def test_the_instance_that_has_been_idle_longest_goes_for_another_function() -> None:
    stage = Stage(most_instances=2)
    old = stage.called(plan("old"))
    stage.now = 1
    young = stage.called(plan("young"))
    stage.now = 2

    newest = stage.called(plan("new"))

    until(lambda: stage.ended == [old])
    assert stage.called(plan("young")) is young
    assert stage.called(plan("new")) is newest


def test_an_instance_in_use_never_goes_for_another_function() -> None:
    stage = Stage(most_instances=1, wait_s=0.02)
    running = stage.call(plan("mail")).served()

    assert stage.call(plan("resize")).over().refused
    assert running.instance.usable


def test_a_call_that_waits_is_served_when_an_instance_fails() -> None:
    stage = Stage(most_instances=1)
    running = stage.call().served()
    waiting = stage.call().waits()

    running.finish(fails=True)

    assert waiting.served().was_cold


# --- idle ----------------------------------------------------------------------------------


def test_instances_that_nobody_calls_for_long_are_ended() -> None:
    stage = Stage(idle_s=1000)
    old = stage.called(plan("old"))
    used = stage.call(plan("used")).served()
    stage.now = 600
    young = stage.called(plan("young"))

    stage.now = 1001
    stage.pool.reap()

    until(lambda: stage.ended == [old])
    used.finish()
    assert stage.called(plan("young")) is young
    assert stage.called(plan("used")) is used.instance
    stage.pool.close()


def test_a_reaper_ends_idle_instances_by_itself() -> None:
    stage = Stage(idle_s=0.02)
    idle = stage.called()
    stage.now = 1

    until(lambda: stage.ended == [idle])
    stage.pool.close()


def test_nothing_runs_in_the_background_when_instances_do_not_time_out() -> None:
    stage = Stage()
    stage.called()

    assert stage.pool._reaper is None
    assert not stage.pool._threads


# --- a debugger --------------------------------------------------------------------------------


def test_a_function_that_is_debugged_has_one_instance_and_one_call_at_a_time() -> None:
    stage = Stage()
    debugged = plan(concurrency=5, debug_ports=(5678,))
    first = stage.call(debugged).served()
    second = stage.call(debugged).waits()

    first.finish()

    assert second.served().instance is first.instance


def test_a_call_waits_as_long_as_another_one_is_debugged() -> None:
    stage = Stage(wait_s=0.01)
    debugged = plan(debug_ports=(5678,))
    first = stage.call(debugged).served()
    second = stage.call(debugged).waits()

    threading.Event().wait(0.05)
    first.finish()

    assert second.served().instance is first.instance
    assert second.finish().refused is None


def test_an_instance_that_is_debugged_neither_times_out_nor_goes_for_another() -> None:
    stage = Stage(most_instances=1, wait_s=0.02, idle_s=1000)
    debugged = stage.called(plan(debug_ports=(5678,)))

    stage.now = 2000
    stage.pool.reap()

    assert stage.call(plan("mail")).over().refused
    assert debugged.usable
    stage.pool.close()


# --- before anybody calls ------------------------------------------------------------------------


def test_a_function_can_be_warmed_before_anybody_calls() -> None:
    stage = Stage()
    printed: list[bytes] = []

    revision = stage.pool.warm(plan(), printed.append)

    assert revision is not None
    assert (revision.function, revision.number) == ("resize", 1)
    assert revision.result is not None
    assert revision.result.failure is None
    assert printed == [b"loading"]
    assert not stage.call().served().was_cold


def test_warming_a_warm_function_does_nothing() -> None:
    stage = Stage()
    stage.called()

    assert stage.pool.warm(plan()) is None
    assert len(stage.made) == 1


def test_warming_ends_no_other_instance() -> None:
    stage = Stage(most_instances=1)
    stage.called(plan("mail"))

    assert stage.pool.warm(plan("resize")) is None
    assert stage.ended == []


def test_warming_tells_what_failed_and_the_next_call_tries_again() -> None:
    stage = Stage()
    stage.import_fails = True

    revision = stage.pool.warm(plan())

    assert revision is not None
    assert revision.result is not None
    assert revision.result.failure is not None
    stage.import_fails = False
    assert stage.call().served().was_cold


# --- the end -------------------------------------------------------------------------------


def test_close_refuses_who_waits_and_ends_all_instances_also_those_in_use() -> None:
    stage = Stage(most_instances=2)
    idle = stage.called(plan("mail"))
    running = stage.call().served()
    idle_no_more = stage.call(plan("mail")).served()
    waiting = stage.call().waits()

    stage.pool.close()

    assert "stopping" in str(waiting.over().refused)
    assert {each.number for each in stage.ended} == {idle.number, running.instance.number}
    running.finish()
    idle_no_more.finish()
    with pytest.raises(NoPlace), stage.pool.borrow(plan()):
        pass
    stage.pool.close()
    assert len(stage.ended) == 2


def test_close_does_not_wait_longer_than_it_may() -> None:
    stage = Stage()
    stage.called()
    stage.pool._lives = stage.pool._lives._replace(end=lambda instance: stage.gate.wait(5))
    stage.gate.clear()

    stage.pool.close(0.01)

    stage.gate.set()


def test_close_ends_what_is_being_opened() -> None:
    stage = Stage()
    stage.called()
    stage.gate.clear()
    stage.pool.renew(plan())
    until(lambda: len(stage.made) == 2 and stage.made[1].state is InstanceState.STARTING)

    stage.pool.close()

    assert all(each.state is InstanceState.STOPPED for each in stage.made)
    assert stage.news == []
