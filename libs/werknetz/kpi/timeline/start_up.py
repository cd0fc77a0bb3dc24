"""When a machine starts up: from the start of production until it is stable.

A start-up begins where the machine produces for the first time after a set-up, after a change of
order, or after it stood for as long as its rule says; time of unknown state is no standing time. A
further one that begins earlier replaces it. What is made while the machine is set up is of the
start-up, too: trial parts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from werknetz.domain.state import MachineState
from werknetz.kpi.counter_steps import Increments
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.series import CountSeries, Ids, Instants, Numbers, Steps, TextIndex
from werknetz.kpi.stops.start_up import STOP_MAX_S, StartUpRules
from werknetz.kpi.timeline.instants import sort_distinct

STOOD_MAX_US: Final = round(STOP_MAX_S * 1e6)
_DIGITS: Final = 6  # of good items, which need not be whole numbers
_NEGLIGIBLE: Final = 1e-6
_LATEST_US: Final = np.iinfo(np.int64).max
_NOWHERE: Final[Instants] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class StartUpCarry:
    """What a bucket passes to the next."""

    stood_us: int = 0  # since it produced last; a day at most
    was_set_up: bool = False  # since it produced last
    order: str = ""  # of its last production
    since_us: int | None = None  # of a start-up that goes on
    good: float = 0.0  # items since then, where their number ends it

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            int(document.get("stood_us", 0)),
            bool(document.get("set_up", False)),
            str(document.get("order", "")),
            document.get("since"),
            float(document.get("good", 0.0)),
        )

    def to_document(self) -> dict[str, Any]:
        values = {
            "stood_us": self.stood_us, "set_up": self.was_set_up, "order": self.order,
            "since": self.since_us, "good": self.good,
        }  # fmt: skip
        return {name: value for name, value in values.items() if value}


NO_START_UP: Final = StartUpCarry()


@dataclass(frozen=True, slots=True)
class GoodItems:
    """What counters say about good items, to find when a machine has made a number of them."""

    sums: Sequence[tuple[Instants, Numbers]] = ()  # instants of samples, and the sums up to each

    @classmethod
    def of(
        cls, counts: Iterable[CountSeries], increments: Mapping[str, Increments], reported: Reported
    ) -> Self:
        sums = []
        for count in counts:
            steps = increments[str(count.signal_id)]
            # What is counted at an instant belongs to the time that ends with it.
            at = reported.at(steps.at - 1)
            good = steps.quantity * at.factors_of(count.role)["gq"] * at.gq
            sums.append((steps.at, np.append(0.0, np.cumsum(good))))
        return cls(sums)

    def between(self, since_us: int, until: Instants) -> Numbers:
        """Return how many were counted in (since, until]."""
        total = np.zeros(len(until))
        for at, sums in self.sums:
            first = np.searchsorted(at, since_us, side="right")
            last = np.maximum(np.searchsorted(at, until, side="right"), first)
            total += sums[last] - sums[first]
        return total

    def end_of(self, since_us: int, until_us: int, number: float) -> int:
        """Return when so many were made in (since, until]; the end, if they were not."""
        bounds = np.array([since_us, until_us], np.int64)
        samples = [at[slice(*np.searchsorted(at, bounds, side="right"))] for at, _ in self.sums]
        at = sort_distinct(np.concatenate([_NOWHERE, *samples]))
        reached = np.flatnonzero(self.between(since_us, at) >= number - _NEGLIGIBLE)
        return int(at[reached[0]]) if len(reached) else until_us


@dataclass(frozen=True, slots=True)
class StartUps:
    bounds: Instants  # starts and ends, alternating: each is (start, end]
    carries: list[StartUpCarry]  # after each bucket

    @classmethod
    def of(
        cls,
        steps: tuple[Steps, Steps],
        numbers: TextIndex,
        rules: StartUpRules,
        before: StartUpCarry,
        edges: Instants,
        until_us: int,
        good: GoodItems,
    ) -> Self:
        """Find the start-ups between the edges of buckets, up to `until_us`: the present.

        `steps`: of state and of order; `numbers`: the texts of orders.
        """
        line = _Line.of(*steps, int(edges[0]), min(until_us, int(edges[-1])))
        starts, orders = line.starts_of(before, numbers.id_of(before.order or None), rules)
        start_ups = _Found.of(starts, before, int(edges[0]), rules, good)
        bounds = _merge(
            np.concatenate((start_ups.begin_us, line.set_ups[0])),
            np.concatenate((start_ups.end_us, line.set_ups[1])),
        )
        carries = []
        standing = line.standing_until(edges[1:], before)
        columns = (edges[1:].tolist(), *standing, start_ups.open_at(edges[1:]))
        for edge, stood_us, was_set_up, run, number in zip(*columns, strict=True):
            since_us, items = None, 0.0
            if number >= 0:
                since_us = int(start_ups.since_us[number])
                if rules.at(since_us).good_items:
                    first = max(since_us, int(edges[0]))
                    items = float(good.between(first, np.array([edge], np.int64))[0])
                    items += before.good if since_us == before.since_us else 0.0
            order = numbers.texts[orders[run]] or ""
            carries.append(
                StartUpCarry(stood_us, was_set_up, order, since_us, round(items, _DIGITS))
            )
        return cls(bounds, carries)


@dataclass(frozen=True, slots=True)
class _Found:
    """The start-ups of a range, as columns; the first may have begun before it."""

    since_us: Instants
    ends_us: Instants  # also where a further one replaces it earlier
    begin_us: Instants  # what of each lies in the range
    end_us: Instants

    @classmethod
    def of(
        cls, starts: Instants, before: StartUpCarry, first_us: int, rules: StartUpRules,
        good: GoodItems,
    ) -> Self:  # fmt: skip
        if before.since_us is not None:
            starts = np.append(before.since_us, starts)
        ends = starts + rules.durations_at(starts)
        if rules.count_items:
            for number, since_us in enumerate(starts.tolist()):
                items = rules.at(since_us).good_items
                counted = before.good if since_us == before.since_us else 0.0
                if items:
                    inside_us = max(since_us, first_us)
                    ends[number] = good.end_of(inside_us, int(ends[number]), items - counted)
        # What goes on from the bucket before has no start here.
        begin = np.maximum(starts, first_us - 1)
        return cls(starts, ends, begin, np.minimum(ends, np.append(starts[1:], _LATEST_US)))

    def open_at(self, edges: Instants) -> list[int]:
        """Return the number of the start-up that goes on after each edge; -1: none."""
        number = np.searchsorted(self.since_us, edges) - 1
        ends = np.append(self.ends_us, edges[:1])
        opened: list[int] = np.where(ends[number] > edges, number, -1).tolist()
        return opened


@dataclass(frozen=True, slots=True)
class _Line:
    """Adjacent intervals in which neither state nor order changes."""

    at: Instants  # starts, and the end
    order: Ids
    set_ups: tuple[Instants, Instants]  # starts and ends
    runs: Ids  # the intervals in which it produces
    stood_us: Instants  # up to each instant
    set_ups_begun: Ids  # before each instant

    @classmethod
    def of(cls, states: Steps, orders: Steps, start_us: int, end_us: int) -> Self:
        cuts = np.concatenate((states.at, orders.at))
        bounds = np.array([start_us, max(end_us, start_us)], np.int64)
        at = sort_distinct(np.append(cuts[(cuts > start_us) & (cuts < end_us)], bounds))
        state = states.value[states.index(at[:-1])]
        produces, is_set_up = state == MachineState.PRODUCING, state == MachineState.SETUP
        stands = ~produces & (state != MachineState.UNKNOWN)
        starts, ends = at[:-1][is_set_up], at[1:][is_set_up]
        if len(starts) and states.value[states.index_before(bounds[:1])[0]] == MachineState.SETUP:
            # It goes on from before the range.
            starts, ends = np.append(start_us - 1, starts), np.append(start_us, ends)
        return cls(
            at, orders.name[orders.index(at[:-1])], (starts, ends), np.flatnonzero(produces),
            np.append(0, np.cumsum(np.where(stands, np.diff(at), 0))),
            np.append(0, np.cumsum(is_set_up)),
        )  # fmt: skip

    def starts_of(
        self, before: StartUpCarry, order_before: int, rules: StartUpRules
    ) -> tuple[Instants, Ids]:
        """Return where start-ups begin, and the order of the last production after each run."""
        stood_us = np.diff(self.stood_us[self.runs], prepend=-before.stood_us)
        set_ups = np.diff(self.set_ups_begun[self.runs], prepend=-int(before.was_set_up))
        orders = np.append(order_before, self.order[self.runs])
        named = np.maximum.accumulate(np.where(orders > 0, np.arange(len(orders)), 0))
        last = orders[named]
        changes = (last[1:] != last[:-1]) & (last[:-1] > 0)
        at = self.at[self.runs]
        begins = (set_ups > 0) | (stood_us >= rules.after_stop_at(at)) | changes
        return at[begins], last

    def standing_until(
        self, edges: Instants, before: StartUpCarry
    ) -> tuple[list[int], list[bool], list[int]]:
        """Return how long it has stood, whether it was set up, and the number of runs so far."""
        begun = np.searchsorted(self.at[:-1], edges)
        runs = np.searchsorted(self.runs, begun)
        # The sums at the last run before each edge; without one, what is carried over.
        stood_us = np.append(-before.stood_us, self.stood_us[self.runs])[runs]
        set_ups = np.append(-int(before.was_set_up), self.set_ups_begun[self.runs])[runs]
        standing_us = np.interp(edges, self.at, self.stood_us).astype(np.int64) - stood_us
        return (
            np.minimum(standing_us, STOOD_MAX_US).tolist(),
            (self.set_ups_begun[begun] > set_ups).tolist(),
            runs.tolist(),
        )


def _merge(starts: Instants, ends: Instants) -> Instants:
    """Return starts and ends of spans (start, end] that neither overlap nor touch."""
    lasting = starts < ends
    at = np.concatenate((starts[lasting], ends[lasting]))
    change = np.repeat([1, -1], lasting.sum())
    order = np.lexsort((-change, at))
    depth = np.cumsum(change[order])
    is_bound = (depth == 0) | ((depth == 1) & (change[order] == 1))
    bounds: Instants = at[order][is_bound]
    return bounds
