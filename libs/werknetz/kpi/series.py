"""The samples of one machine as columns, and the step functions that they define."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from werknetz.domain import status as quality
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState
from werknetz.kpi.stops.reasons import CodeEffects
from werknetz.kpi.stops.start_up import DEFAULT_START_UP, StartUpRules
from werknetz.kpi.stops.thresholds import DEFAULT_MINOR_STOPS, MinorStops
from werknetz.kpi.timeline.reports import NO_REPORTS, Reports

EARLIEST_US: Final = np.iinfo(np.int64).min
MAX_SPEED: Final = 10.0
RUN_TIME_MAX_S: Final = 1e8  # of an item, about three years: a longer one is an error
"""How many times faster than planned a machine can be; a larger increment is set aside."""

Instants = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one signal, ascending; of several at one instant the last one counts."""

    at: Instants
    value: Numbers
    status: NDArray[np.uint32]
    text: NDArray[np.object_]  # str or None

    @classmethod
    def of(
        cls,
        at: Sequence[int],
        value: Sequence[float | None],
        status: Sequence[int] | None = None,
        text: Sequence[str | None] | None = None,
    ) -> Self:
        """Build from lists; None is NaN, a missing status is good."""
        flags = np.zeros(len(at), np.int64) if status is None else np.array(status, np.int64)
        texts = np.empty(len(at), np.object_)
        if text is not None:
            texts[:] = text
        return cls(
            np.array(at, np.int64),
            np.array(value, np.float64),
            (flags & 0xFFFF_FFFF).astype(np.uint32),
            texts,
        )

    def __len__(self) -> int:
        return len(self.at)

    def select(self, chosen: Flags) -> "Series":
        return Series(self.at[chosen], self.value[chosen], self.status[chosen], self.text[chosen])

    def followed_by(self, later: "Series") -> "Series":
        return Series(
            np.append(self.at, later.at),
            np.append(self.value, later.value),
            np.append(self.status, later.status),
            np.append(self.text, later.text),
        )

    def select_usable(self) -> "Series":
        """Return the samples that have a number and are not bad."""
        usable = np.isfinite(self.value) & (self.status < quality.BAD)
        return self if usable.all() else self.select(usable)


EMPTY: Final = Series.of([], [])


@dataclass(frozen=True, slots=True)
class CountSeries:
    signal_id: int
    role: Role
    series: Series
    reset: str = "none"
    modulus: float | None = None
    kind: str = "cumulative"
    interpolate: bool = False  # spread each increment evenly over the time since the sample before
    max_increment: float | None = None  # of one sample
    max_speed: float = MAX_SPEED
    # It reports from its first sample, and not outside these. None: no bound.
    since_us: int | None = None
    until_us: int | None = None
    in_force: tuple[tuple[int, int], ...] = ()
    """Spans (start, end] in which it counts, where other signals have its role; none: always."""


@dataclass(frozen=True, slots=True)
class MachineSamples:
    """The samples of a machine in a range; those of its state a few minutes longer.

    None: the machine has no such signal. Without an order signal, an order is assumed to run.
    """

    state: Series | None = None
    order: Series | None = None
    run_time: Series | None = None
    counts: tuple[CountSeries, ...] = ()
    unknown: tuple[tuple[int, int], ...] = ()  # spans in which samples of the state may be missing
    reports: Reports = NO_REPORTS  # of people and other systems
    minor_stops: MinorStops = DEFAULT_MINOR_STOPS  # thresholds of the machine
    code_effects: CodeEffects = field(default_factory=dict)  # by code of a state
    start_up_rules: StartUpRules = DEFAULT_START_UP
    order_since_us: int | None = None  # the first order at all; None: one ran before the range

    def all_series(self) -> list[Series]:
        series_or_none = [self.state, self.order, self.run_time, *(c.series for c in self.counts)]
        return [series for series in series_or_none if series is not None]


def index_of_ascending(bounds: Instants, at: Instants) -> Ids:
    """Return the index of the last bound at or before each instant; -1: none.

    Both ascend. Where bounds are few, this takes a fraction of the time of a search for each.
    """
    firsts = np.searchsorted(at, bounds, side="left")
    lengths = np.diff(firsts, prepend=0, append=len(at))
    index: Ids = np.repeat(np.arange(-1, len(bounds)), lengths)
    return index


@dataclass(slots=True)
class TextIndex:
    """Integer ids of texts, so that numpy can compare them. The id of None is 0."""

    texts: list[str | None] = field(default_factory=lambda: [None])
    _ids: dict[str | None, int] = field(default_factory=lambda: {None: 0})

    def id_of(self, text: str | None) -> int:
        text_id = self._ids.get(text)
        if text_id is None:
            text_id = self._ids[text] = len(self.texts)
            self.texts.append(text)
        return text_id

    def ids_of(self, texts: NDArray[np.object_]) -> Ids:
        """Return the id of each text; equal neighbours are looked up once."""
        new = np.append(True, texts[1:] != texts[:-1])[: len(texts)]
        changed = texts[new]
        ids: Ids = np.fromiter((self.id_of(text) for text in changed), np.int64, len(changed))
        index: Ids = np.cumsum(new) - 1
        repeated: Ids = ids[index]
        return repeated


@dataclass(frozen=True, slots=True)
class Steps:
    """A step function: each value is valid from its instant to the next; the first has no start."""

    at: Instants
    value: NDArray[Any]
    name: Ids

    def index(self, at: Instants) -> Ids:
        """Return the index of the step valid at each instant."""
        return np.searchsorted(self.at, at, side="right") - 1

    def index_before(self, at: Instants) -> Ids:
        """Return the index of the step valid right before each instant."""
        return np.searchsorted(self.at, at, side="left") - 1

    def without_repeats(self) -> "Steps":
        """Return the steps without those of no duration and those that repeat the former one."""
        lasting = np.append(self.at[1:] != self.at[:-1], True)
        at, value, name = self.at[lasting], self.value[lasting], self.name[lasting]
        new = np.append(True, (value[1:] != value[:-1]) | (name[1:] != name[:-1]))
        return Steps(at[new], value[new], name[new])


def state_steps_of(series: Series | None, first: int, code: str | None, texts: TextIndex) -> Steps:
    """Return the states over time; a bad or impossible value is UNKNOWN."""
    samples = EMPTY if series is None else series
    numbers = np.nan_to_num(samples.value, nan=0.0, posinf=0.0, neginf=0.0)
    fits = (samples.status < quality.BAD) & (numbers >= 0) & (numbers <= max(MachineState))
    states = np.where(fits, numbers, 0.0).astype(np.int64)
    return Steps(
        np.append(EARLIEST_US, samples.at),
        np.append(first, states),
        np.append(texts.id_of(code), texts.ids_of(samples.text)),
    ).without_repeats()


def order_steps_of(
    series: Series | None, first: str, index: TextIndex, since_us: int | None = None
) -> Steps:
    """Return the order number over time; `value` is whether an order runs.

    Without an order signal, and before its first value at all (`since_us`), an order is assumed to
    be running: nobody reports that there is none.
    """
    if series is None:
        always = np.array([True])
        return Steps(np.array([EARLIEST_US]), always, np.zeros(1, np.int64))
    samples = series.select(series.status < quality.BAD)
    texts = np.append(np.array([first or None], np.object_), samples.text)
    texts = np.array([text or None for text in texts], np.object_)
    name = index.ids_of(texts)
    at, runs = np.append(EARLIEST_US, samples.at), name > 0
    if since_us is not None and not first:
        runs[0] = True
        if not len(samples.at) or samples.at[0] > since_us:  # it has begun without an order
            at, runs, name = (
                np.insert(column, 1, value)
                for column, value in ((at, since_us), (runs, False), (name, 0))
            )
    return Steps(at, runs, name).without_repeats()


def usable_run_times(value: Numbers) -> Numbers:
    """Return planned run times per item; 0, which is unknown, for what none can be."""
    return np.where((value > 0) & (value <= RUN_TIME_MAX_S), value, 0.0)


def run_time_steps_of(series: Series | None, first: float | None) -> Steps:
    """Return the planned run time per item in seconds over time; 0: it is unknown."""
    samples = (EMPTY if series is None else series).select_usable()
    value = usable_run_times(np.append(first or 0.0, samples.value))
    at = np.append(EARLIEST_US, samples.at)
    return Steps(at, value, np.zeros(len(at), np.int64)).without_repeats()
