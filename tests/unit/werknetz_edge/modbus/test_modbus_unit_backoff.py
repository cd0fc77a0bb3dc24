"""A silent unit rests while others answer; when none does, the session has ended."""

from werknetz_edge.modbus.unit_backoff import REST_TIMEOUTS, UnitBackoff


def test_the_only_unit_is_the_session() -> None:
    assert UnitBackoff({1}, 2.0).note_timeout(1, 0.0)


def test_a_silent_unit_rests_and_is_polled_again() -> None:
    silence = UnitBackoff({1, 2}, 2.0)
    assert not silence.is_resting(2, 0.0)
    assert not silence.note_timeout(2, 100.0)
    assert silence.is_resting(2, 100.0)
    assert silence.is_resting(2, 99.9 + REST_TIMEOUTS * 2.0)
    assert not silence.is_resting(2, 100.0 + REST_TIMEOUTS * 2.0)
    assert not silence.is_resting(1, 100.0)


def test_when_the_last_one_falls_silent_the_session_has_ended() -> None:
    silence = UnitBackoff({1, 2, 3}, 2.0)
    assert not silence.note_timeout(2, 0.0)
    assert not silence.note_timeout(3, 2.0)
    silence.reset(3)
    assert not silence.note_timeout(1, 4.0)
    assert not silence.note_timeout(2, 30.0), "again the same one"
    assert silence.note_timeout(3, 32.0)
