"""Doubts that follow from the sums of a value, and their sentences."""

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.elements import Elements
from werknetz_core.kpis.explanation.doubts import doubts_of_sums, sentences_of

THROUGH_BREAK = Elements(pot_s=900.0, pdot_s=900.0, unplanned_busy_s=900.0)


@pytest.mark.parametrize(
    ("kpi", "elements", "kinds"),
    [
        ("oee", THROUGH_BREAK, ["unplanned_production"]),
        ("nee", THROUGH_BREAK, ["unplanned_production"]),
        ("effectiveness", THROUGH_BREAK, ["unplanned_production"]),
        ("oee", Elements(pot_s=900.0, pdot_s=900.0), []),
        ("ooe", THROUGH_BREAK, []),  # over POT: its time counts
        ("teep", THROUGH_BREAK, []),
        ("availability", THROUGH_BREAK, []),  # no quantity
        ("quality_ratio", THROUGH_BREAK, []),  # no time
    ],
)
def test_production_outside_planned_time_is_a_doubt(
    kpi: str, elements: Elements, kinds: list[str]
) -> None:
    raised = [kind for kind, _, _ in doubts_of_sums(CATALOGUE[kpi], elements)]
    assert [kind for kind in raised if kind == "unplanned_production"] == kinds


@pytest.mark.parametrize(
    ("kpi", "good", "kinds"),
    [
        ("quality_ratio", 10.0, []),  # all are good
        ("quality_ratio", 10.001, ["good_exceeds_produced"]),
        ("oee", 30.0, ["good_exceeds_produced"]),
        ("scrap_ratio", 30.0, ["good_exceeds_produced"]),
        ("availability", 30.0, []),  # no quantity
    ],
)
def test_more_good_than_produced_parts_are_a_doubt(kpi: str, good: float, kinds: list[str]) -> None:
    elements = Elements(quality_gq=good, quality_pq=10.0)
    raised = [kind for kind, _, _ in doubts_of_sums(CATALOGUE[kpi], elements)]
    assert [kind for kind in raised if kind == "good_exceeds_produced"] == kinds


@pytest.mark.parametrize(
    ("late", "share"), [(0.25, "25.0%"), (0.001, "0.1%"), (0.0009, "less than 0.1%")]
)
def test_a_small_share_is_not_shown_as_none(late: float, share: str) -> None:
    elements = Elements(samples=10_000, good_samples=10_000, late_samples=late * 10_000)
    texts = {kind: text for kind, _, text in doubts_of_sums(CATALOGUE["oee"], elements)}
    assert texts["late_samples"] == f"{share} of the samples arrived late"


def test_a_sentence_names_its_equipment_once() -> None:
    doubts = [
        {"equipment": "a/b", "text": "a/b counts too much. Correct the counter."},
        {"equipment": "a/b", "text": "the state is unknown"},
    ]
    assert list(sentences_of(doubts)) == [
        "Doubt: a/b counts too much. Correct the counter.",
        "Doubt: a/b: the state is unknown.",
    ]
