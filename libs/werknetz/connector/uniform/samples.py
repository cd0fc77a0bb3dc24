"""Columns of uniform messages to samples: the numbers of plain rules; what else there is, singly.

A field has one address and an address one point, so that fields that are read singly do not
change the order of others.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

import numpy as np

from werknetz.connector.clock.clock_check import UNJUDGED, ClockCheck
from werknetz.connector.contract import FieldSet, Reading, UniformMessages
from werknetz.connector.points import NoPoint, PointTable
from werknetz.connector.quarantine import Books, QuarantineLimiter
from werknetz.connector.time_format import TimeFormat
from werknetz.connector.uniform.instants import instants_of
from werknetz.connector.values import Target
from werknetz.domain.status import GOOD
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import SampleColumns, samples_of

PLANS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A field whose values are the numbers of one point."""

    index: int
    target: Target
    time: TimeFormat | None = None  # of the rule
    time_index: int = -1


@dataclass(slots=True)
class _Plan:
    """What the fields of a topic become by the mapping."""

    numbers: list[_Numbers] = field(default_factory=list)
    without_point: list[tuple[int, str]] = field(default_factory=list)  # field, reason
    single: list[int] = field(default_factory=list)  # fields that are read one by one


@dataclass(slots=True)
class _Columns:
    """Builder of samples, column by column."""

    number: list[int] = field(default_factory=list)  # of a point, for each run of rows
    size: list[int] = field(default_factory=list)  # rows of each run
    address: list[str] = field(default_factory=list)  # of each run
    value: "array[float]" = field(default_factory=lambda: array("d"))
    time: "array[int]" = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class UniformMapper:
    points: PointTable
    quarantine: QuarantineLimiter
    books: Books
    clock: ClockCheck
    _plans: dict[FieldSet, _Plan] = field(default_factory=dict)

    def map_messages(
        self,
        uniform: Sequence[UniformMessages],
        kind: int,
        arrival_us: int,
        unmapped: list[Unmapped],
    ) -> tuple[list[Samples], list[Reading]]:
        """Return the samples of plain numbers, and readings of all other values.

        The readings are not counted in the books yet.
        """
        dated, undated = _Columns(), _Columns()
        readings: list[Reading] = []
        for messages in uniform:
            plan = self._plan_of(messages)
            single = [*plan.single]
            for numbers in plan.numbers:
                times = _times_of(messages, numbers)
                values = _values_of(messages, numbers)
                if times is None or values is None:
                    single.append(numbers.index)
                else:
                    columns = dated if times else undated
                    columns.value.extend(values)
                    columns.time.extend(times or array("q", [arrival_us]) * len(messages))
                    columns.number.append(numbers.target.number)
                    columns.size.append(len(messages))
                    columns.address.append(messages.fields.addresses[numbers.index])
            for index, reason in plan.without_point:
                self._count_without_point(messages, index, reason, arrival_us, unmapped)
            if single:
                readings += messages.readings(single)
        samples = []
        for columns, judged_as in ((dated, kind), (undated, UNJUDGED)):
            if columns.number:
                samples.append(self._samples(columns, judged_as, arrival_us))
        return samples, readings

    def _plan_of(self, messages: UniformMessages) -> _Plan:
        plan = self._plans.get(messages.fields)
        if plan is None:
            if len(self._plans) >= PLANS_MAX:
                self._plans.clear()
            plan = self._plans[messages.fields] = self._create_plan(messages)
        return plan

    def _create_plan(self, messages: UniformMessages) -> _Plan:
        fields, plan = messages.fields, _Plan()
        for index in fields.value_indices:
            target = self.points.resolve(fields.addresses[index], messages.columns[index][0])
            if isinstance(target, NoPoint):
                plan.without_point.append((index, target.reason))
            elif _is_plain_number(target, fields.kinds[index]):
                time = target.time
                at = (
                    -1
                    if time is None or time.path not in fields.names
                    else (fields.names.index(time.path))
                )
                plan.numbers.append(_Numbers(index, target, time, at))
            else:
                plan.single.append(index)
        return plan

    def _count_without_point(
        self,
        messages: UniformMessages,
        index: int,
        reason: str,
        arrival_us: int,
        unmapped: list[Unmapped],
    ) -> None:
        count, address = len(messages), messages.fields.addresses[index]
        self.books.taken += count
        if not reason:
            self.books.ignored += count
            return
        for raw, times in ((messages.raw[0], 1), (messages.raw[-1], count - 1)):
            if times:
                entry = self.quarantine.count_repeat(address, reason, raw, arrival_us, times)
                unmapped += [] if entry is None else [entry]

    def _samples(self, columns: _Columns, kind: int, arrival_us: int) -> Samples:
        size = np.array(columns.size)
        point = np.repeat(np.array(columns.number, np.int32), size)
        value = np.frombuffer(columns.value, np.float64) + 0.0  # -0.0 becomes 0.0
        self.books.taken += len(value)
        judged = self.clock.judge(
            point, np.frombuffer(columns.time, np.int64), np.full(len(value), GOOD, np.uint32),
            kind, arrival_us,
            lambda row: columns.address[int(np.searchsorted(size.cumsum(), row, "right"))],
        )  # fmt: skip
        source = judged.source_time
        if source is not None and not (source != judged.time).any():
            source = None
        return samples_of(
            SampleColumns(
                point=point,
                time=judged.time,
                value=value,
                status=judged.status,
                server_time=source,
                text_row=np.empty(0, np.int32),
                text=[],
            )
        )


def _is_plain_number(target: Target, kind: type | None) -> bool:
    """Whether the values of a field are numbers that only a factor and an offset may change."""
    if not target.is_plain or target.computation is not None or target.clock != "source":
        return False
    return kind is float or (kind is bool and not target.no_boolean)


def _times_of(messages: UniformMessages, numbers: _Numbers) -> Sequence[int] | None:
    """Return the times of the values; empty: unknown. None: to be read one by one."""
    if numbers.time is None:
        return messages.times_us or ()
    if numbers.time_index < 0:
        return None
    written = messages.columns[numbers.time_index]
    return instants_of(written, messages.fields.kinds[numbers.time_index], numbers.time)


def _values_of(messages: UniformMessages, numbers: _Numbers) -> Sequence[float] | None:
    """Return the values to store; None where one of them is too large for a number."""
    values: Sequence[float] = messages.columns[numbers.index]
    factor, offset = numbers.target.factor, numbers.target.offset
    if (factor, offset) == (1.0, 0.0):
        return values
    scaled = [value * factor + offset for value in values]
    return scaled if all(map(isfinite, scaled)) else None
