"""Which lines will stop, when, for want of what, and which deliveries should have prevented it.

The other way across the gate: what is there, what is planned to be used and what is expected are
walked through, minute by minute of planned time, until there is less than the minimum.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.plan import HOUR_US, Span, clip_spans


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """What a line or machine takes in its planned time."""

    equipment_id: int
    per_hour: float
    spans: Sequence[Span]  # planned, in order
    minimum: float = 0.0


@dataclass(frozen=True, slots=True)
class ExpectedArrival:
    """A quantity that is expected at an instant."""

    at_us: int
    quantity: float


@dataclass(frozen=True, slots=True)
class Shortage:
    """From `start_us` on there is less than the minimum, up to the next arrival or the horizon."""

    start_us: int
    empty_us: int | None  # when nothing at all is left, if that is before the end
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
    """Return the first shortage; None: there is enough up to the horizon.

    The minimum is the greatest of those that take from it. What arrives at an instant is there
    at that instant. Time in which nobody takes anything is no shortage.
    """
    minimum = max((use.minimum for use in uses), default=0.0)
    coming = sorted((one for one in arrivals if one.at_us < horizon_us), key=lambda one: one.at_us)
    below_us = _falls_below_us(stock, minimum, uses, coming, start_us, horizon_us)
    if below_us is None:
        return None
    number = bisect_left([one.at_us for one in coming], below_us + 1)
    following = coming[number] if number < len(coming) else None
    end_us = horizon_us if following is None else following.at_us
    empty_us = _falls_below_us(stock, 0.0, uses, coming[:number], start_us, end_us)
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
    coming: Sequence[ExpectedArrival],
    start_us: int,
    end_us: int,
) -> int | None:
    """Return the first instant at which something is to be taken and the minimum is not left."""
    changes: dict[int, float] = {}  # of what is used in an hour
    for use in uses:
        for start, end in clip_spans(use.spans, start_us, end_us):
            changes[start] = changes.get(start, 0.0) + use.per_hour
            changes[end] = changes.get(end, 0.0) - use.per_hour
    came: dict[int, float] = {}
    for one in coming:
        at_us = max(one.at_us, start_us)
        came[at_us] = came.get(at_us, 0.0) + one.quantity
    left, per_hour = stock, 0.0
    edges = sorted({start_us, end_us, *changes, *(at for at in came if at < end_us)})
    for at_us, next_us in pairwise(edges):
        left += came.get(at_us, 0.0)
        per_hour += changes.get(at_us, 0.0)
        if per_hour <= NEGLIGIBLE:
            continue
        used = per_hour * (next_us - at_us) / HOUR_US
        if left - used < minimum - NEGLIGIBLE:
            return at_us + int(max(left - minimum, 0.0) / per_hour * HOUR_US)
        left -= used
    return None


@dataclass(frozen=True, slots=True)
class OpenDueLine:
    """What a relation is still to deliver. `id` names its row."""

    id: int
    due_us: int
    until_us: int  # on time up to here
    quantity: float


@dataclass(frozen=True, slots=True)
class OpenShipmentLine:
    """What of a shipment is still on its way. `id` names its row."""

    id: int
    expected_us: int
    quantity: float


@dataclass(frozen=True, slots=True)
class AllottedDueLine:
    """What is on its way for a due line: the shipments, and when the last piece of it is there."""

    due: OpenDueLine
    shipments: tuple[OpenShipmentLine, ...]
    expected_us: int | None  # None: not all of it is on its way


def allot_shipments(
    due: Sequence[OpenDueLine], sent: Sequence[OpenShipmentLine]
) -> list[AllottedDueLine]:
    """Allot what is on its way to what is due, first come, first due."""
    waiting = sorted(sent, key=lambda one: (one.expected_us, one.id))
    found: list[AllottedDueLine] = []
    number, left = 0, waiting[0].quantity if waiting else 0.0
    for one in sorted(due, key=lambda line: (line.due_us, line.id)):
        wanted, by = one.quantity, []
        while wanted > NEGLIGIBLE and number < len(waiting):
            if left > NEGLIGIBLE:
                by.append(waiting[number])
            taken = min(wanted, left)
            wanted, left = wanted - taken, left - taken
            if left <= NEGLIGIBLE:
                number += 1
                left = waiting[number].quantity if number < len(waiting) else 0.0
        expected = by[-1].expected_us if by and wanted <= NEGLIGIBLE else None
        found.append(AllottedDueLine(one, tuple(by), expected))
    return found


def find_missing(
    found: Sequence[AllottedDueLine], short_us: int, now_us: int
) -> list[AllottedDueLine]:
    """Return the deliveries that should have been there when it runs short, and will not be.

    What is due later than now and not sent yet is expected when it is due.
    """
    return [
        promise
        for promise in found
        if promise.due.due_us <= short_us
        and (
            promise.due.until_us <= now_us
            if promise.expected_us is None
            else promise.expected_us > short_us
        )
    ]


def delay_s_of(promise: AllottedDueLine, now_us: int) -> float:
    """Return how late it will be; of what nobody has announced, how late it is already."""
    at_us = now_us if promise.expected_us is None else promise.expected_us
    return max(0, at_us - promise.due.until_us) / 1e6
