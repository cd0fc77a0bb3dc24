"""Shortage warnings: which lines will stop, when, and which late deliveries cause it.

Stock, planned consumption and expected arrivals are followed over planned time until the stock
falls below the minimum.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.plan import HOUR_US, Span, clip_spans


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """The consumption of a line or machine in its planned time."""

    equipment_id: int
    per_hour: float
    spans: Sequence[Span]  # planned, in order
    minimum: float = 0.0


@dataclass(frozen=True, slots=True)
class ExpectedArrival:
    """A quantity expected at an instant."""

    at_us: int
    quantity: float


@dataclass(frozen=True, slots=True)
class Shortage:
    """Less than the minimum from `start_us` to the next arrival or the horizon."""

    start_us: int
    empty_us: int | None  # when nothing is left, if that is before the end
    end_us: int
    next_arrival: ExpectedArrival | None
    at_risk_us: dict[int, int]  # planned time by equipment


def find_shortage(
    stock: float,
    uses: Sequence[PlannedUse],
    arrivals: Sequence[ExpectedArrival],
    start_us: int,
    horizon_us: int,
) -> Shortage | None:
    """Return the first shortage; None: the stock suffices up to the horizon.

    The minimum is the largest of all uses. An arrival is available at its instant. Time without
    consumption is no shortage.
    """
    if not uses:
        return None
    minimum = max(use.minimum for use in uses)
    expected = sorted(
        (arrival for arrival in arrivals if arrival.at_us < horizon_us),
        key=lambda arrival: arrival.at_us,
    )
    below_us = _falls_below_us(stock, minimum, uses, expected, start_us, horizon_us)
    if below_us is None:
        return None
    following_index = bisect_right([arrival.at_us for arrival in expected], below_us)
    following = expected[following_index] if following_index < len(expected) else None
    end_us = horizon_us if following is None else following.at_us
    empty_us = _falls_below_us(stock, 0.0, uses, expected[:following_index], start_us, end_us)
    at_risk: dict[int, int] = {}
    for use in uses:
        planned = sum(end - start for start, end in clip_spans(use.spans, below_us, end_us))
        if planned and use.per_hour > 0:
            at_risk[use.equipment_id] = at_risk.get(use.equipment_id, 0) + planned
    return Shortage(below_us, empty_us, end_us, following, at_risk)


def _falls_below_us(
    stock: float,
    minimum: float,
    uses: Sequence[PlannedUse],
    expected: Sequence[ExpectedArrival],
    start_us: int,
    end_us: int,
) -> int | None:
    """Return the first instant with consumption at which less than the minimum is left."""
    changes: dict[int, float] = {}  # of the consumption per hour
    for use in uses:
        for start, end in clip_spans(use.spans, start_us, end_us):
            changes[start] = changes.get(start, 0.0) + use.per_hour
            changes[end] = changes.get(end, 0.0) - use.per_hour
    quantities: dict[int, float] = {}
    for arrival in expected:
        at_us = max(arrival.at_us, start_us)
        quantities[at_us] = quantities.get(at_us, 0.0) + arrival.quantity
    stock_left, per_hour = stock, 0.0
    edges = sorted({start_us, end_us, *changes, *(at for at in quantities if at < end_us)})
    for at_us, next_us in pairwise(edges):
        stock_left += quantities.get(at_us, 0.0)
        per_hour += changes.get(at_us, 0.0)
        if per_hour <= NEGLIGIBLE:
            continue
        used = per_hour * (next_us - at_us) / HOUR_US
        if stock_left - used < minimum - NEGLIGIBLE:
            return at_us + int(max(stock_left - minimum, 0.0) / per_hour * HOUR_US)
        stock_left -= used
    return None


@dataclass(frozen=True, slots=True)
class OpenDueLine:
    """An open due line of a relation. `id` is that of its row."""

    id: int
    due_us: int
    until_us: int  # on time until then
    quantity: float


@dataclass(frozen=True, slots=True)
class OpenShipmentLine:
    """The part of a shipment that is in transit. `id` is that of its row."""

    id: int
    expected_us: int
    quantity: float


@dataclass(frozen=True, slots=True)
class AllottedDueLine:
    """A due line with the shipments in transit for it, and when the last of them arrives."""

    due: OpenDueLine
    shipments: tuple[OpenShipmentLine, ...]
    expected_us: int | None  # None: not all of it is in transit


def allot_shipments(
    due: Sequence[OpenDueLine], sent: Sequence[OpenShipmentLine]
) -> list[AllottedDueLine]:
    """Allot shipments in transit to due lines: the first to arrive to the first due."""
    shipments = sorted(sent, key=lambda line: (line.expected_us, line.id))
    allotted: list[AllottedDueLine] = []
    index, taken = 0, 0.0  # how much of that shipment
    for line in sorted(due, key=lambda line: (line.due_us, line.id)):
        open_quantity, allotted_shipments = line.quantity, []
        while open_quantity > NEGLIGIBLE and index < len(shipments):
            remaining = shipments[index].quantity - taken
            if remaining > NEGLIGIBLE:
                allotted_shipments.append(shipments[index])
            share = min(open_quantity, remaining)
            open_quantity, taken = open_quantity - share, taken + share
            if remaining - share <= NEGLIGIBLE:
                index, taken = index + 1, 0.0
        expected = (
            allotted_shipments[-1].expected_us
            if allotted_shipments and open_quantity <= NEGLIGIBLE
            else None
        )
        allotted.append(AllottedDueLine(line, tuple(allotted_shipments), expected))
    return allotted


def find_missing(
    lines: Sequence[AllottedDueLine], short_us: int, now_us: int
) -> list[AllottedDueLine]:
    """Return the deliveries that are due before the shortage and will not arrive in time.

    A delivery that is due later than now and not sent yet is expected on its due date.
    """
    return [
        line
        for line in lines
        if line.due.due_us <= short_us
        and (
            line.due.until_us <= now_us if line.expected_us is None else line.expected_us > short_us
        )
    ]


def delay_s_of(line: AllottedDueLine, now_us: int) -> float:
    """Return the expected delay; without a shipment, the delay up to now."""
    at_us = now_us if line.expected_us is None else line.expected_us
    return max(0, at_us - line.due.until_us) / 1e6
