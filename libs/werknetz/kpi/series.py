"""The samples of one machine as columns, and what holds from each of them on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from werknetz.domain import status as quality
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState

EARLIEST_US: Final = np.iinfo(np.int64).min
Instants = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one signal, ascending; of two at one instant the later in the row holds."""

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

    def only(self, chosen: Flags) -> "Series":
        return Series(self.at[chosen], self.value[chosen], self.status[chosen], self.text[chosen])

    def select_usable(self) -> "Series":
        """Leave out what has no number or is bad."""
        return self.only(np.isfinite(self.value) & (self.status < quality.BAD))


EMPTY: Final = Series.of([], [])


@dataclass(frozen=True, slots=True)
class CountSeries:
    signal_id: int
    role: Role
    series: Series
    reset: str = "none"
    modulus: float | None = None
    kind: str = "cumulative"


@dataclass(frozen=True, slots=True)
class MachineSamples:
    """What is known of a machine in a range, and in the minutes after it for its states.

    None: the machine has no such signal; an order is then taken to run always.
    """

    state: Series | None = None
    order: Series | None = None
    run_time: Series | None = None
    counts: tuple[CountSeries, ...] = ()
    unknown: tuple[tuple[int, int], ...] = ()  # spans in which samples of the state may be missing

    def all_series(self) -> list[Series]:
        found = [self.state, self.order, self.run_time, *(c.series for c in self.counts)]
        return [series for series in found if series is not None]


@dataclass(slots=True)
class TextIndex:
    """Numbers for texts, so that numpy can compare them. 0 is None."""

    known: list[str | None] = field(default_factory=lambda: [None])
    _numbers: dict[str | None, int] = field(default_factory=lambda: {None: 0})

    def number(self, text: str | None) -> int:
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.known)
            self.known.append(text)
        return found

    def numbers(self, texts: NDArray[np.object_]) -> Ids:
        return np.fromiter((self.number(text) for text in texts), np.int64, len(texts))


@dataclass(frozen=True, slots=True)
class Steps:
    """What holds from each instant on; the first entry holds since ever."""

    at: Instants
    value: NDArray[Any]
    name: Ids

    def index(self, at: Instants) -> Ids:
        """Return the entry that holds at each instant."""
        return np.searchsorted(self.at, at, side="right") - 1

    def index_before(self, at: Instants) -> Ids:
        """Return the entry that holds right before each instant."""
        return np.searchsorted(self.at, at, side="left") - 1

    def without_repeats(self) -> "Steps":
        """Leave out entries of no duration and those that repeat the one before."""
        lasting = np.append(self.at[1:] != self.at[:-1], True)
        at, value, name = self.at[lasting], self.value[lasting], self.name[lasting]
        new = np.append(True, (value[1:] != value[:-1]) | (name[1:] != name[:-1]))
        return Steps(at[new], value[new], name[new])


def state_steps_of(series: Series | None, first: int, code: str | None, names: TextIndex) -> Steps:
    """What the machine does; a bad or impossible value says UNKNOWN."""
    known = EMPTY if series is None else series
    numbers = np.nan_to_num(known.value, nan=0.0, posinf=0.0, neginf=0.0)
    fits = (known.status < quality.BAD) & (numbers >= 0) & (numbers <= max(MachineState))
    states = np.where(fits, numbers, 0.0).astype(np.int64)
    return Steps(
        np.append(EARLIEST_US, known.at),
        np.append(first, states),
        np.append(names.number(code), names.numbers(known.text)),
    ).without_repeats()


def order_steps_of(series: Series | None, first: str, names: TextIndex) -> Steps:
    """Which order runs; `value` is whether one does. Without the signal one runs always."""
    if series is None:
        always = np.array([True])
        return Steps(np.array([EARLIEST_US]), always, np.zeros(1, np.int64))
    known = series.only(series.status < quality.BAD)
    texts = np.append(np.array([first or None], np.object_), known.text)
    texts = np.array([text or None for text in texts], np.object_)
    name = names.numbers(texts)
    return Steps(np.append(EARLIEST_US, known.at), name > 0, name).without_repeats()


def run_time_steps_of(series: Series | None, first: float | None) -> Steps:
    """Planned run time per item in seconds; 0: none is known."""
    known = (EMPTY if series is None else series).select_usable()
    value = np.append(first or 0.0, np.maximum(known.value, 0.0))
    at = np.append(EARLIEST_US, known.at)
    return Steps(at, value, np.zeros(len(at), np.int64)).without_repeats()
