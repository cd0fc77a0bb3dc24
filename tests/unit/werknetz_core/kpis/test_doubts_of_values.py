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


def test_a_sentence_names_its_equipment_once() -> None:
    doubts = [
        {"equipment": "a/b", "text": "a/b counts too much. Correct the counter."},
        {"equipment": "a/b", "text": "the state is unknown"},
    ]
    assert list(sentences_of(doubts)) == [
        "Doubt: a/b counts too much. Correct the counter.",
        "Doubt: a/b: the state is unknown.",
    ]
