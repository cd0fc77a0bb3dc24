"""On time and in full: what became of each measured line of demand.

In full: filled up to the tolerance when the window ends. On time: first filled so far inside the
window. Both: OTIF. A line is judged when its window has passed, not before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from werknetz.kpi.supply.allocation import Piece, Running, filled
from werknetz.kpi.supply.facts import Group, Span, Terms
from werknetz.kpi.supply.policy import Policy, Reference
from werknetz.kpi.supply.schedule import Demand


@dataclass(frozen=True, slots=True)
class DueLine:
    """One measured line and what came for it, as known now."""

    group: Group
    demand: Demand
    window: Span  # on time in it, half-open
    confirmed_us: int | None  # what it is held against instead, where the policy says so
    state: Literal["open", "measured"]
    delivered: float
    in_window: float  # delivered when the window ended, or until now
    first_received_us: int | None
    fulfilled_us: int | None
    on_time: bool | None  # None: its window has not passed
    in_full: bool | None
    delay_s: float | None  # of a line that is late: up to when it was filled, or up to now
    open_quantity: float
    receipt_ids: tuple[UUID, ...]
    coming_ids: tuple[UUID, ...]  # lines of shipments that are to fill the rest
    uncertain: bool  # messages that say otherwise may have been lost
    event_ids: tuple[UUID, ...] = ()  # who has called it off, each that said so
    shipment_ids: tuple[UUID, ...] = ()  # lines of advices of what came, and of what is to come

    @property
    def otif(self) -> bool | None:
        return None if self.on_time is None else bool(self.on_time and self.in_full)

    @property
    def early(self) -> bool:
        return self.fulfilled_us is not None and self.fulfilled_us < self.window[0]


@dataclass(frozen=True, slots=True)
class Flow:
    """What came and what is to come for one group."""

    came: Running
    coming: Running  # begins where `came` ends
    announced: Sequence[Piece] = ()  # by announced arrival, with what has come: for confirmed dates
    perhaps: Running | None = None  # as `came`, with what may have come and was lost on the way


@dataclass(frozen=True, slots=True)
class _Verdict:
    """How a line is judged by what came; None: its window has not passed."""

    on_time: bool | None
    in_full: bool | None
    delay_s: float | None


def due_lines(
    group: Group, demands: Sequence[Demand], flow: Flow, terms: Terms, lost: Sequence[Span]
) -> list[DueLine]:
    """Return what became of each line, in order of due dates."""
    promised = Running(flow.announced)
    return [_line(group, demand, flow, terms, (promised, lost)) for demand in demands]


def _line(
    group: Group,
    demand: Demand,
    flow: Flow,
    terms: Terms,
    beside: tuple[Running, Sequence[Span]],
) -> DueLine:
    promised, lost = beside
    policy = terms.at(demand.due_from_us)
    # At least the smallest part of it must come, however large the tolerance is.
    enough = demand.low + demand.quantity * (1 - policy.tolerance)
    confirmed_us = promised.reached_us(enough) if policy.reference is Reference.CONFIRMED else None
    due = (confirmed_us, confirmed_us) if confirmed_us is not None else _due(demand)
    window = policy.window(*due, terms.zone)
    verdict = _verdict(demand, flow.came, (due[1], window), policy, terms)
    perhaps = verdict
    if flow.perhaps is not None:
        perhaps = _verdict(demand, flow.perhaps, (due[1], window), policy, terms)
    delivered = filled(demand, flow.came.total)
    received = flow.came.within(demand.low, demand.high)
    return DueLine(
        group,
        demand,
        window,
        confirmed_us,
        "measured" if window[1] <= terms.now_us else "open",
        delivered,
        _in_window(demand, flow.came, window, terms),
        received[0].at_us if received else None,
        flow.came.reached_us(enough),
        verdict.on_time,
        verdict.in_full,
        verdict.delay_s,
        demand.quantity - delivered,
        tuple(dict.fromkeys(piece.event_id for piece in received)),
        tuple(dict.fromkeys(p.event_id for p in flow.coming.within(demand.low, demand.high))),
        verdict != perhaps or any(start < window[1] and end > window[0] for start, end in lost),
    )


def _verdict(
    demand: Demand, came: Running, until: tuple[int, Span], policy: Policy, terms: Terms
) -> _Verdict:
    due_us, window = until
    if window[1] > terms.now_us:
        return _Verdict(None, None, None)
    filled_us = came.reached_us(demand.low + demand.quantity * (1 - policy.tolerance))
    until_us = filled_us if filled_us is not None else terms.now_us
    return _Verdict(
        _is_on_time(filled_us, window),
        _is_in_full(demand, _in_window(demand, came, window, terms), policy),
        max(until_us - due_us, 0) / 1e6 if until_us >= window[1] else None,
    )


def _in_window(demand: Demand, came: Running, window: Span, terms: Terms) -> float:
    return filled(demand, came.before(min(window[1], terms.now_us + 1)))


def _due(demand: Demand) -> Span:
    return demand.due_from_us, demand.due_until_us


def _is_on_time(fulfilled_us: int | None, window: Span) -> bool:
    return fulfilled_us is not None and window[0] <= fulfilled_us < window[1]


def _is_in_full(demand: Demand, in_window: float, policy: Policy) -> bool:
    enough = demand.quantity * (1 - policy.tolerance)
    return in_window >= enough - 1e-9 * max(1.0, demand.high)
