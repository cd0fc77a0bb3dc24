"""A value is reported when it changes, and after the longest silence."""

import struct

import pytest

from werknetz.domain.status import GOOD
from werknetz_edge.polling.grouping import Limit
from werknetz_edge.polling.plan import PollPlan, RequestRules, build_plan
from werknetz_edge.polling.point import Coded, Number, Point
from werknetz_edge.polling.report import BAD_DECODING, PollAnswers, Report, ReportedValues

REFUSED = 0x8034_0000
ADDRESSES = ["a", "b", "text", "big"]


def _ascii(raw: bytes) -> str:
    return raw.decode("ascii")


POINTS = [
    Point("a", (0, 0), 0, 2, Number("i2", (0, 1)), 1.0),
    Point("b", (0, 1), 0, 2, Number("i2", (0, 1)), 1.0),
    Point("text", (0, 2), 0, 4, Coded(4, _ascii), 1.0),
    Point("big", (0, 3), 0, 8, Number("u8", tuple(range(8))), 1.0),
]


@pytest.fixture
def plan() -> PollPlan:
    return build_plan(POINTS, 1.0, RequestRules(lambda _: Limit(100, 0, 1)))


def _poll(
    plan: PollPlan, a: int = 1, b: int = 2, text: bytes = b"abcd", big: int = 3, at_us: int = 1000
) -> PollAnswers:
    poll = PollAnswers.empty(plan)
    poll.image[:] = struct.pack(">hh4sQ", a, b, text, big)
    poll.at_us[:] = at_us
    return poll


def _values_of(reported: ReportedValues) -> dict[str, object]:
    values: dict[str, object] = {reading.source: reading.value for reading in reported.readings}
    for block in reported.blocks:
        for index, value in zip(block.address, block.value, strict=True):
            values[block.addresses[index]] = float(value)
    return values


def _report(plan: PollPlan, *, every: bool = False) -> Report:
    return Report(plan, ADDRESSES, every=every, silence_max_s=60)


def test_first_everything_then_only_what_changed(plan: PollPlan) -> None:
    report = _report(plan)
    first = report.select(_poll(plan), 0.0)
    assert _values_of(first) == {"a": 1.0, "b": 2.0, "text": "abcd", "big": 3.0}
    assert first.blocks[0].source_time_us.tolist() == [1000, 1000, 1000]
    assert not report.select(_poll(plan), 1.0)
    assert _values_of(report.select(_poll(plan, b=7), 2.0)) == {"b": 7.0}
    assert _values_of(report.select(_poll(plan, b=7, text=b"wxyz"), 3.0)) == {"text": "wxyz"}


def test_unchanged_values_are_reported_after_the_longest_silence(plan: PollPlan) -> None:
    report = _report(plan)
    report.select(_poll(plan), 0.0)
    report.select(_poll(plan, a=5), 30.0)
    assert set(_values_of(report.select(_poll(plan, a=5), 60.0))) == {"b", "text", "big"}
    assert set(_values_of(report.select(_poll(plan, a=5), 90.0))) == {"a"}


def test_every_reports_everything_each_time(plan: PollPlan) -> None:
    report = _report(plan, every=True)
    for second in range(3):
        assert set(_values_of(report.select(_poll(plan), float(second)))) == set(ADDRESSES)


def test_what_is_refused_is_bad_once_and_good_again_with_the_value_of_before(
    plan: PollPlan,
) -> None:
    report = _report(plan)
    report.select(_poll(plan), 0.0)
    refused = _poll(plan)
    refused.status[0] = refused.status[2] = REFUSED
    reported = report.select(refused, 1.0)
    (block,) = reported.blocks
    assert (block.address.tolist(), block.status.tolist()) == ([0], [REFUSED])
    assert str(block.value[0]) == "nan", "there is no value: none is invented"
    (text,) = reported.readings
    assert (text.source, text.value, text.status) == ("text", None, REFUSED)
    changed = _poll(plan, a=99, text=b"????")  # not from the machine: it refuses
    changed.status[:] = refused.status
    assert not report.select(changed, 2.0)
    assert _values_of(report.select(_poll(plan), 3.0)) == {"a": 1.0, "text": "abcd"}


def test_unanswered_points_are_not_reported(plan: PollPlan) -> None:
    report = _report(plan)
    half = _poll(plan)
    half.at_us[1] = half.at_us[2] = half.at_us[3] = 0
    assert _values_of(report.select(half, 0.0)) == {"a": 1.0}
    assert _values_of(report.select(_poll(plan), 1.0)) == {"b": 2.0, "text": "abcd", "big": 3.0}


def test_integers_beyond_a_float_are_reported_exactly(plan: PollPlan) -> None:
    report = _report(plan)
    assert _values_of(report.select(_poll(plan, big=2**63 + 1), 0.0))["big"] == 2**63 + 1
    assert _values_of(report.select(_poll(plan, big=2**63 + 2), 1.0)) == {"big": 2**63 + 2}
    assert not report.select(_poll(plan, big=2**63 + 2), 2.0)


def test_what_is_no_text_goes_to_quarantine_with_its_bytes(plan: PollPlan) -> None:
    report = _report(plan)
    reported = report.select(_poll(plan, text=b"\xff\xfe\0\0"), 0.0)
    (unmapped,) = reported.unreadable
    assert (unmapped.source, unmapped.raw) == ("text", b"\xff\xfe\0\0")
    (reading,) = [reading for reading in reported.readings if reading.source == "text"]
    assert (reading.value, reading.status) == (None, BAD_DECODING)
    assert not report.select(_poll(plan, text=b"\xff\xfe\0\0"), 1.0), "once, not at each poll"
    again = report.select(_poll(plan, text=b"\xff\xfe\0\0"), 61.0)
    assert "text" in _values_of(again)
    assert not again.unreadable, "and not at each report"
    assert _values_of(report.select(_poll(plan), 62.0)) == {"text": "abcd"}


def test_other_pieces_for_the_same_points_repeat_nothing(plan: PollPlan) -> None:
    report = _report(plan)
    report.select(_poll(plan), 0.0)
    other = build_plan(POINTS, 1.0, RequestRules(lambda _: Limit(2, 0, 1)))
    assert len(other.pieces) > len(plan.pieces)
    report.use_plan(other)
    reported = report.select(_poll(other, a=8), 1.0)
    assert _values_of(reported) == {"a": 8.0}
    assert reported.blocks[0].status.tolist() == [GOOD]
