import threading

from localfn.invoke.gate import Gate

LIMIT_S = 20.0


def test_a_gate_is_open_by_itself() -> None:
    assert Gate(LIMIT_S).enter("resize") == 0


def test_a_held_function_waits_until_the_release_and_no_other_does() -> None:
    gate = Gate(LIMIT_S)
    gate.hold({"resize"})
    passed = threading.Event()
    waiting = threading.Thread(target=lambda: (gate.enter("resize"), passed.set()))
    waiting.start()

    gate.enter("report")
    assert not passed.is_set()
    gate.release()

    assert passed.wait(LIMIT_S)
    waiting.join()


def test_holding_more_keeps_what_is_held() -> None:
    gate = Gate(LIMIT_S)
    gate.hold({"resize"})
    gate.hold({"report"})
    passed = threading.Event()
    waiting = threading.Thread(target=lambda: (gate.enter("resize"), passed.set()))
    waiting.start()

    assert not passed.wait(0.05)
    gate.release()

    assert passed.wait(LIMIT_S)
    waiting.join()


def test_a_call_goes_on_after_the_limit() -> None:
    gate = Gate(0.01)
    gate.hold({"resize"})

    gate.enter("resize")


def test_a_call_first_catches_up_with_what_was_saved_before_it() -> None:
    gate = Gate(0.01)
    held: list[bool] = []

    def catch_up() -> None:
        gate.hold({"resize"})
        held.append(True)

    gate.follow(catch_up)
    gate.enter("resize")

    assert held == [True]


def test_a_gate_counts_how_often_it_held_a_function() -> None:
    gate = Gate(0.01)
    gate.hold({"resize"})
    gate.release()
    gate.follow(lambda: gate.hold({"resize"}))

    assert gate.holds("resize") == 2
    assert gate.holds("report") == 0


def test_a_gate_is_open_as_long_as_nothing_is_held_and_all_is_current() -> None:
    current = True
    gate = Gate()
    gate.follow(lambda: None, lambda: current)
    assert gate.is_open("resize")

    gate.hold({"resize"})
    assert not gate.is_open("resize")
    assert gate.is_open("mail")

    gate.release()
    current = False
    assert not gate.is_open("resize")
