"""Output at frozen standards: a changed planned run time moves no target.

The planned run time of an item is a price. A target counts the items of each product at a machine
at the price that they had in its baseline, so that only more items are more output. A product that
is new since then counts at its first price; output of an unknown product as it is.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.losses.times import LossTimes

StandardKey = tuple[int, str]
"""A machine and a product: standards differ by machine."""
Standards = Mapping[StandardKey, float]
"""Planned run times of an item, in seconds."""
SAME: Final = 1e-9  # relative: a difference that is rounding


@dataclass(frozen=True, slots=True)
class ProductOutput:
    """What a machine made of a product in judged time, at the standards in force. In seconds."""

    equipment_id: int
    product: str | None  # None: the order names none
    good_s: float
    produced_s: float
    good_items: float
    produced_items: float

    @property
    def key(self) -> StandardKey | None:
        return None if self.product is None else (self.equipment_id, self.product)

    @property
    def standard_s(self) -> float | None:
        """Return the mean standard of its items."""
        if self.good_items > 0:
            return self.good_s / self.good_items
        return self.produced_s / self.produced_items if self.produced_items > 0 else None


@dataclass(frozen=True, slots=True)
class ValueChange:
    """What output is worth more at other standards, in seconds."""

    good_s: float = 0.0
    produced_s: float = 0.0

    def __add__(self, other: "ValueChange") -> "ValueChange":
        return ValueChange(self.good_s + other.good_s, self.produced_s + other.produced_s)


@dataclass(frozen=True, slots=True)
class StandardInUse:
    """A product at a machine: the standard at which it counts, and that in force."""

    equipment_id: int
    product: str
    frozen_s: float
    current_s: float
    good_s: float  # its good output, at the standard at which it counts


@dataclass(frozen=True, slots=True)
class ValuedOutput:
    """The good output of a period at frozen standards, in seconds, by where its standard is from.

    `unattributed_s` names no product and counts at the standards in force.
    """

    frozen_s: float
    new_s: float
    unattributed_s: float
    new: Sequence[StandardInUse]
    changed: Sequence[StandardInUse]  # products of the baseline whose standard differs now

    @property
    def total_s(self) -> float:
        return self.frozen_s + self.new_s + self.unattributed_s

    def share_of(self, seconds: float) -> float | None:
        """Return the share of the output; None: nothing was made."""
        return seconds / self.total_s if self.total_s > 0 else None


def standards_of(outputs: Iterable[ProductOutput]) -> dict[StandardKey, float]:
    """Return the standard of each product at each machine: the mean of its items."""
    standards = ((key, output.standard_s) for key, output in _by_key(outputs).items())
    return {key: seconds for key, seconds in standards if seconds is not None and seconds > 0}


def value_change_of(output: ProductOutput, standard_s: float | None) -> ValueChange:
    """Return what the output is worth more at a standard; None: at those in force."""
    if standard_s is None:
        return ValueChange()
    return ValueChange(
        _without_rounding(standard_s * output.good_items, output.good_s),
        _without_rounding(standard_s * output.produced_items, output.produced_s),
    )


def value_output(
    outputs: Sequence[ProductOutput], frozen: Standards, first: Standards, judged_good_s: float
) -> ValuedOutput:
    """Value the outputs of one period. `judged_good_s`: all good output, at standards in force.

    `first`: the first standards of products that are not frozen.
    """
    sums: dict[str, list[float]] = {"frozen": [], "new": []}
    attributed: list[float] = []
    new: list[StandardInUse] = []
    changed: list[StandardInUse] = []
    for key, output in _by_key(outputs).items():
        standard_s, current_s = frozen.get(key, first.get(key)), output.standard_s
        if standard_s is None or current_s is None:
            continue  # nothing was made in judged time
        change = value_change_of(output, standard_s)
        good_s = output.good_s + change.good_s
        attributed.append(output.good_s)
        sums["frozen" if key in frozen else "new"].append(good_s)
        in_use = StandardInUse(*key, standard_s, current_s, good_s)
        if key not in frozen:
            new.append(in_use)
        elif change != ValueChange():
            changed.append(in_use)
    rest_s = judged_good_s - math.fsum(attributed)
    return ValuedOutput(
        math.fsum(sums["frozen"]), math.fsum(sums["new"]),
        rest_s if rest_s > SAME * judged_good_s else 0.0, _largest_first(new),
        _largest_first(changed),
    )  # fmt: skip


def value_times(times: LossTimes, net_us: int, good_us: int) -> LossTimes:
    """Return the loss times of a machine whose net and good time are these at other standards.

    A higher standard makes the same cycles faster: the difference is speed. Scrap of the run-in
    has the same part of all scrap as before.
    """
    former_scrap_us = times.of("scrap") + times.of("start_up")
    speed_us = times.of("speed") + times.good_us + former_scrap_us - net_us
    scrap_us = net_us - good_us
    start_up_us = 0
    if former_scrap_us > 0:
        start_up_us = round(times.of("start_up") * scrap_us / former_scrap_us)
    changed = {"speed": speed_us, "scrap": scrap_us - start_up_us, "start_up": start_up_us}
    by_category = {**times.by_category, **changed}
    return LossTimes({name: us for name, us in by_category.items() if us}, good_us)


def _without_rounding(valued_s: float, seconds: float) -> float:
    return 0.0 if math.isclose(valued_s, seconds, rel_tol=SAME) else valued_s - seconds


def _by_key(outputs: Iterable[ProductOutput]) -> dict[StandardKey, ProductOutput]:
    """Add up orders of the same product at a machine; outputs without a product are left out."""
    sums: dict[StandardKey, ProductOutput] = {}
    for output in outputs:
        if output.key is not None:
            former = sums.get(output.key)
            sums[output.key] = output if former is None else _add_outputs(former, output)
    return sums


def _add_outputs(first: ProductOutput, second: ProductOutput) -> ProductOutput:
    return ProductOutput(
        first.equipment_id, first.product, first.good_s + second.good_s,
        first.produced_s + second.produced_s, first.good_items + second.good_items,
        first.produced_items + second.produced_items,
    )  # fmt: skip


def _largest_first(rows: Iterable[StandardInUse]) -> list[StandardInUse]:
    return sorted(rows, key=lambda row: (-row.good_s, row.product, row.equipment_id))
