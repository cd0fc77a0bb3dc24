"""The level of a material in a warehouse: the sum of its places, when it ran out, and its days."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from uuid import UUID

from werknetz.kpi.stock.ledger import NEGLIGIBLE, Balance, OpeningBalance


@dataclass(frozen=True, slots=True)
class StockOutPeriod:
    """From the entry that took the last piece to the one that brought more; None: it goes on."""

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
    is_known: bool  # some place was counted: before that nobody knows what is there


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
    places: Mapping[int, Sequence[Balance]], openings: Mapping[int, OpeningBalance]
) -> list[StockLevel]:
    """Return the level after each entry of any place, in order of time."""
    last = {place: openings.get(place, OpeningBalance()) for place in {*places, *openings}}
    total = sum(opening.balance for opening in last.values())
    known = any(opening.is_counted for opening in last.values())
    found = []
    for balance, place in merge(
        *([(entry, place) for entry in entries] for place, entries in places.items()),
        key=lambda pair: (pair[0].at_us, pair[1], pair[0].position),
    ):
        total += balance.balance - last[place].balance
        known = known or balance.kind == "count"
        last[place] = OpeningBalance(
            balance.balance, last[place].is_counted or balance.kind == "count"
        )
        found.append(
            StockLevel(
                balance.at_us, 0.0 if abs(total) < NEGLIGIBLE else total, max(balance.change, 0.0),
                max(-balance.change, 0.0), balance.event_id, known,
            )
        )  # fmt: skip
    return found


def find_stock_outs(
    found: Iterable[StockLevel], open_since: StockOutPeriod | None = None, minimum: float = 0.0
) -> list[StockOutPeriod]:
    """Return when the level was not above the minimum. `open_since`: it was so already."""
    outs: list[StockOutPeriod] = []
    current = open_since
    for level in _last_of_instants(found):
        if not level.is_known:
            continue
        is_out = level.quantity <= minimum + NEGLIGIBLE
        if is_out and current is None:
            current = StockOutPeriod(level.at_us, None, level.event_id)
        elif not is_out and current is not None:
            outs.append(
                StockOutPeriod(current.start_us, level.at_us, current.start_event, level.event_id)
            )
            current = None
    return [*outs, current] if current is not None else outs


def sum_days(
    found: Sequence[StockLevel],
    outs: Sequence[StockOutPeriod],
    bounds: Sequence[tuple[int, int]],
    opening: tuple[float, bool],
    flow: Callable[[StockLevel], tuple[float, float]] = lambda level: (level.inflow, level.outflow),
) -> list[StockDay]:
    """Return the elements of days given by (start, end) in µs; `opening`: level, and if known."""
    quantity, known = opening
    result = []
    number = 0
    for start_us, end_us in bounds:
        day = StockDay()
        area, at_us = 0.0, start_us
        while number < len(found) and found[number].at_us < end_us:
            level = found[number]
            if known:
                area += quantity * (level.at_us - at_us)
                day.known_s += (level.at_us - at_us) / 1e6
            came, went = flow(level)
            day.inflow, day.outflow = day.inflow + came, day.outflow + went
            quantity, known, at_us = level.quantity, level.is_known, level.at_us
            number += 1
        if known:
            area += quantity * (end_us - at_us)
            day.known_s += (end_us - at_us) / 1e6
        day.closing = quantity
        day.average = area / 1e6 / day.known_s if day.known_s else 0.0
        for out in outs:
            ends = end_us if out.end_us is None else out.end_us
            day.stock_out_s += max(0, min(ends, end_us) - max(out.start_us, start_us)) / 1e6
            day.stock_outs += start_us <= out.start_us < end_us
        result.append(day)
    return result


def _last_of_instants(found: Iterable[StockLevel]) -> list[StockLevel]:
    """Of several entries at one instant the last one says what is there."""
    last: dict[int, StockLevel] = {}
    for level in found:
        last[level.at_us] = level
    return list(last.values())
