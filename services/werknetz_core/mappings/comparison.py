"""Compares two mappings over the same raw inputs: values, states, events and refusals.

Results are summed input by input; memory is bounded by the number of points, not of samples.
"""

from collections import Counter
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.quarantine import kind_of_reason
from werknetz.events.batch import BusinessEvent, PointDefinition, Unmapped
from werknetz.events.facts import body_of, kind_of
from werknetz_core.mappings.replay_normalizer import NormalizedInput, PointSamples

EXAMPLES_MAX: Final = 3
GROUPS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class ValueExample:
    at_us: int
    before: float | str | None
    after: float | str | None


@dataclass(slots=True)
class PointDifference:
    """How the samples of one point differ."""

    before: PointDefinition | None = None
    after: PointDefinition | None = None
    samples_before: int = 0
    samples_after: int = 0
    changed: int = 0  # samples with another value, status, text or time, added or removed
    largest_difference: float = 0.0  # between numeric values
    examples: list[ValueExample] = field(default_factory=list)

    @property
    def has_changed(self) -> bool:
        """Whether anything except the version of the mapping differs."""
        return self.changed > 0 or _comparable_fields(self.before) != _comparable_fields(self.after)


@dataclass(slots=True)
class EventDifference:
    before: int = 0
    after: int = 0
    changed: int = 0
    examples: list[tuple[Table[str, object] | None, Table[str, object] | None]] = field(
        default_factory=list
    )


@dataclass(slots=True)
class Comparison:
    """The results of two mappings, `before` and `after`; add one input after the other."""

    inputs: int = 0
    readings: int = 0
    from_us: int | None = None
    to_us: int | None = None
    points: dict[str, PointDifference] = field(default_factory=dict)
    events: dict[str, EventDifference] = field(default_factory=dict)
    refused_before: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused_after: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add_input(self, before: NormalizedInput, after: NormalizedInput) -> None:
        self.inputs += 1
        for key in before.samples.keys() | after.samples.keys():
            self._add_point(key, before, after)
        self._add_events(before.events, after.events)
        _count(self.refused_before, before.refused)
        _count(self.refused_after, after.refused)

    def add_span(self, from_us: int, to_us: int) -> None:
        """Extend the compared span by the source times of an input."""
        self.from_us = from_us if self.from_us is None else min(self.from_us, from_us)
        self.to_us = to_us if self.to_us is None else max(self.to_us, to_us)

    def _add_point(self, key: str, before: NormalizedInput, after: NormalizedInput) -> None:
        point = self.points.setdefault(key, PointDifference())
        point.before = before.points.get(key, point.before)
        point.after = after.points.get(key, point.after)
        old, new = before.samples.get(key), after.samples.get(key)
        point.samples_before += len(old) if old is not None else 0
        point.samples_after += len(new) if new is not None else 0
        self.readings += max(len(side) for side in (old, new) if side is not None)
        if old is None or new is None:
            only_side = old if old is not None else new
            point.changed += len(only_side) if only_side is not None else 0
            _add_one_sided_examples(point, old, new)
        elif len(old) == len(new):
            _compare_rows(point, old, new)
        else:
            point.changed += abs(len(old) - len(new)) + _count_common_changes(old, new)
            _add_one_sided_examples(point, *_one_sided_rows(old, new))

    def _add_events(self, before: list[BusinessEvent], after: list[BusinessEvent]) -> None:
        old = {event.event_id: event for event in before}
        new = {event.event_id: event for event in after}
        for event_id in old.keys() | new.keys():
            old_event, new_event = old.get(event_id), new.get(event_id)
            event = old_event or new_event
            if event is None:
                continue
            difference = self.events.setdefault(kind_of(event.fact), EventDifference())
            difference.before += old_event is not None
            difference.after += new_event is not None
            old_fields, new_fields = _fields_of(old_event), _fields_of(new_event)
            if old_fields != new_fields:
                difference.changed += 1
                if len(difference.examples) < EXAMPLES_MAX:
                    difference.examples.append((old_fields, new_fields))


def _fields_of(event: BusinessEvent | None) -> Table[str, object] | None:
    return None if event is None else body_of(event.fact) | {"at_us": event.at_us}


def _count(counter: Counter[tuple[str, str]], refused: list[Unmapped]) -> None:
    for entry in refused:
        key = (entry.source, kind_of_reason(entry.reason))
        if key not in counter and len(counter) >= GROUPS_MAX:
            key = ("(other sources)", "more than are listed")
        counter[key] += entry.count


def _comparable_fields(point: PointDefinition | None) -> tuple[object, ...] | None:
    """Return all of a definition except the version of the mapping."""
    if point is None:
        return None
    return (
        point.equipment, point.signal, point.role, point.unit, point.datatype,
        point.counter_reset, point.counter_modulus, point.counter_kind,
        point.counter_interpolate, point.counter_max_increment, point.counter_max_speed,
        point.carrier,
    )  # fmt: skip


def _compare_rows(point: PointDifference, old: PointSamples, new: PointSamples) -> None:
    differing = old.difference_mask(new)
    count = int(differing.sum())
    if not count:
        return
    point.changed += count
    differences = np.abs(old.value - new.value)
    finite = differences[np.isfinite(differences)]
    if len(finite):
        point.largest_difference = max(point.largest_difference, float(finite.max()))
    for row in np.flatnonzero(differing)[: EXAMPLES_MAX - len(point.examples)].tolist():
        example = ValueExample(
            int(old.at_us[row]), display_value(old, row), display_value(new, row)
        )
        point.examples.append(example)


def _count_common_changes(old: PointSamples, new: PointSamples) -> int:
    """Count the samples whose time is in both but whose value is not; lengths may differ."""
    old_samples = {(at, display_value(old, row)) for row, at in enumerate(old.at_us.tolist())}
    instants = set(old.at_us.tolist())
    return sum(
        at in instants and (at, display_value(new, row)) not in old_samples
        for row, at in enumerate(new.at_us.tolist())
    )


def _one_sided_rows(
    old: PointSamples, new: PointSamples
) -> tuple[PointSamples | None, PointSamples | None]:
    """Return the samples whose time is only in one of them, from the one that has more of these."""
    only_old = _rows_not_at(old, new.at_us)
    only_new = _rows_not_at(new, old.at_us)
    return (only_old, None) if len(only_old) >= len(only_new) else (None, only_new)


def _rows_not_at(samples: PointSamples, instants: NDArray[np.int64]) -> PointSamples:
    rows = ~np.isin(samples.at_us, instants)
    return PointSamples(
        samples.at_us[rows], samples.value[rows], samples.status[rows], samples.server_us[rows],
        samples.text[rows],
    )  # fmt: skip


def _add_one_sided_examples(
    point: PointDifference, old: PointSamples | None, new: PointSamples | None
) -> None:
    side = old if old is not None else new
    if side is None:
        return
    for row in range(min(len(side), EXAMPLES_MAX - len(point.examples))):
        value = display_value(side, row)
        pair = (value, None) if old is not None else (None, value)
        point.examples.append(ValueExample(int(side.at_us[row]), *pair))


def display_value(samples: PointSamples, row: int) -> float | str | None:
    """Return the text of a sample if it has one, else its number; None if not finite."""
    text = samples.text[row]
    if text is not None:
        return str(text)
    value = float(samples.value[row])
    return value if np.isfinite(value) else None
