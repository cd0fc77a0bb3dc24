"""Normalizes stored raw inputs with a mapping, as the edge does.

The code and the bytes are those of the edge, so the version that was active produces exactly what
was stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.clock.clock_check import ClockCheck, TimeOptions
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import RawDelivery
from werknetz.connector.time_format import Clock
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    GroupEnd,
    PointDefinition,
    Points,
    Samples,
    Unmapped,
)
from werknetz.events.codec import SampleColumns, columns_of


@dataclass(frozen=True, slots=True)
class PointSamples:
    """The samples of one point in one raw input, in their original order."""

    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    server_us: NDArray[np.int64]  # equal to `at_us` where the source has none
    text: NDArray[Any]  # object: str or None

    def __len__(self) -> int:
        return len(self.at_us)

    def equals(self, other: "PointSamples") -> bool:
        return len(self) == len(other) and bool(self.difference_mask(other).sum() == 0)

    def difference_mask(self, other: "PointSamples") -> NDArray[np.bool_]:
        """Compare row by row; both have the same length."""
        values = (self.value != other.value) & ~(np.isnan(self.value) & np.isnan(other.value))
        mask: NDArray[np.bool_] = (
            values
            | (self.at_us != other.at_us)
            | (self.status != other.status)
            | (self.text != other.text)
        )
        return mask


@dataclass(frozen=True, slots=True)
class NormalizedInput:
    """The result of a mapping for one raw input."""

    samples: dict[str, PointSamples]  # by point key
    points: dict[str, PointDefinition]  # by point key
    events: list[BusinessEvent]
    refused: list[Unmapped]  # complete, without rate limit
    withdrawn: list[EventWithdrawn] = field(default_factory=list)
    ended: list[GroupEnd] = field(default_factory=list)


@dataclass(slots=True)
class ReplayNormalizer:
    """Runs one mapping over the raw inputs of one connector, in their order."""

    mapping: Mapping
    connector_id: str
    sources: dict[str, str] = field(default_factory=dict)  # key → address of stored points
    _normalizer: Normalizer = field(init=False)
    _points: dict[int, PointDefinition] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._normalizer = self._normalizer_of("source", {})

    def _normalizer_of(self, clock: Clock, numbers: dict[str, int]) -> Normalizer:
        check = ClockCheck(TimeOptions(clock=clock), judges_age=False)
        return Normalizer(self.mapping, self.connector_id, numbers, self.sources, clock=check)

    def normalize(self, raw: RawDelivery) -> NormalizedInput:
        columns: list[SampleColumns] = []
        events: list[BusinessEvent] = []
        refused: list[Unmapped] = []
        withdrawn: list[EventWithdrawn] = []
        ended: list[GroupEnd] = []
        if raw.clock != self._normalizer.clock.options.clock:
            self._normalizer = self._normalizer_of(raw.clock, self._normalizer.numbers)
        records = self._normalizer.normalize(raw.delivery, raw.arrival_us)
        for record in [*records, *self._normalizer.take_all_unmapped(raw.arrival_us)]:
            match record:
                case Points(points=points):
                    self._points |= {point.number: point for point in points}
                case Samples():
                    columns.append(columns_of(record))
                case BusinessEvent():
                    events.append(record)
                case EventWithdrawn():
                    withdrawn.append(record)
                case GroupEnd():
                    ended.append(record)
                case Unmapped():
                    refused.append(record)
                case _:
                    continue
        samples = {
            self._points[number].key: part for number, part in _samples_by_point(columns).items()
        }
        definitions = {point.key: point for point in self._points.values() if point.key in samples}
        return NormalizedInput(samples, definitions, events, refused, withdrawn, ended)


def parse_mapping_document(document: str, name: str) -> Mapping:
    """Parse a mapping, or a file with one under `mapping`; raise ConfigurationError."""
    form = parse_yaml(document, file=name)
    wrapped = isinstance(form.tree, dict) and "mapping" in form.tree
    return parse_mapping(form, ("mapping",) if wrapped else ())


def _samples_by_point(parts: Sequence[SampleColumns]) -> dict[int, PointSamples]:
    if not parts:
        return {}
    point = np.concatenate([part.point for part in parts])
    at_us = np.concatenate([part.time for part in parts])
    value = np.concatenate([part.value for part in parts])
    status = np.concatenate([part.status for part in parts])
    server = np.concatenate(
        [part.time if part.server_time is None else part.server_time for part in parts]
    )
    text = np.full(len(point), None, object)
    start = 0
    for part in parts:
        text[part.text_row + start] = part.text
        start += len(part)
    order = np.argsort(point, kind="stable")
    numbers, first = np.unique(point[order], return_index=True)
    return {
        int(number): PointSamples(at_us[rows], value[rows], status[rows], server[rows], text[rows])
        for number, rows in zip(numbers, np.split(order, first[1:]), strict=True)
    }
