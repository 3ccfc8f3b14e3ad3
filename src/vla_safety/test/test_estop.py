# SPDX-License-Identifier: Apache-2.0
from vla_safety.arming import Arming
from vla_safety.estop import EStop


def test_true_input_latches_and_false_does_not_release():
    estop = EStop()
    estop.set_input(True, "hardware/e_stop")
    estop.set_input(False, "hardware/e_stop")
    assert estop.latched
    assert estop.cause == "hardware/e_stop is true"


def test_first_cause_is_told():
    estop = EStop()
    estop.latch("first")
    estop.latch("second")
    assert "first" in estop.reset(wants_to_move=False).sentence


def test_reset_is_refused_while_the_input_is_true():
    estop = EStop()
    estop.set_input(True, "input")
    answer = estop.reset(wants_to_move=False)
    assert not answer.granted
    assert "its input is still true" in answer.sentence
    assert estop.latched


def test_reset_is_refused_while_a_movement_is_commanded():
    estop = EStop()
    estop.latch("test")
    answer = estop.reset(wants_to_move=True)
    assert not answer.granted
    assert "not zero" in answer.sentence
    assert estop.latched


def test_reset_releases_a_harmless_latch_and_a_new_press_latches_again():
    estop = EStop()
    estop.set_input(True, "input")
    estop.set_input(False, "input")
    assert estop.reset(wants_to_move=False).granted
    assert not estop.latched
    estop.set_input(True, "input")
    assert estop.latched


def test_reset_of_a_free_e_stop_says_so():
    assert EStop().reset(wants_to_move=True) == (True, "the e-stop is not latched")


SECOND = 1_000_000_000


def expect(estop, now_s):
    estop.expect_beat("input", SECOND // 2, round(now_s * SECOND))


def test_heartbeat_that_is_lost_for_half_a_second_latches():
    estop = EStop()
    expect(estop, 0.0)
    for beat in range(20):
        estop.set_input(False, "input", beat * SECOND // 10)
        expect(estop, beat / 10)
    expect(estop, 1.9 + 0.5)
    assert not estop.latched
    expect(estop, 1.9 + 0.52)
    assert estop.cause == "input was silent for more than 0.5 s"


def test_heartbeat_that_never_began_latches():
    estop = EStop()
    expect(estop, 10.0)
    assert not estop.latched
    expect(estop, 10.6)
    assert estop.latched


def test_reset_is_refused_while_the_heartbeat_is_missing():
    estop = EStop()
    expect(estop, 0.0)
    expect(estop, 1.0)
    answer = estop.reset(wants_to_move=False)
    assert not answer.granted
    assert "heartbeat is missing" in answer.sentence
    estop.set_input(False, "input", SECOND)
    expect(estop, 1.0)
    assert estop.reset(wants_to_move=False).granted


def test_latch_of_an_earlier_life_is_there_at_once():
    estop = EStop("pressed before the restart")
    assert estop.latched
    assert "pressed before the restart" in estop.reset(wants_to_move=False).sentence


def test_arming_starts_disarmed_and_disarming_always_works():
    arming = Arming()
    assert not arming.armed
    assert arming.set(True, e_stop_latched=False).granted
    assert arming.armed
    assert arming.set(False, e_stop_latched=True).granted
    assert not arming.armed


def test_arming_under_a_latched_e_stop_is_refused_with_a_sentence():
    arming = Arming()
    answer = arming.set(True, e_stop_latched=True)
    assert not answer.granted
    assert "reset it first" in answer.sentence
    assert not arming.armed
