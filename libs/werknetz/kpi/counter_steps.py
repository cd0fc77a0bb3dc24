"""Judges what a counter counted from one sample to the next: an increment, or something else.

A fall has a cause, and each cause has its own quantity:

* near the modulus: the counter rolled over;
* by less than the value that is left: a correction downwards, which subtracts;
* to a smaller value: a reset. The new value was counted since then, if the machine can have made
  it in the time between the two samples.

A rise is set aside if the machine cannot have made it: more than `max_speed` times what the planned
run time per item allows, or more than the declared maximum. If the sample after a fall or a rise
that was set aside continues from the value before it, that single sample was wrong.

A counter whose first value is below zero, or no count, is listed with it; what it counts from there
on counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from werknetz.kpi.series import CountSeries, Instants, Numbers, Steps, index_of_ascending

NEAR_MODULUS: Final = 0.1  # share of the modulus that a counter whose speed is unknown may jump
NEAR_MODULUS_ITEMS: Final = 100.0  # the same for a small modulus
SMALL_FALL: Final = 0.01  # share of the value: a correction, however long the silence was
LONG_SILENCE_US: Final = 3_600_000_000
"""After it, a counter that restarted at zero may have reached nearly the former value again."""

SINGLE_WRONG_US: Final = 60_000_000
"""How long a single wrong value lasts at most, where the speed of the machine is unknown."""

QUANTITY_MAX: Final = 1e15
"""Of one signal in one bucket. More is no count, and sums of it would not be finite."""

ONE_ITEM: Final = 1.0  # the clock of a sample is not that of the item

Cause = Literal["jump", "start_value", "below_zero", "not_finite"]


@dataclass(frozen=True, slots=True)
class ValueBefore:
    """The value before a fall or a rise that may have been a single wrong sample."""

    value: float
    at_us: int | None
    counted: float  # with the sample that is in doubt


@dataclass(frozen=True, slots=True)
class CounterStart:
    """The last sample before a range; `at_us` None: its time is unknown."""

    value: float
    at_us: int | None = None
    before: ValueBefore | None = None
    # From the sample to the range: how long the machine produced, and how long its state was
    # unknown in planned busy time.
    apt_us: int = 0
    unknown_us: int = 0


@dataclass(frozen=True, slots=True)
class SetAside:
    """A quantity that was not counted, because the machine cannot have made it."""

    signal_id: int
    at_us: int
    cause: Cause
    before: float
    after: float
    most: float | None  # what would have been counted at most; None: there is no limit

    @property
    def is_first(self) -> bool:
        """Whether the first value of the counter cannot be a count."""
        return self.before == self.after

    @property
    def quantity(self) -> float:
        """Return what was not counted."""
        return self.after if self.cause == "start_value" else abs(self.after - self.before)


@dataclass(frozen=True, slots=True)
class Increments:
    """What was counted in (since, at]; a negative quantity corrects what was counted before."""

    since: Instants  # equal to `at` where the sample before is unknown
    at: Instants
    quantity: Numbers
    value: Numbers  # the samples
    in_doubt: dict[int, ValueBefore]  # by the index of the sample
    set_aside: tuple[SetAside, ...] = ()

    def select_in_force(self, spans: Sequence[tuple[int, int]]) -> "Increments":
        """Return the increments with nothing counted outside the spans (start, end]."""
        if not spans:
            return self
        inside = np.zeros(len(self.at), np.bool_)
        for start, end in spans:
            inside |= (self.at > start) & (self.at <= end)
        set_aside = [a for a in self.set_aside if any(s < a.at_us <= e for s, e in spans)]
        quantity = np.where(inside, self.quantity, 0.0)
        return replace(self, quantity=quantity, set_aside=tuple(set_aside))

    def start_at(self, index: int, first: CounterStart | None) -> CounterStart | None:
        """Return what to continue from after a sample; -1: before the first."""
        if index < 0:
            return first
        return CounterStart(float(self.value[index]), int(self.at[index]), self.in_doubt.get(index))


def increments_of(
    count: CountSeries, start: CounterStart | None, run_time: Steps | None = None
) -> Increments:
    """Return the increment of each usable sample after the start.

    Without a start, the first sample of a cumulative counter only sets the value to count from.
    """
    usable = count.series.select_usable()
    if start is not None and start.at_us is not None:
        usable = usable.select(usable.at > start.at_us)
    at, value = usable.at, usable.value
    if not len(at):
        return Increments(at, at, value, value, {})
    since = np.append(at[0] if start is None or start.at_us is None else start.at_us, at[:-1])
    most = _most_of(count, since, at, run_time)
    if start is None or start.at_us is None:
        most[0] = _declared_most(count)  # the time since the sample before is unknown
    steps = _Steps(count, since, at, value, most, {})
    if count.kind == "increment":
        return steps.judge_single_increments()
    return steps.judge(start)


def _declared_most(count: CountSeries) -> float:
    return np.inf if count.max_increment is None else count.max_increment


def _most_of(count: CountSeries, since: Instants, at: Instants, run_time: Steps | None) -> Numbers:
    """Return the most that the machine can make between two samples; infinity: not known."""
    most = np.full(len(at), _declared_most(count))
    if run_time is None:
        return most
    cycles_s: Numbers = np.where(run_time.value > 0, run_time.value, np.inf)
    step = index_of_ascending(run_time.at, at)
    cycle_s = cycles_s[step]
    # An order may change with the sample: the faster of the two counts.
    changes = np.flatnonzero(at == run_time.at[step])
    cycle_s[changes] = np.minimum(cycle_s[changes], cycles_s[np.maximum(step[changes] - 1, 0)])
    possible = count.max_speed * ((at - since) / 1e6) / cycle_s + ONE_ITEM
    limited: Numbers = np.minimum(most, np.where(np.isinf(cycle_s), np.inf, possible))
    return limited


@dataclass(frozen=True, slots=True)
class _Steps:
    count: CountSeries
    since: Instants
    at: Instants
    value: Numbers
    most: Numbers
    in_doubt: dict[int, ValueBefore]

    def judge_single_increments(self) -> Increments:
        """Each sample is an increment itself; a negative one corrects."""
        is_possible = (self.value <= self.most) & (np.abs(self.value) <= QUANTITY_MAX)
        set_aside = [
            self._set_aside(index, "jump", 0.0, float(self.value[index]))
            for index in np.flatnonzero(~is_possible).tolist()
        ]
        return self._increments(np.where(is_possible, self.value, 0.0), set_aside)

    def judge(self, start: CounterStart | None) -> Increments:
        first = float(self.value[0]) if start is None else start.value
        before = np.append(first, self.value[:-1])
        with np.errstate(over="ignore"):
            step = self.value - before
        quantity = step.copy()
        odd = np.flatnonzero(~((step >= 0) & (step <= self.most) & (step <= QUANTITY_MAX))).tolist()
        doubt = None if start is None else start.before
        set_aside: list[SetAside] = []
        if start is None and not self._least_value() <= first <= QUANTITY_MAX:
            cause: Cause = "below_zero" if first < 0 else "not_finite"
            set_aside.append(self._set_aside(0, cause, first, first))
        # The sample after an odd one shows whether that one was wrong.
        for index in sorted({*odd, *(n + 1 for n in odd), *([0] if doubt else [])}):
            if index >= len(step):
                break
            if index:
                doubt = self.in_doubt.get(index - 1)
            quantity[index], aside = self._judge_one(index, float(before[index]), doubt)
            set_aside += [aside] if aside is not None else []
        return self._increments(quantity, set_aside)

    def _least_value(self) -> float:
        """Return the least value of the counter: one that rolls over may be read as signed."""
        modulus = self.count.modulus if self.count.reset == "rollover" else None
        return -(modulus or 0) / 2

    def _increments(self, quantity: Numbers, set_aside: Iterable[SetAside]) -> Increments:
        return Increments(
            self.since, self.at, quantity, self.value, self.in_doubt, tuple(set_aside)
        )

    def _judge_one(
        self, index: int, before: float, doubt: ValueBefore | None
    ) -> tuple[float, SetAside | None]:
        """Return the quantity of a sample, and what was set aside."""
        value, most = float(self.value[index]), float(self.most[index])
        step = value - before
        if not abs(step) <= QUANTITY_MAX:  # nor is a step that overflows
            return 0.0, self._set_aside(index, "not_finite", before, value)
        if doubt is not None and self._continues_before(index, step, doubt):
            return value - doubt.value - doubt.counted, None
        if 0 <= step <= most:
            return step, None
        aside: SetAside | None = None
        if step > most:
            quantity, aside = 0.0, self._set_aside(index, "jump", before, value)
        elif (rolled := self._rolled_over(before, value, most)) is not None:
            quantity = rolled
        elif before >= 0 > value:
            quantity, aside = 0.0, self._set_aside(index, "below_zero", before, value)
        elif self._is_correction(index, before, value):
            # What was never counted cannot be corrected.
            return (step if doubt is None else -min(-step, doubt.counted)), None
        else:
            is_counted = self.count.reset != "none" and value <= most
            quantity = value if is_counted else 0.0
            if value > 0 and not is_counted:
                aside = self._set_aside(index, "start_value", before, value)
        before_us = int(self.since[index])
        self.in_doubt[index] = ValueBefore(
            before, None if before_us == self.at[index] else before_us, quantity
        )
        return quantity, aside

    def _rolled_over(self, before: float, value: float, most: float) -> float | None:
        """Return the increment of a counter that rolled over; None: it did not."""
        modulus = self.count.modulus
        if self.count.reset != "rollover" or not modulus:
            return None
        step = value - before + modulus
        near = max(modulus * NEAR_MODULUS, NEAR_MODULUS_ITEMS)
        is_possible = step <= (most if np.isfinite(most) else near)
        return step if 0 <= step < before - value and is_possible else None

    def _is_correction(self, index: int, before: float, value: float) -> bool:
        fall, most = before - value, self.most[index]
        is_long = self.at[index] - self.since[index] >= LONG_SILENCE_US
        may_be_reset = is_long and np.isfinite(most) and value <= most
        is_small = fall <= SMALL_FALL * before or (fall < value and not may_be_reset)
        return bool(value < 0 or is_small)  # below zero, both are: there is no reset

    def _continues_before(self, index: int, step: float, doubt: ValueBefore) -> bool:
        """Return whether a sample continues from the value before the one in doubt."""
        value, most = float(self.value[index]), float(self.most[index])
        from_before = value - doubt.value
        near = SMALL_FALL * abs(doubt.value)
        is_near = abs(from_before) <= near
        if 0 <= step <= most:
            # A small counter reaches its former value again by chance.
            is_short = self.at[index] - self.since[index] <= SINGLE_WRONG_US
            return bool(np.isinf(most) and is_near and is_short and near >= ONE_ITEM)
        return is_near or (np.isfinite(most) and 0 <= from_before <= most)

    def _set_aside(self, index: int, cause: Cause, before: float, after: float) -> SetAside:
        most = float(self.most[index])
        return SetAside(
            self.count.signal_id, int(self.at[index]), cause, before, after,
            most if np.isfinite(most) else None,
        )  # fmt: skip
