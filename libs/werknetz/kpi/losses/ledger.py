"""The ledger of losses: entries of machines by category, code and order, and sums of them.

Entries add up exactly to the loss times of their machine, and groups to their entries.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from werknetz.kpi.losses.times import LossTimes

ROUNDING_US: Final = 100_000
"""What a category may differ from the stops in it without being an entry of its own."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class StopSum:
    """Stops of a machine that have a loss category, a code of the source and an order in common."""

    category: str
    us: int
    stops: int
    code: str | None = None
    order_number: str | None = None
    detail: str | None = None  # the missing material


@dataclass(frozen=True, slots=True)
class LossEntry:
    machine_id: int
    window: int
    stop: StopSum  # also of losses without stops, which have neither code nor order

    @property
    def category(self) -> str:
        return self.stop.category


def entries_of(
    machine_id: int, window: int, times: LossTimes, stops: Iterable[StopSum]
) -> list[LossEntry]:
    """Divide loss times by their stops; time without a stop has neither code nor order.

    A difference of less than 0.1 s comes from rounding, and goes to the longest stop.
    """
    by_category: dict[str, list[StopSum]] = defaultdict(list)
    for stop in stops:
        by_category[stop.category].append(stop)
    entries = []
    for category in sorted({*times.by_category, *by_category}):
        of_category = sorted(by_category[category], key=lambda stop: -stop.us)
        rest = times.of(category) - sum(stop.us for stop in of_category)
        if of_category and abs(rest) < ROUNDING_US:
            longest = of_category[0]
            of_category[0] = StopSum(
                category, longest.us + rest, longest.stops, longest.code, longest.order_number,
                longest.detail,
            )  # fmt: skip
        elif rest:
            of_category.append(StopSum(category, rest, 0))
        entries += [LossEntry(machine_id, window, stop) for stop in of_category]
    return entries


@dataclass(slots=True)
class LossSum:
    """The sum of entries. `pieces`: ideal cycles that would have fitted; None: none is known."""

    us: int = 0
    stops: int = 0
    pieces: float | None = None
    costs: dict[str, float] = field(default_factory=dict)  # by currency

    def add(self, other: "LossSum") -> None:
        self.us += other.us
        self.stops += other.stops
        if other.pieces is not None:
            self.pieces = (self.pieces or 0.0) + other.pieces
        for currency, amount in other.costs.items():
            self.costs[currency] = self.costs.get(currency, 0.0) + amount


@dataclass(frozen=True, slots=True)
class Valuation:
    """What a lost hour of a machine is worth. `run_s`: mean planned run time of its items."""

    run_s: float | None = None
    currency: str | None = None
    per_hour: float = 0.0

    def value(self, stop: StopSum) -> LossSum:
        seconds = stop.us / 1e6
        pieces = seconds / self.run_s if self.run_s else None
        costs = {} if self.currency is None else {self.currency: seconds / 3600 * self.per_hour}
        return LossSum(stop.us, stop.stops, pieces, costs)


def sum_entries(
    entries: Iterable[LossEntry],
    key_of: Callable[[LossEntry], K],
    valuations: Mapping[int, Valuation],
) -> dict[K, LossSum]:
    """Sum the entries by key; `valuations` by machine."""
    sums: dict[K, LossSum] = defaultdict(LossSum)
    unvalued = Valuation()
    for entry in entries:
        value = valuations.get(entry.machine_id, unvalued).value(entry.stop)
        sums[key_of(entry)].add(value)
    return dict(sums)


def cumulative_shares(amounts: Sequence[float]) -> list[float | None]:
    """Return the shares of a Pareto chart; None: the total is not positive."""
    total = sum(amounts)
    running = 0.0
    shares: list[float | None] = []
    for amount in amounts:
        running += amount
        shares.append(running / total if total > 0 else None)
    return shares
