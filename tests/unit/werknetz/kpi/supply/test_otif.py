"""What a measured line is compared with, and what makes its result uncertain."""

from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from werknetz.kpi.supply.facts import (
    NO_ORDER,
    CallOffEntry,
    LostSpans,
    ReceiptLine,
    RelationFacts,
    ShipmentLine,
    Span,
    Terms,
)
from werknetz.kpi.supply.otif import DueLine
from werknetz.kpi.supply.policy import Allowance, Policy, Reference
from werknetz.kpi.supply.relation import reconcile

DAY = 86_400_000_000
HOUR = DAY // 24
NO_SLACK = Allowance()


def entry(quantity: float = 100.0, due: int = 10) -> CallOffEntry:
    return CallOffEntry(
        event_id=UUID(int=1), document="A", issued_us=0, known_us=0, quantity=quantity,
        due_from_us=due * DAY, due_until_us=(due + 1) * DAY,
    )  # fmt: skip


def receipt(number: int, at_us: int, quantity: float) -> ReceiptLine:
    return ReceiptLine(
        event_id=UUID(int=number), document=f"R{number}", received_us=at_us, known_us=at_us,
        quantity=quantity,
    )  # fmt: skip


def shipment(number: int, arrives_us: int, quantity: float) -> ShipmentLine:
    return ShipmentLine(
        event_id=UUID(int=number), document=f"S{number}", announced_us=DAY, known_us=DAY,
        quantity=quantity, arrives_us=arrives_us,
    )  # fmt: skip


def judge(
    *facts: CallOffEntry | ReceiptLine | ShipmentLine, now: int = 20, lost: tuple[Span, ...] = (),
    **policy: object,
) -> DueLine:  # fmt: skip
    relation = RelationFacts(
        supplier="a", material="b", lost_spans=lost,
        entries=tuple(f for f in facts if isinstance(f, CallOffEntry)),
        receipts=tuple(f for f in facts if isinstance(f, ReceiptLine)),
        shipments=tuple(f for f in facts if isinstance(f, ShipmentLine)),
    )  # fmt: skip
    options = {"early": NO_SLACK, "frozen_days": 0.0, "asn_expected": False} | policy
    terms = Terms(
        policies=((0, Policy(**options)),),  # type: ignore[arg-type]  # options of the test
        zone=ZoneInfo("UTC"),
        now_us=now * DAY,
    )
    [line] = reconcile(relation, terms).lines
    return line


def test_the_confirmed_date_is_when_enough_was_announced() -> None:
    """In order of arrival, not of the events' ids."""
    line = judge(
        entry(), shipment(2, 13 * DAY, 60), shipment(3, 12 * DAY, 40),
        receipt(4, 13 * DAY, 100), reference=Reference.CONFIRMED,
    )  # fmt: skip
    assert (line.confirmed_us, line.on_time) == (13 * DAY, True)
    partly = judge(
        entry(), shipment(2, 13 * DAY, 60), shipment(3, 12 * DAY, 40),
        reference=Reference.CONFIRMED, tolerance=0.6,
    )  # fmt: skip
    assert partly.confirmed_us == 12 * DAY
    requested = judge(entry(), shipment(2, 13 * DAY, 100))
    assert requested.confirmed_us is None


@pytest.mark.parametrize(
    ("at_us", "delay_s"),
    [(11 * DAY, 0.0), (11 * DAY + HOUR, 3600.0), (11 * DAY - 1, None), (10 * DAY, None)],
)
def test_a_late_line_is_delayed_until_it_is_filled(at_us: int, delay_s: float | None) -> None:
    line = judge(entry(), receipt(2, at_us, 100))
    assert line.delay_s == delay_s
    assert line.on_time is (delay_s is None)


def test_a_line_is_open_until_its_window_has_passed() -> None:
    open_line = judge(entry(), receipt(2, 10 * DAY, 100), now=10)
    assert (open_line.state, open_line.on_time, open_line.otif) == ("open", None, None)
    assert (open_line.in_window, open_line.delivered) == (100, 100)  # what came now counts
    passed = judge(entry(), receipt(2, 10 * DAY, 100), now=11)
    assert (passed.state, passed.on_time, passed.in_full, passed.otif) == (
        "measured", True, True, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("quantity", "in_full"), [(90.0, True), (89.999, False), (90.0 - 1e-9, True)]
)
def test_in_full_up_to_the_tolerance(quantity: float, in_full: bool) -> None:
    line = judge(entry(), receipt(2, 10 * DAY, quantity), tolerance=0.1)
    assert (line.in_full, line.on_time) == (in_full, in_full)


@pytest.mark.parametrize(
    ("span", "is_uncertain"),
    [
        ((9 * DAY, 10 * DAY), False),
        ((9 * DAY, 10 * DAY + 1), True),
        ((11 * DAY - 1, 12 * DAY), True),
        ((11 * DAY, 12 * DAY), False),
        ((5 * DAY, 15 * DAY), True),
    ],
)
def test_a_line_is_uncertain_where_messages_may_be_lost(span: Span, is_uncertain: bool) -> None:
    assert judge(entry(), receipt(2, 10 * DAY, 100), lost=(span,)).uncertain is is_uncertain


SPANS = LostSpans([(30, 40), (10, 100), (200, 210)])


@pytest.mark.parametrize(
    ("window", "touches"),
    [((0, 10), False), ((0, 11), True), ((50, 60), True), ((100, 200), False), ((99, 200), True),
     ((209, 300), True), ((210, 300), False)],
)  # fmt: skip
def test_spans_that_touch_a_window(window: Span, touches: bool) -> None:
    assert SPANS.touch(window) is touches


@pytest.mark.parametrize(
    ("at_us", "since_us", "until_us", "nearest_us"),
    [
        (50, 0, 300, 50),
        (5, 0, 300, 10),
        (120, 0, 300, 100),
        (150, 0, 300, 100),  # as near: the earlier
        (151, 0, 300, 200),
        (205, 0, 300, 205),
        (250, 0, 300, 210),
        (250, 0, 200, 100),  # only what starts before
        (250, 0, 201, 210),
        (5, 60, 300, 60),  # only instants from then on
        (120, 100, 300, 200),  # only what ends after
        (120, 99, 300, 100),
        (5, 0, 10, None),
        (250, 210, 300, None),
    ],
)
def test_the_nearest_instant_of_lost_spans(
    at_us: int, since_us: int, until_us: int, nearest_us: int | None
) -> None:
    assert SPANS.nearest_us(at_us, since_us, until_us) == nearest_us
    assert LostSpans([]).nearest_us(at_us, since_us, until_us) is None


def test_the_group_of_a_line_without_an_order() -> None:
    assert judge(entry()).group == NO_ORDER


def test_a_delivery_before_the_window_is_early() -> None:
    assert judge(entry(), receipt(2, 10 * DAY - 1, 100)).early
    assert not judge(entry(), receipt(2, 10 * DAY, 100)).early
    assert not judge(entry()).early


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [(1, "h", "1 hour"), (2, "h", "2 hours"), (1, "bd", "1 business day"), (0, "d", "0 days")],
)
def test_an_allowance_in_words(amount: int, unit: str, text: str) -> None:
    assert Allowance(amount, unit).text == text


def test_of_a_shipment_without_a_call_off_nothing_was_expected() -> None:
    relation = RelationFacts(supplier="a", material="b", shipments=(shipment(2, 13 * DAY, 60),))
    terms = Terms(policies=((0, Policy()),), zone=ZoneInfo("UTC"), now_us=5 * DAY)
    [finding] = reconcile(relation, terms).findings
    assert (finding.kind, finding.expected, finding.actual, finding.quantity) == (
        "shipment_without_call_off", 0.0, 60.0, 60.0,
    )  # fmt: skip
