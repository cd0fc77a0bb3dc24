"""Elements of equipment: seconds, quantities and counts after ISO 22400-2.

Of one machine and bucket, or of any sum of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.additive import AdditiveElements, element_names

NEGLIGIBLE_S: Final = 1e-6  # shorter is what is left of differences of sums


@dataclass(frozen=True, slots=True)
class Elements(AdditiveElements):
    # Seconds. off_shift + pot = calendar; pot = pdot + pbt;
    # pbt = apt + aust + adet + adot + unknown.
    pot_s: float = 0.0  # planned operation time: shifts
    pdot_s: float = 0.0  # planned down time: breaks and planned maintenance in shifts
    pbt_s: float = 0.0  # planned busy time
    apt_s: float = 0.0  # actual production time
    aust_s: float = 0.0  # actual unit set-up time
    adet_s: float = 0.0  # actual unit delay time: stopped while an order runs
    adot_s: float = 0.0  # actual unit down time: no order
    unknown_s: float = 0.0  # planned busy time in which the state is unknown
    unplanned_busy_s: float = 0.0  # produced outside planned busy time
    # The parts of delay; the six add up to adet.
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
    pri_gq_s: float = 0.0  # the same of the good items
    # Of scrap, what was made in a start-up, and its planned run time in judged time.
    start_up_sq: float = 0.0
    start_up_pri_sq_s: float = 0.0
    # Events
    fe: float = 0.0  # failures that began
    minor_stops: float = 0.0  # that began
    # Trust
    late_samples: float = 0.0
    good_samples: float = 0.0
    samples: float = 0.0
    # What is known. Calendar time in which a shift calendar holds, and in which a quantity is
    # reported: a quantity that nobody reports is no zero.
    plan_known_s: float = 0.0
    pq_known_s: float = 0.0
    gq_known_s: float = 0.0
    sq_known_s: float = 0.0
    rq_known_s: float = 0.0
    # Good items can be valued: they and their planned run time are known.
    quantity_known_s: float = 0.0  # of planned busy time
    quantity_known_pot_s: float = 0.0
    quantity_known_calendar_s: float = 0.0
    # Judged: of planned busy time, the state is known, too. Quantities of judged time are those
    # that were not counted in planned busy time of unknown state.
    judged_s: float = 0.0
    judged_apt_s: float = 0.0
    judged_aust_s: float = 0.0
    judged_pri_pq_s: float = 0.0  # of the good items where produced ones are not reported
    judged_pri_gq_s: float = 0.0
    # Pace: produced items and their planned run time are known, and the state.
    pace_known_s: float = 0.0  # of planned busy time, of any state
    pace_apt_s: float = 0.0
    pace_pri_pq_s: float = 0.0
    # Quality: produced, good and scrap are known, from at least two of them.
    quality_known_s: float = 0.0  # of planned busy time
    quality_pq: float = 0.0
    quality_gq: float = 0.0
    quality_sq: float = 0.0
    quality_pri_known_s: float = 0.0  # of planned busy time: the planned run time is known, too
    quality_pri_pq_s: float = 0.0
    quality_pri_gq_s: float = 0.0
    # Rework and produced are known.
    rework_known_s: float = 0.0  # of planned busy time
    rework_pq: float = 0.0
    rework_rq: float = 0.0
    aoet_unknown_s: float = 0.0  # order execution in planned busy time of unknown state
    # Energy as meters measured it, by the factors of its carriers. A meter of a line or plant
    # measures all below it: its own row holds what the meters below do not explain.
    energy_kwh: float = 0.0  # used, less what was delivered to others
    energy_exchange_kwh: float = 0.0  # of it exchanged with others: negative where delivered
    energy_unallocated_kwh: float = 0.0  # of it measured above machines only
    co2_kg: float = 0.0
    energy_known_s: float = 0.0  # calendar time in which meters measure, summed over equipment
    co2_known_s: float = 0.0  # of it with a CO2 factor for each carrier
    # Energy and produced items are known.
    energy_pq_known_s: float = 0.0  # of planned busy time
    energy_pq: float = 0.0
    energy_of_pq_kwh: float = 0.0  # of equipment that makes nothing itself, all of it
    co2_of_pq_kg: float = 0.0

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
    def known_pbt_s(self) -> float:
        """Planned busy time in which the state is known."""
        known_s = self.pbt_s - self.unknown_s
        return known_s if known_s >= NEGLIGIBLE_S else 0.0

    @property
    def coverage(self) -> float | None:
        """Share of the planned busy time with good data; None: nothing was planned."""
        return 1 - self.unknown_s / self.pbt_s if self.pbt_s else None

    @property
    def plan_share(self) -> float | None:
        """Share of the time in which a shift calendar holds; None: no time has passed."""
        return self.plan_known_s / self.calendar_s if self.calendar_s > 0 else None

    def quantity_share(self, known_s: str = "quantity_known_s") -> float | None:
        """Share of the planned busy time in which quantities are known; None: nothing planned."""
        return getattr(self, known_s) / self.pbt_s if self.pbt_s > 0 else None

    def find_reported(self, name: str) -> float | None:
        """Return an element; None: it is a quantity that nobody reports."""
        gate = GATES.get(name)
        value: float = getattr(self, name)
        return None if gate is not None and not getattr(self, gate) and not value else value

    def lacks_data_for(self, inputs: Sequence[str]) -> bool:
        """Return whether a formula over times has no known time at all."""
        if self.pbt_s - self.unknown_s >= NEGLIGIBLE_S:
            return False
        return self.pbt_s > 0 and any(_is_time_of_states(name) for name in inputs)

    @property
    def late_share(self) -> float | None:
        """Share of the samples that came more than a bucket late."""
        return self.late_samples / self.samples if self.samples else None


def _is_time_of_states(name: str) -> bool:
    """Return whether an element is a time; planned run times and known times need no state."""
    return name.endswith("_s") and not name.endswith("_known_s") and "pri_" not in name


GATES: Final = {
    "pq": "pq_known_s", "gq": "gq_known_s", "sq": "sq_known_s", "rq": "rq_known_s",
    "pri_pq_s": "pq_known_s", "pri_gq_s": "gq_known_s",
    "judged_pri_pq_s": "gq_known_s", "judged_pri_gq_s": "gq_known_s",
    "start_up_sq": "sq_known_s", "start_up_pri_sq_s": "sq_known_s",
    "pace_pri_pq_s": "pq_known_s", "quality_pq": "sq_known_s", "quality_gq": "sq_known_s",
    "quality_sq": "sq_known_s", "quality_pri_pq_s": "sq_known_s",
    "quality_pri_gq_s": "sq_known_s", "rework_pq": "rq_known_s", "rework_rq": "rq_known_s",
    "energy_kwh": "energy_known_s", "energy_exchange_kwh": "energy_known_s",
    "energy_unallocated_kwh": "energy_known_s", "co2_kg": "co2_known_s",
    "energy_pq": "energy_known_s", "energy_of_pq_kwh": "energy_known_s",
    "co2_of_pq_kg": "co2_known_s",
}  # fmt: skip
"""Quantities by name, with the time in which somebody reports them."""

ELEMENT_NAMES: Final = element_names(Elements)
