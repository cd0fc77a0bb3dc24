"""Sums of quantities by bucket and by what is reported, and the elements made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from werknetz.domain.role import Role
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.knowledge.state_time import StateTime, known_share
from werknetz.kpi.series import Flags, Ids, Instants, Numbers

_QUANTITIES: Final = ("pq", "gq", "sq", "rq")
_NEVER: Final[Instants] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class PhaseSums:
    """Of one source of counts: a row a phase, apart for start-ups, and a column a bucket."""

    quantity: Numbers
    planned_s: Numbers  # the quantity, item by item, times the planned run time of the item
    known_s: Numbers  # the part of it that was not made in planned busy time of unknown state

    def scale(self, share: Numbers) -> "PhaseSums":
        return PhaseSums(self.quantity * share, self.planned_s * share, self.known_s * share)

    def __add__(self, other: "PhaseSums") -> "PhaseSums":
        return PhaseSums(
            self.quantity + other.quantity,
            self.planned_s + other.planned_s,
            self.known_s + other.known_s,
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """The buckets of a range, in which phases of it which counts are reported, and start-ups."""

    edges: Instants  # the starts of the buckets and the last end
    reported: Reported
    phases: Instants  # starts, ascending; the first is that of the range
    time: StateTime
    start_ups: Instants  # starts and ends, alternating: each is (start, end]

    @classmethod
    def of(
        cls, edges: Instants, reported: Reported, time: StateTime, start_ups: Instants = _NEVER
    ) -> "Frame":
        phases = reported.phases_of(int(edges[0]), int(edges[-1]))
        return cls(edges, reported, phases, time, start_ups)

    @property
    def cuts(self) -> Instants:
        """Return where what is made evenly is to be cut, beside the edges of buckets."""
        return np.concatenate((self.phases, self.start_ups, self.time.at))

    @property
    def _rows(self) -> tuple[Instants, Flags]:
        """Return of each row of sums the start of its phase, and whether it is of start-ups."""
        if not len(self.start_ups):
            return self.phases, np.zeros(len(self.phases), np.bool_)
        return np.repeat(self.phases, 2), np.tile(np.array([False, True]), len(self.phases))

    def _cells_of(self, at: Instants, since: Instants) -> Ids:
        """Return the cell of each quantity: its bucket, and the row of its phase.

        What is made at the instant of an edge belongs to the time that ends with it. Neighbours
        with the same cell are found at once.
        """
        ends = np.searchsorted(at, self.edges[1:], side="right")
        phases = np.searchsorted(since, self.phases[1:], side="left")
        bounds = np.searchsorted(at, self.start_ups, side="right")
        first = np.unique(np.concatenate((np.zeros(1, np.int64), ends, phases, bounds)))
        first = first[first < len(at)]
        row = np.searchsorted(phases, first, side="right")
        if len(self.start_ups):
            row = row * 2 + np.searchsorted(bounds, first, side="right") % 2
        cell = row * (len(self.edges) - 1) + np.searchsorted(ends, first, side="right")
        cells: Ids = np.repeat(cell, np.diff(first, append=len(at)))
        return cells

    def share_of(self, since: Instants, at: Instants, before: tuple[int, int] = (0, 0)) -> Numbers:
        """Return the share of quantities made evenly over (since, at] that is of known states.

        `before`: production and unknown time of the first one up to the start of the range.
        """
        if self.time.is_known and not before[1]:
            return np.ones(len(at))
        apt_us = self.time.apt_until(at) - self.time.apt_until(since)
        unknown_us = self.time.unknown_until(at) - self.time.unknown_until(since)
        apt_us[:1] += before[0]
        unknown_us[:1] += before[1]
        return known_share(apt_us, unknown_us)

    def is_known_at(self, at: Instants) -> Numbers:
        """Return 1 where the state right before the instant is known or not needed, else 0."""
        if self.time.is_known:
            return np.ones(len(at))
        return (~self.time.is_unknown_before(at)).astype(np.float64)

    def sum(
        self, at: Instants, quantity: Numbers, each_s: Numbers, share: Numbers, since: Instants
    ) -> PhaseSums:
        """Sum by bucket; an instant that is an edge belongs to the bucket that ends with it.

        The instants ascend. `each_s`: planned run time of an item. `since` selects the phase.
        """
        count = len(self.edges) - 1
        # What lies at the start and was not counted before it has no other bucket.
        first, last = (
            np.searchsorted(at, self.edges[0]),
            np.searchsorted(at, self.edges[-1], "right"),
        )
        inside = slice(int(first), int(last))
        cell = self._cells_of(at[inside], since[inside])
        amount = quantity[inside]
        planned_s = amount * each_s[inside]
        number = len(self._rows[0])
        shape, length = (number, count), number * count
        by_quantity = np.bincount(cell, amount, minlength=length).astype(np.float64).reshape(shape)
        by_time = np.bincount(cell, planned_s, minlength=length).astype(np.float64).reshape(shape)
        if self.time.is_known and (share == 1).all():
            return PhaseSums(by_quantity, by_time, by_time)
        known_s = np.bincount(cell, planned_s * share[inside], minlength=length)
        return PhaseSums(by_quantity, by_time, known_s.astype(np.float64).reshape(shape))

    def columns_of(self, sums: Mapping[Role, Sequence[PhaseSums]]) -> dict[str, Numbers]:
        """Return the elements of quantity, by name, from the sums of each role."""
        phases, is_start_up = self._rows
        at = self.reported.at(phases)
        none = np.zeros((len(phases), len(self.edges) - 1))
        total = {name: PhaseSums(none, none, none) for name in _QUANTITIES}
        for role, parts in sums.items():
            factors = at.factors_of(role)
            for part in parts:
                for name in _QUANTITIES:
                    if factors[name].any():
                        total[name] += part.scale(factors[name][:, None])
        pq, gq, sq, rq = (total[name] for name in _QUANTITIES)
        quality, rework = 1.0 * at.quality[:, None], 1.0 * (at.rework & at.pq)[:, None]
        is_pq, is_gq = 1.0 * at.pq[:, None], 1.0 * at.gq[:, None]
        parts_by_name = {
            "pq": pq.quantity * is_pq, "gq": gq.quantity * is_gq,
            "sq": sq.quantity * at.sq[:, None], "rq": rq.quantity,
            "pri_pq_s": pq.planned_s * is_pq, "pri_gq_s": gq.planned_s * is_gq,
            "judged_pri_pq_s": np.where(at.pq[:, None], pq.known_s, gq.known_s) * is_gq,
            "judged_pri_gq_s": gq.known_s * is_gq, "pace_pri_pq_s": pq.known_s * is_pq,
            "quality_pq": pq.quantity * quality, "quality_gq": gq.quantity * quality,
            "quality_sq": sq.quantity * quality, "quality_pri_pq_s": pq.planned_s * quality,
            "quality_pri_gq_s": gq.planned_s * quality,
            "rework_pq": pq.quantity * rework, "rework_rq": rq.quantity * rework,
        }  # fmt: skip
        columns = {name: parts.sum(axis=0) for name, parts in parts_by_name.items()}
        scrap_s = parts_by_name["judged_pri_pq_s"] - parts_by_name["judged_pri_gq_s"]
        columns["start_up_sq"] = parts_by_name["sq"][is_start_up].sum(axis=0)
        columns["start_up_pri_sq_s"] = scrap_s[is_start_up].sum(axis=0)
        return columns
