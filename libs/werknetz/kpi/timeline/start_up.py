"""When a machine starts up: from the start of production until it is stable.

A start-up begins where the machine produces for the first time after a set-up, after a change of
order, or after it stood for as long as its rule says; time of unknown state is no standing time. A
further one that begins earlier replaces it. What is made while the machine is set up is of the
start-up, too: trial parts.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from werknetz.domain.state import MachineState
from werknetz.kpi.counter_steps import Increments
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.series import CountSeries, Ids, Instants, Numbers, Steps, TextIndex
from werknetz.kpi.stops.start_up import STOP_MAX_S, StartUpRules

STOOD_MAX_US: Final = round(STOP_MAX_S * 1e6)
_Span = tuple[int, int]
_DIGITS: Final = 6  # of good items, which need not be whole numbers
_NEGLIGIBLE: Final = 1e-6
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
        samples = [at[(at > since_us) & (at <= until_us)] for at, _ in self.sums]
        at = np.unique(np.concatenate([_NOWHERE, *samples]))
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
        spans = _spans_of(starts, before, int(edges[0]), rules, good)
        bounds = _merge([*(start_up.span for start_up in spans), *line.set_ups])
        carries = []
        for edge in edges[1:].tolist():
            stood_us, was_set_up, runs = line.standing_until(edge, before)
            order = numbers.texts[orders[runs]] or ""
            since_us, counted = _open_at(spans, edge)
            items = 0.0
            if since_us is not None and rules.at(since_us).good_items:
                first = max(since_us, int(edges[0]))
                items = counted + float(good.between(first, np.array([edge], np.int64))[0])
            stood_us = min(stood_us, STOOD_MAX_US)
            carries.append(
                StartUpCarry(stood_us, was_set_up, order, since_us, round(items, _DIGITS))
            )
        return cls(bounds, carries)


@dataclass(frozen=True, slots=True)
class _StartUp:
    since_us: int
    ends_us: int  # also where a further one replaces it earlier
    good_before: float  # items of it before the range
    span: _Span  # what of it lies in the range


def _spans_of(
    starts: Instants, before: StartUpCarry, first_us: int, rules: StartUpRules, good: GoodItems
) -> list[_StartUp]:
    begins = [(at, 0.0) for at in starts.tolist()]
    if before.since_us is not None:
        begins.insert(0, (before.since_us, before.good))
    replaced_us = [at for at, _ in begins[1:]]
    spans = []
    for number, (since_us, counted) in enumerate(begins):
        rule = rules.at(since_us)
        ends_us = since_us + rule.duration_us
        if rule.good_items:
            left = rule.good_items - counted
            ends_us = good.end_of(max(since_us, first_us), ends_us, left)
        # What goes on from the bucket before has no start here.
        begin_us = since_us if since_us >= first_us else first_us - 1
        end_us = min([ends_us, *replaced_us[number : number + 1]])
        spans.append(_StartUp(since_us, ends_us, counted, (begin_us, end_us)))
    return spans


def _open_at(spans: Sequence[_StartUp], edge_us: int) -> tuple[int | None, float]:
    """Return the start of the start-up that goes on after an edge, and its items before."""
    number = bisect_left(spans, edge_us, key=lambda span: span.since_us) - 1
    if number < 0 or spans[number].ends_us <= edge_us:
        return None, 0.0
    return spans[number].since_us, spans[number].good_before


@dataclass(frozen=True, slots=True)
class _Line:
    """Adjacent intervals in which neither state nor order changes."""

    at: Instants  # starts, and the end
    order: Ids
    set_ups: list[_Span]
    runs: Ids  # the intervals in which it produces
    stood_us: Instants  # up to each instant
    set_ups_begun: Ids  # before each instant

    @classmethod
    def of(cls, states: Steps, orders: Steps, start_us: int, end_us: int) -> Self:
        cuts = np.concatenate((states.at, orders.at))
        bounds = np.array([start_us, max(end_us, start_us)], np.int64)
        at = np.unique(np.append(cuts[(cuts > start_us) & (cuts < end_us)], bounds))
        state = states.value[states.index(at[:-1])]
        produces, is_set_up = state == MachineState.PRODUCING, state == MachineState.SETUP
        stands = ~produces & (state != MachineState.UNKNOWN)
        set_ups = [(int(at[n]), int(at[n + 1])) for n in np.flatnonzero(is_set_up).tolist()]
        if set_ups and states.value[states.index_before(bounds[:1])[0]] == MachineState.SETUP:
            set_ups.insert(0, (start_us - 1, start_us))  # it goes on from before
        return cls(
            at, orders.name[orders.index(at[:-1])], set_ups, np.flatnonzero(produces),
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

    def standing_until(self, edge_us: int, before: StartUpCarry) -> tuple[int, bool, int]:
        """Return how long it has stood, whether it was set up, and the number of runs so far."""
        begun = int(np.searchsorted(self.at[:-1], edge_us))
        runs = int(np.searchsorted(self.runs, begun))
        stood_us = int(np.interp(edge_us, self.at, self.stood_us))
        set_ups = int(self.set_ups_begun[begun])
        if not runs:
            return stood_us + before.stood_us, set_ups > 0 or before.was_set_up, 0
        run = self.runs[runs - 1]
        return stood_us - int(self.stood_us[run]), set_ups > int(self.set_ups_begun[run]), runs


def _merge(spans: Iterable[_Span]) -> Instants:
    """Return starts and ends of spans (start, end] that neither overlap nor touch."""
    merged: list[int] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1]:
            merged[-1] = max(merged[-1], end)
        else:
            merged += [start, end]
    return np.array(merged, np.int64)
