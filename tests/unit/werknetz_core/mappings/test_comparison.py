"""What differs between two mappings is told once, and nothing else is."""

from typing import Any
from uuid import UUID

import pytest

from werknetz.connector.contract import Delivery, Reading, SourceRecord
from werknetz.connector.raw import RawDelivery
from werknetz.domain.bucket import instant_of
from werknetz.kpi.plan import Plan
from werknetz_core.mappings.comparison import Comparison
from werknetz_core.mappings.correction import Correction
from werknetz_core.mappings.impact import Side, moves
from werknetz_core.mappings.raw_inputs import Kept
from werknetz_core.mappings.replay_namer import Named, Namer, mapping_of_document

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


def namer(scale: float = 1.0, codes: str = "", more: str = "") -> Namer:
    return Namer(mapping_of_document(TEXT.format(scale=scale, codes=codes, more=more), "m"), "c")


def opened(*readings: tuple[str, Any, int], records: tuple[SourceRecord, ...] = ()) -> RawDelivery:
    given = [Reading(source, value, source_time_us=NOW + at) for source, value, at in readings]
    return RawDelivery(Delivery(given, records=records), NOW)


def compared(before: Namer, after: Namer, given: RawDelivery) -> tuple[Comparison, Named, Named]:
    comparison = Comparison()
    was, will = before.name(given), after.name(given)
    comparison.feed(was, will)
    return comparison, was, will


def test_the_same_meaning_differs_in_nothing() -> None:
    comparison, _, _ = compared(namer(), namer(), opened(("t", 1.5, 0), ("s", "RUN", 1)))
    assert not [key for key, each in comparison.points.items() if each.moves]
    assert comparison.inputs == 1


def test_values_that_differ_are_counted_with_the_largest_and_examples() -> None:
    given = opened(*[("t", float(n), n) for n in range(10)])
    comparison, _, _ = compared(namer(), namer(scale=2.0), given)
    (key,) = comparison.points
    found = comparison.points[key]
    assert (found.changed, found.largest) == (9, 9.0)  # 0 is 0
    assert (found.examples[0].before, found.examples[0].after) == (1.0, 2.0)


def test_points_that_come_and_go_are_told() -> None:
    given = opened(("t", 1.0, 0), ("u", 2.0, 1))
    more = "- {source: u, signal: other}"
    comparison, _, _ = compared(namer(), namer(more=more), given)
    other = comparison.points["n/p/a/l/x:other"]
    assert (other.samples_before, other.samples_after, other.changed) == (0, 1, 1)
    assert other.before is None
    assert sum(comparison.refused_before.values()) == 1
    assert sum(comparison.refused_after.values()) == 0


def test_states_without_a_meaning_are_a_share_of_the_time_and_move_kpis() -> None:
    readings = [("s", "RUN" if n % 3 else "SETUP", n * 60 * SECOND) for n in range(30)]
    given = opened(*readings)
    sides = Side(), Side()
    for side, each in zip(sides, (namer(codes=", SETUP: setup"), namer()), strict=True):
        side.feed(each.name(given))
    end_us = NOW + 30 * 60 * SECOND
    assert sides[0].unmapped(end_us).share == 0.0
    missing = sides[1].unmapped(end_us)
    assert (missing.codes, missing.codes_seen) == (("SETUP",), 2)
    assert missing.share == pytest.approx(1 / 3)
    found = moves(*sides, (NOW, end_us), lambda *_: Plan.always())
    assert {move.kpi for move in found} >= {"setup_ratio"}
    assert all(move.equipment == "n/p/a/l/x" for move in found)


def test_a_correction_touches_only_what_differs() -> None:
    record = SourceRecord("r", {"m": "T", "q": 1}, b"1", item="line 1")
    rule = "events:\n- {{source: r, kind: stock_counted, fields: {{material: m, quantity: {}}}}}"
    given = opened(("t", 1.0, 0), ("s", "RUN", 0), ("s", "SETUP", 5), records=(record,))
    before = namer(more=rule.format("q"))
    after = namer(codes=", SETUP: setup", more=rule.format("{field: q, scale: 2}"))
    kept = Kept((instant_of(NOW), UUID(int=1), 1), "m@1", given, NOW, NOW)
    correction = Correction()
    correction.feed(kept, before.name(given), after.name(given))
    assert [key for key, _ in correction.remove] == ["n/p/a/l/x:state"]
    assert [point.key for point, _ in correction.add] == ["n/p/a/l/x:state"]
    assert len(correction.add[0][1]) == 2  # all of that point, in order
    assert (len(correction.changed_events), len(correction.gone_events)) == (1, 0)
    place = (UUID(int=1), 1)
    assert correction.seen[place] == {"t", "s", "r"}
    assert correction.still[place] == set()
