"""Elements: the additive inputs of every KPI, of one machine and bucket or of any sum of them.

Seconds, quantities and counts after ISO 22400-2. A ratio is never kept and never averaged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Protocol, Self


class Row(Protocol):
    """A mapping, a row of a driver: whatever gives a column by its name."""

    def __getitem__(self, name: str, /) -> Any: ...


class Summed(Protocol):
    """Sums of one subject and window, whoever's they are: what a formula is over."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def coverage(self) -> float | None: ...

    @property
    def late_share(self) -> float | None: ...

    def hides(self, inputs: Sequence[str]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Elements:
    # Seconds. off_shift + pot = calendar; pot = pdot + pbt;
    # pbt = apt + aust + adet + adot + unknown.
    pot_s: float = 0.0  # planned operation time: shifts
    pdot_s: float = 0.0  # planned down time: breaks and planned maintenance in shifts
    pbt_s: float = 0.0  # planned busy time
    apt_s: float = 0.0  # actual production time
    aust_s: float = 0.0  # actual unit set-up time
    adet_s: float = 0.0  # actual unit delay time: stopped while an order runs
    adot_s: float = 0.0  # actual unit down time: no order
    unknown_s: float = 0.0  # planned busy, but nobody knows what the machine did
    unplanned_busy_s: float = 0.0  # produced outside planned busy time
    # What delay is made of; the six add up to adet.
    blocked_s: float = 0.0
    starved_s: float = 0.0
    suspended_s: float = 0.0
    malfunction_s: float = 0.0  # malfunction and repair
    minor_stop_s: float = 0.0
    idle_s: float = 0.0
    cmt_s: float = 0.0  # corrective maintenance: repair in planned operation time
    pmt_s: float = 0.0  # preventive maintenance in planned operation time
    ttr_s: float = 0.0  # planned busy time of failures
    off_shift_s: float = 0.0
    aoet_s: float = 0.0  # order execution: calendar time in which an order ran
    # Quantities
    pq: float = 0.0  # produced
    gq: float = 0.0  # good
    sq: float = 0.0  # scrap
    rq: float = 0.0  # rework
    pri_pq_s: float = 0.0  # planned run time per item × produced, item by item
    # Events
    fe: float = 0.0  # failures that began
    minor_stops: float = 0.0  # that began
    # Trust
    late_samples: float = 0.0
    good_samples: float = 0.0
    samples: float = 0.0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, n) + getattr(other, n) for n in ELEMENT_NAMES))

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        total = cls()
        for part in parts:
            total += part
        return total

    @classmethod
    def of(cls, row: Row) -> Self:
        """Take the elements out of a row; columns that are none are left, null counts as 0."""
        return cls(**{n: float(row[n] or 0.0) for n in ELEMENT_NAMES})

    @property
    def calendar_s(self) -> float:
        return self.pot_s + self.off_shift_s

    @property
    def aupt_s(self) -> float:
        """Actual unit processing time."""
        return self.apt_s + self.aust_s

    @property
    def aubt_s(self) -> float:
        """Actual unit busy time."""
        return self.aupt_s + self.adet_s

    @property
    def coverage(self) -> float | None:
        """Share of the planned busy time with good data; None: nothing was planned."""
        return 1 - self.unknown_s / self.pbt_s if self.pbt_s else None

    def hides(self, inputs: Sequence[str]) -> bool:
        """Whether nothing is known of what a formula over these elements would need."""
        nothing = self.pbt_s > 0 and self.unknown_s >= self.pbt_s
        return nothing and any(name.endswith("_s") for name in inputs)

    @property
    def late_share(self) -> float | None:
        """Share of the samples that came more than a bucket late."""
        return self.late_samples / self.samples if self.samples else None


ELEMENT_NAMES: Final = tuple(field.name for field in fields(Elements))
