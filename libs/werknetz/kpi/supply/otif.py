"""On time and in full (OTIF): the result of each measured line of demand.

In full: filled up to the tolerance when the window ends. On time: first filled that far inside the
window. Both: OTIF. A line is judged once its window has passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from werknetz.kpi.supply.allocation import NOTHING, RunningSum, filled_quantity
from werknetz.kpi.supply.facts import LostSpans, ScheduleGroup, Span, Terms
from werknetz.kpi.supply.policy import Policy, Reference
from werknetz.kpi.supply.schedule import Demand


@dataclass(slots=True)
class DueLine:
    """One measured line and what was received for it up to now."""

    group: ScheduleGroup
    demand: Demand
    window: Span  # on time in it, half-open
    confirmed_us: int | None  # the date that the policy compares with instead, if any
    state: Literal["open", "measured"]
    delivered: float
    in_window: float  # delivered when the window ended, or until now
    first_received_us: int | None
    fulfilled_us: int | None
    on_time: bool | None  # None: its window has not passed
    in_full: bool | None
    delay_s: float | None  # of a late line: until it was filled, or until now
    open_quantity: float
    receipt_ids: tuple[UUID, ...]
    incoming_ids: tuple[UUID, ...]  # lines of shipments expected to fill the rest
    uncertain: bool  # messages that would change the result may have been lost
    event_ids: tuple[UUID, ...] = ()  # the call-off entry and its duplicates
    shipment_ids: tuple[UUID, ...] = ()  # lines of despatch advices of received and expected goods

    @property
    def otif(self) -> bool | None:
        return None if self.on_time is None else bool(self.on_time and self.in_full)

    @property
    def early(self) -> bool:
        return self.fulfilled_us is not None and self.fulfilled_us < self.window[0]


@dataclass(frozen=True, slots=True)
class GroupFlow:
    """Received and expected quantities of one group."""

    received: RunningSum
    incoming: RunningSum  # starts where `received` ends
    announced: RunningSum = NOTHING  # by announced arrival, including what was received
    possibly_received: RunningSum | None = None  # plus quantities whose receipt may be lost


@dataclass(slots=True)
class _Verdict:
    """The result of a line; None: its window has not passed."""

    on_time: bool | None
    in_full: bool | None
    delay_s: float | None


def judge_lines(
    group: ScheduleGroup,
    demands: Sequence[Demand],
    flow: GroupFlow,
    terms: Terms,
    lost_spans: LostSpans,
) -> list[DueLine]:
    """Return the result of each line, in order of due dates."""
    announced = flow.announced
    return [_judge_line(group, demand, flow, terms, (announced, lost_spans)) for demand in demands]


def _judge_line(
    group: ScheduleGroup,
    demand: Demand,
    flow: GroupFlow,
    terms: Terms,
    context: tuple[RunningSum, LostSpans],
) -> DueLine:
    announced, lost_spans = context
    policy = terms.policy_at(demand.due_from_us)
    # Part of the quantity must be received however large the tolerance is.
    sufficient = demand.low + demand.quantity * (1 - policy.tolerance)
    confirmed_us = (
        announced.reached_us(sufficient) if policy.reference is Reference.CONFIRMED else None
    )
    due = (confirmed_us, confirmed_us) if confirmed_us is not None else _due_span(demand)
    window = policy.window(*due, terms.zone)
    verdict = _verdict_of(demand, flow.received, (due[1], window), policy, terms)
    possible_verdict = verdict
    if flow.possibly_received is not None:
        possible_verdict = _verdict_of(
            demand, flow.possibly_received, (due[1], window), policy, terms
        )
    delivered = filled_quantity(demand, flow.received.total)
    inflows = flow.received.between(demand.low, demand.high)
    return DueLine(
        group,
        demand,
        window,
        confirmed_us,
        "measured" if window[1] <= terms.now_us else "open",
        delivered,
        _quantity_in_window(demand, flow.received, window, terms),
        inflows[0].at_us if inflows else None,
        flow.received.reached_us(sufficient),
        verdict.on_time,
        verdict.in_full,
        verdict.delay_s,
        demand.quantity - delivered,
        tuple(dict.fromkeys(inflow.event_id for inflow in inflows)),
        tuple(dict.fromkeys(p.event_id for p in flow.incoming.between(demand.low, demand.high))),
        verdict != possible_verdict or lost_spans.touch(window),
    )


def _verdict_of(
    demand: Demand, received: RunningSum, due: tuple[int, Span], policy: Policy, terms: Terms
) -> _Verdict:
    due_us, window = due
    if window[1] > terms.now_us:
        return _Verdict(None, None, None)
    filled_us = received.reached_us(demand.low + demand.quantity * (1 - policy.tolerance))
    until_us = filled_us if filled_us is not None else terms.now_us
    return _Verdict(
        _is_on_time(filled_us, window),
        _is_in_full(demand, _quantity_in_window(demand, received, window, terms), policy),
        (until_us - due_us) / 1e6 if until_us >= window[1] else None,
    )


def _quantity_in_window(demand: Demand, received: RunningSum, window: Span, terms: Terms) -> float:
    return filled_quantity(demand, received.total_before(min(window[1], terms.now_us + 1)))


def _due_span(demand: Demand) -> Span:
    return demand.due_from_us, demand.due_until_us


def _is_on_time(fulfilled_us: int | None, window: Span) -> bool:
    return fulfilled_us is not None and window[0] <= fulfilled_us < window[1]


def _is_in_full(demand: Demand, in_window: float, policy: Policy) -> bool:
    sufficient = demand.quantity * (1 - policy.tolerance)
    return in_window >= sufficient - 1e-9 * max(1.0, demand.high)
