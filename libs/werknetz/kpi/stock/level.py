"""The stock level of a material in a warehouse, its stock-outs and its daily sums."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from uuid import UUID

from werknetz.kpi.stock.ledger import NEGLIGIBLE, Balance, OpeningBalance


@dataclass(frozen=True, slots=True)
class StockOutPeriod:
    """From the entry that emptied the stock to the next inflow; None: it is still empty."""

    start_us: int
    end_us: int | None
    start_event: UUID
    end_event: UUID | None = None


@dataclass(frozen=True, slots=True)
class StockLevel:
    at_us: int
    quantity: float
    inflow: float
    outflow: float
    event_id: UUID
    is_known: bool  # some place was counted; before that the level is unknown


@dataclass(slots=True)
class StockDay:
    """Additive inputs of one local day. `average` is over `known_s` seconds."""

    closing: float = 0.0
    average: float = 0.0
    known_s: float = 0.0
    inflow: float = 0.0
    outflow: float = 0.0
    stock_out_s: float = 0.0
    stock_outs: int = 0


def compute_levels(
    balances_by_place: Mapping[int, Sequence[Balance]], openings: Mapping[int, OpeningBalance]
) -> list[StockLevel]:
    """Return the level after each entry of any place, in order of time."""
    last = dict.fromkeys(balances_by_place, 0.0)
    last.update((place, opening.balance) for place, opening in openings.items())
    total = sum(last.values())
    is_known = any(opening.is_counted for opening in openings.values())
    levels = []
    for balance, place in merge(
        *([(entry, place) for entry in entries] for place, entries in balances_by_place.items()),
        key=lambda pair: (pair[0].at_us, pair[1], pair[0].position),
    ):
        total += balance.balance - last[place]
        is_known = is_known or balance.kind == "count"
        last[place] = balance.balance
        levels.append(
            StockLevel(
                balance.at_us, 0.0 if abs(total) < NEGLIGIBLE else total, max(balance.change, 0.0),
                max(-balance.change, 0.0), balance.event_id, is_known,
            )
        )  # fmt: skip
    return levels


def find_stock_outs(
    levels: Iterable[StockLevel], open_since: StockOutPeriod | None = None, minimum: float = 0.0
) -> list[StockOutPeriod]:
    """Return when the level was not above the minimum. `open_since`: a stock-out before it."""
    periods: list[StockOutPeriod] = []
    current = open_since
    for level in _last_of_instants(levels):
        if not level.is_known:
            continue
        is_out = level.quantity <= minimum + NEGLIGIBLE
        if is_out and current is None:
            current = StockOutPeriod(level.at_us, None, level.event_id)
        elif not is_out and current is not None:
            periods.append(
                StockOutPeriod(current.start_us, level.at_us, current.start_event, level.event_id)
            )
            current = None
    return [*periods, current] if current is not None else periods


def sum_days(
    levels: Sequence[StockLevel],
    stock_outs: Sequence[StockOutPeriod],
    bounds: Sequence[tuple[int, int]],
    opening: tuple[float, bool],
    flow: Callable[[StockLevel], tuple[float, float]] = lambda level: (level.inflow, level.outflow),
) -> list[StockDay]:
    """Return the sums of days given by (start, end) in µs; `opening`: level, and if it is known."""
    quantity, is_known = opening
    result = []
    index = first_out = 0
    for start_us, end_us in bounds:
        day = StockDay()
        area, at_us = 0.0, start_us
        while index < len(levels) and levels[index].at_us < end_us:
            level = levels[index]
            if is_known:
                area += quantity * (level.at_us - at_us)
                day.known_s += (level.at_us - at_us) / 1e6
            inflow, outflow = flow(level)
            day.inflow, day.outflow = day.inflow + inflow, day.outflow + outflow
            quantity, is_known, at_us = level.quantity, level.is_known, level.at_us
            index += 1
        if is_known:
            area += quantity * (end_us - at_us)
            day.known_s += (end_us - at_us) / 1e6
        day.closing = quantity
        day.average = area / 1e6 / day.known_s if day.known_s else 0.0
        first_out = _add_stock_outs(day, stock_outs, first_out, (start_us, end_us))
        result.append(day)
    return result


def _add_stock_outs(
    day: StockDay, stock_outs: Sequence[StockOutPeriod], first: int, bounds: tuple[int, int]
) -> int:
    """Add the stock-outs of a day; return the first that may touch the next day.

    Stock-outs are in order of time and do not overlap.
    """
    start_us, end_us = bounds
    index = first
    while index < len(stock_outs) and stock_outs[index].start_us < end_us:
        out = stock_outs[index]
        ends_us = end_us if out.end_us is None else out.end_us
        day.stock_out_s += max(0, min(ends_us, end_us) - max(out.start_us, start_us)) / 1e6
        day.stock_outs += start_us <= out.start_us
        if out.end_us is None or out.end_us > end_us:
            break  # it goes on
        index += 1
    return index


def _last_of_instants(levels: Iterable[StockLevel]) -> list[StockLevel]:
    """Return the levels, of several at one instant only the last."""
    last: dict[int, StockLevel] = {}
    for level in levels:
        last[level.at_us] = level
    return list(last.values())
