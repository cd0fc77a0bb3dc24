"""Two mappings over the same raw inputs: which values, states, events and refusals differ.

Adds up while inputs pass by; what it keeps is bounded by points, not by samples.
"""

from collections import Counter
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.quarantine import kind_of_reason
from werknetz.domain.role import Role
from werknetz.events.batch import BusinessEvent, PointDefinition, Unmapped
from werknetz.events.facts import body_of, kind_of
from werknetz_core.mappings.replay_namer import Named, Said

EXAMPLES_MAX: Final = 3
GROUPS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Example:
    at_us: int
    before: float | str | None
    after: float | str | None


@dataclass(slots=True)
class Difference:
    """How the samples of one point differ."""

    before: PointDefinition | None = None
    after: PointDefinition | None = None
    samples_before: int = 0
    samples_after: int = 0
    changed: int = 0  # samples with another value, status, text or time; or that came or went
    largest: float = 0.0  # of the differences between numbers
    examples: list[Example] = field(default_factory=list)

    @property
    def moves(self) -> bool:
        """Whether anything but the version of the mapping is another."""
        return self.changed > 0 or _meaning(self.before) != _meaning(self.after)


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
    """What `before` said and what `after` says. Feed it input by input."""

    inputs: int = 0
    readings: int = 0
    from_us: int | None = None
    to_us: int | None = None
    points: dict[str, Difference] = field(default_factory=dict)
    events: dict[str, EventDifference] = field(default_factory=dict)
    refused_before: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused_after: Counter[tuple[str, str]] = field(default_factory=Counter)

    def feed(self, before: Named, after: Named) -> None:
        self.inputs += 1
        for key in before.said.keys() | after.said.keys():
            self._point(key, before, after)
        self._events(before.events, after.events)
        _count(self.refused_before, before.refused)
        _count(self.refused_after, after.refused)

    def span(self, from_us: int, to_us: int) -> None:
        """Note the span of an input's source times."""
        self.from_us = from_us if self.from_us is None else min(self.from_us, from_us)
        self.to_us = to_us if self.to_us is None else max(self.to_us, to_us)

    def _point(self, key: str, before: Named, after: Named) -> None:
        found = self.points.setdefault(key, Difference())
        found.before = before.points.get(key, found.before)
        found.after = after.points.get(key, found.after)
        old, new = before.said.get(key), after.said.get(key)
        found.samples_before += len(old) if old is not None else 0
        found.samples_after += len(new) if new is not None else 0
        self.readings += max(len(side) for side in (old, new) if side is not None)
        if old is None or new is None:
            gone = old if old is not None else new
            found.changed += len(gone) if gone is not None else 0
            _come_or_gone(found, old, new)
        elif len(old) == len(new):
            _changed(found, old, new)
        else:
            found.changed += abs(len(old) - len(new)) + _common_changes(old, new)
            _come_or_gone(found, *_where_they_part(old, new))

    def _events(self, before: list[BusinessEvent], after: list[BusinessEvent]) -> None:
        old = {event.event_id: event for event in before}
        new = {event.event_id: event for event in after}
        for event_id in old.keys() | new.keys():
            was, will = old.get(event_id), new.get(event_id)
            some = was or will
            if some is None:
                continue
            found = self.events.setdefault(kind_of(some.fact), EventDifference())
            found.before += was is not None
            found.after += will is not None
            told = None if was is None else body_of(was.fact) | {"at_us": was.at_us}
            tells = None if will is None else body_of(will.fact) | {"at_us": will.at_us}
            if told != tells:
                found.changed += 1
                if len(found.examples) < EXAMPLES_MAX:
                    found.examples.append((told, tells))


def _count(counter: Counter[tuple[str, str]], refused: list[Unmapped]) -> None:
    for each in refused:
        key = (each.source, kind_of_reason(each.reason))
        if key not in counter and len(counter) >= GROUPS_MAX:
            key = ("(other sources)", "more than are listed")
        counter[key] += each.count


def _meaning(point: PointDefinition | None) -> tuple[object, ...] | None:
    if point is None:
        return None
    return (
        point.equipment, point.signal, point.role, point.unit, point.datatype,
        point.counter_reset, point.counter_modulus, point.counter_kind,
    )  # fmt: skip


def _changed(found: Difference, old: Said, new: Said) -> None:
    differing = old.differing(new)
    count = int(differing.sum())
    if not count:
        return
    found.changed += count
    apart = np.abs(old.value - new.value)
    finite = apart[np.isfinite(apart)]
    if len(finite):
        found.largest = max(found.largest, float(finite.max()))
    for row in np.flatnonzero(differing)[: EXAMPLES_MAX - len(found.examples)].tolist():
        found.examples.append(Example(int(old.at_us[row]), shown(old, row), shown(new, row)))


def _common_changes(old: Said, new: Said) -> int:
    """Of two of different length: how many of the instants that both have say something else."""
    known = {(at, shown(old, n)) for n, at in enumerate(old.at_us.tolist())}
    instants = set(old.at_us.tolist())
    return sum(
        at in instants and (at, shown(new, n)) not in known
        for n, at in enumerate(new.at_us.tolist())
    )


def _where_they_part(old: Said, new: Said) -> tuple[Said | None, Said | None]:
    """What only one of them says: the instants of the longer that the shorter has not."""
    only_old = _without(old, new.at_us)
    only_new = _without(new, old.at_us)
    return (only_old, None) if len(only_old) >= len(only_new) else (None, only_new)


def _without(said: Said, instants: NDArray[np.int64]) -> Said:
    left = ~np.isin(said.at_us, instants)
    return Said(
        said.at_us[left], said.value[left], said.status[left], said.server_us[left],
        said.text[left],
    )  # fmt: skip


def _come_or_gone(found: Difference, old: Said | None, new: Said | None) -> None:
    side = old if old is not None else new
    if side is None:
        return
    for row in range(min(len(side), EXAMPLES_MAX - len(found.examples))):
        value = shown(side, row)
        pair = (value, None) if old is not None else (None, value)
        found.examples.append(Example(int(side.at_us[row]), *pair))


def shown(said: Said, row: int) -> float | str | None:
    """The value as a person reads it: the text where there is one."""
    text = said.text[row]
    if text is not None:
        return str(text)
    value = float(said.value[row])
    return value if np.isfinite(value) else None


def is_state(point: PointDefinition | None) -> bool:
    return point is not None and point.role == Role.STATE.value
