"""Differences between two mappings are counted once, and nothing else is."""

from typing import Any
from uuid import UUID

import pytest

from werknetz.connector.contract import Delivery, Reading, SourceRecord
from werknetz.connector.raw import RawDelivery
from werknetz.domain.bucket import instant_of
from werknetz.kpi.plan import PlannedTime
from werknetz_core.mappings.comparison import Comparison
from werknetz_core.mappings.impact import MappingResult, kpi_changes
from werknetz_core.mappings.raw_inputs import StoredRawInput
from werknetz_core.mappings.replay_normalizer import (
    NormalizedInput,
    ReplayNormalizer,
    parse_mapping_document,
)
from werknetz_core.mappings.replays.correction import Correction

NOW = 1_795_000_500_000_000
SECOND = 1_000_000
TEXT = """
name: m
version: 1
equipment: n/p/a/l/x
enums: {{z: {{RUN: producing{codes}}}}}
rules:
- {{source: s, signal: state, role: state, states: z}}
- {{source: t, signal: temp, scale: {scale}}}
{more}
"""


def normalizer(scale: float = 1.0, codes: str = "", more: str = "") -> ReplayNormalizer:
    return ReplayNormalizer(
        parse_mapping_document(TEXT.format(scale=scale, codes=codes, more=more), "m"), "c"
    )


def raw_delivery(
    *readings: tuple[str, Any, int], records: tuple[SourceRecord, ...] = ()
) -> RawDelivery:
    readings_at = [
        Reading(source, value, source_time_us=NOW + at) for source, value, at in readings
    ]
    return RawDelivery(Delivery(readings_at, records=records), NOW)


def compare(
    before: ReplayNormalizer, after: ReplayNormalizer, raw: RawDelivery
) -> tuple[Comparison, NormalizedInput, NormalizedInput]:
    comparison = Comparison()
    old, new = before.normalize(raw), after.normalize(raw)
    comparison.add_input(old, new)
    return comparison, old, new


def test_equal_mappings_have_no_differences() -> None:
    comparison, _, _ = compare(
        normalizer(), normalizer(), raw_delivery(("t", 1.5, 0), ("s", "RUN", 1))
    )
    assert not [key for key, point in comparison.points.items() if point.has_changed]
    assert comparison.inputs == 1


def test_changed_values_are_counted_with_the_largest_difference_and_examples() -> None:
    raw = raw_delivery(*[("t", float(n), n) for n in range(10)])
    comparison, _, _ = compare(normalizer(), normalizer(scale=2.0), raw)
    (key,) = comparison.points
    point = comparison.points[key]
    assert (point.changed, point.largest_difference) == (9, 9.0)  # 0 is 0
    assert (point.examples[0].before, point.examples[0].after) == (1.0, 2.0)


def test_added_and_removed_points_are_listed() -> None:
    raw = raw_delivery(("t", 1.0, 0), ("u", 2.0, 1))
    more = "- {source: u, signal: other}"
    comparison, _, _ = compare(normalizer(), normalizer(more=more), raw)
    other = comparison.points["n/p/a/l/x:other"]
    assert (other.samples_before, other.samples_after, other.changed) == (0, 1, 1)
    assert other.before is None
    assert sum(comparison.refused_before.values()) == 1
    assert sum(comparison.refused_after.values()) == 0


def test_unmapped_states_have_a_share_of_the_time_and_change_kpis() -> None:
    readings = [("s", "RUN" if n % 3 else "SETUP", n * 60 * SECOND) for n in range(30)]
    raw = raw_delivery(*readings)
    results = MappingResult(), MappingResult()
    for result, mapping in zip(
        results, (normalizer(codes=", SETUP: setup"), normalizer()), strict=True
    ):
        result.add_input(mapping.normalize(raw))
    end_us = NOW + 30 * 60 * SECOND
    assert results[0].unmapped_states(end_us).share == 0.0
    unmapped = results[1].unmapped_states(end_us)
    assert (unmapped.codes, unmapped.codes_total) == (("SETUP",), 2)
    assert unmapped.share == pytest.approx(1 / 3)
    changes = kpi_changes(*results, (NOW, end_us), lambda *_: PlannedTime.always())
    assert {change.kpi for change in changes} >= {"setup_ratio"}
    assert all(change.equipment == "n/p/a/l/x" for change in changes)


def test_a_correction_changes_only_points_that_differ() -> None:
    record = SourceRecord("r", {"m": "T", "q": 1}, b"1", item="line 1")
    rule = "events:\n- {{source: r, kind: stock_counted, fields: {{material: m, quantity: {}}}}}"
    raw = raw_delivery(("t", 1.0, 0), ("s", "RUN", 0), ("s", "SETUP", 5), records=(record,))
    before = normalizer(more=rule.format("q"))
    after = normalizer(codes=", SETUP: setup", more=rule.format("{field: q, scale: 2}"))
    raw_input = StoredRawInput((instant_of(NOW), UUID(int=1), 1), "m@1", raw, NOW, NOW)
    correction = Correction()
    correction.add_input(raw_input, before.normalize(raw), after.normalize(raw))
    assert [key for key, _ in correction.removals] == ["n/p/a/l/x:state"]
    assert [point.key for point, *_ in correction.additions] == ["n/p/a/l/x:state"]
    assert len(correction.additions[0][1]) == 2  # all samples of the point, in order
    (events,) = correction.events
    assert (len(events.changed), events.removed, events.added) == (1, (), ())
    batch = (UUID(int=1), 1)
    assert correction.sources[batch] == {"t", "s", "r"}
    assert correction.refused_now[batch] == set()
