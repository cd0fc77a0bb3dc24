"""What a unit of an energy carrier counts: kilowatt hours and CO2, from an instant on.

An entry holds for an equipment and everything below it; that of the nearest equipment counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from werknetz.kpi.series import EARLIEST_US, Flags, Instants, Numbers, Steps

ELECTRICITY: Final = "electricity"
"""The carrier of a meter whose signal names none."""


@dataclass(frozen=True, slots=True)
class CarrierFactor:
    """An entry, in the unit of the meter that it is used for."""

    path: str  # of the equipment for which it was entered
    valid_from_us: int
    kwh: float  # of a unit: the conversion factor R of ISO 22400-2
    co2_kg: float | None = None  # None: not known
    is_delivered: bool = False  # to others: it is subtracted, and is a part of Q


@dataclass(frozen=True, slots=True)
class FactorSteps:
    """The factors of a meter over time. An increment counts by what held right before it."""

    at: Instants  # the first has no start
    kwh: Numbers  # NaN: not known
    co2_kg: Numbers  # NaN: not known
    is_delivered: Flags

    @classmethod
    def of(
        cls, entries: Sequence[CarrierFactor], default_kwh: float | None = None
    ) -> "FactorSteps":
        """Build from the entries of a carrier; `default_kwh` holds where there is no entry."""
        instants = sorted({entry.valid_from_us for entry in entries} - {EARLIEST_US})
        at = [EARLIEST_US, *instants]
        none = CarrierFactor("", EARLIEST_US, np.nan if default_kwh is None else default_kwh)
        chosen = [_entry_at(entries, at_us) or none for at_us in at]
        return cls(
            np.array(at, np.int64),
            np.array([entry.kwh for entry in chosen], np.float64),
            np.array([np.nan if e.co2_kg is None else e.co2_kg for e in chosen], np.float64),
            np.array([entry.is_delivered for entry in chosen], np.bool_),
        )

    def steps_of(self, value: Numbers) -> Steps:
        """Return a value as steps that hold after their instant; what is not known counts 0."""
        at = np.append(self.at[:1], self.at[1:] + 1)
        counted = np.where(np.isfinite(value), value, 0.0)
        return Steps(at, counted, np.zeros(len(at), np.int64))

    def is_known(self, value: Numbers, start: Instants, end: Instants) -> Flags:
        """Return whether a factor is known in all of each span [start, end)."""
        unknown = np.append(0, np.cumsum(~np.isfinite(value)))
        first = np.searchsorted(self.at, start, side="right") - 1
        after = np.maximum(np.searchsorted(self.at, end, side="left"), first + 1)
        is_known: Flags = unknown[after] == unknown[first]
        return is_known


def _entry_at(entries: Iterable[CarrierFactor], at_us: int) -> CarrierFactor | None:
    """Return the entry that holds: of the nearest equipment, the one that became valid last."""
    valid = [entry for entry in entries if entry.valid_from_us <= at_us]
    return max(valid, key=lambda e: (len(e.path), e.valid_from_us), default=None)
