"""A gap is recorded once, when the machine answers again, from answer to answer."""

import pytest

from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.polling.outage import RESTARTED, Outage


@pytest.fixture
def outage() -> Outage:
    return Outage("press", gap_after_s=3.0)


def _span(gaps: list[GapOpened | GapClosed]) -> tuple[int, int, str, str]:
    opened, closed = gaps
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    assert opened.gap_id == closed.gap_id
    return opened.from_us, closed.to_us, opened.cause, opened.detail


def test_the_first_session_has_no_gap(outage: Outage) -> None:
    outage.start_session("")
    assert outage.note_answer(100, 0.0) == []


def test_a_lost_session_is_a_gap_from_the_last_answer_to_the_next(outage: Outage) -> None:
    outage.start_session("")
    outage.note_answer(100, 0.0)
    outage.note_answer(200, 1.0)
    outage.start_session("no answer within 3 s")
    assert _span(outage.note_answer(900, 8.0)) == (
        200,
        900,
        "connection_lost",
        "no answer within 3 s",
    )
    assert outage.note_answer(1000, 9.0) == []


def test_a_loss_of_a_poll_or_two_is_none(outage: Outage) -> None:
    outage.start_session("")
    outage.note_answer(100, 0.0)
    outage.start_session("reset")
    assert outage.note_answer(200, 2.9) == []


def test_a_slow_machine_has_no_gaps(outage: Outage) -> None:
    outage.start_session("")
    outage.note_answer(100, 0.0)
    assert outage.note_answer(200, 50.0) == []


def test_a_session_that_never_answered_does_not_end_the_gap(outage: Outage) -> None:
    outage.start_session("")
    outage.note_answer(100, 0.0)
    outage.start_session("reset")
    outage.start_session("no answer")
    assert _span(outage.note_answer(900, 8.0))[:2] == (100, 900)


def test_a_restart_is_a_gap_however_short(outage: Outage) -> None:
    outage.note_restart(50)
    outage.start_session("")
    assert _span(outage.note_answer(60, 0.1)) == (50, 60, "connection_lost", RESTARTED)
    assert outage.note_answer(70, 0.2) == []


def test_a_clock_that_went_back_does_not_turn_a_gap_around(outage: Outage) -> None:
    outage.note_restart(500)
    outage.start_session("")
    assert _span(outage.note_answer(100, 0.0))[:2] == (500, 500)
