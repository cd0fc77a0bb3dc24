"""What is comparable is ranked; what is not has a reason."""

from dataclasses import replace
from typing import Any

import pytest

from werknetz.kpi.targets.comparability import ComparedEquipment, ProductFamily, compare
from werknetz.texts.language import Language, in_language
from werknetz.texts.sentence import write_text

OTHER_PRODUCTS = (
    "andere Produkte: 30 % der Laufzeit entfallen auf die der übrigen, "
    "und für 20 % ist das Produkt unbekannt"
)
FAMILY = {ProductFamily("bracket"): 3600.0}


def plant(name: str, value: float | None = 0.7, **changes: Any) -> ComparedEquipment:
    """Return a plant; `family_s` by name of the family, with None for an unknown product."""
    usual = ComparedEquipment(name, value, FAMILY, {"version": 2}, 0.95, 80.0, 0.99, 0.0)
    if "family_s" in changes:
        changes["family_s"] = {
            ProductFamily(family) if isinstance(family, str) else family: seconds
            for family, seconds in changes["family_s"].items()
        }
    return replace(usual, **changes)


def test_comparable_plants_are_ranked() -> None:
    ranks = {c.name: c.rank for c in compare([plant("a", 0.5), plant("b", 0.7), plant("c", 0.6)])}
    assert ranks == {"b": 1, "c": 2, "a": 3}
    down = compare([plant("a", 0.5), plant("b", 0.7)], is_up=False)
    assert [c.name for c in down] == ["a", "b"]


def test_equal_values_have_equal_ranks() -> None:
    ranks = {c.name: c.rank for c in compare([plant("a"), plant("b"), plant("c", 0.6)])}
    assert ranks == {"a": 1, "b": 1, "c": 3}


@pytest.mark.parametrize(
    ("changes", "part", "reason"),
    [
        ({"family_s": {}}, "product_family", "no order names its material"),
        ({"family_s": {"bracket": 0.0}}, "product_family", "no order names its material"),
        ({"family_s": {None: 10.0}}, "product_family", "no order names its material"),
        ({"family_s": {"axle": 10.0}}, "product_family", "other products: 0%"),
        ({"family_s": {"axle": 6.0, None: 4.0}}, "product_family", "for 40% the product is unkn"),
        (
            {"family_s": {"bracket": 3.0, None: 4.0}},
            "product_family",
            "unknown for 57% of the run time",
        ),
        ({"definition": {"version": 1}}, "definition", "version = 1"),
        ({"judged_share": 0.79}, "coverage", "79% of its planned time"),
        ({"judged_share": None}, "coverage", "nothing of its planned time"),
        ({"planned_hours_a_week": 39.0}, "calendar", "39 planned hours"),
        ({"planned_hours_a_week": None}, "calendar", "no shift calendar"),
    ],
)
def test_what_is_not_comparable_has_a_reason(
    changes: dict[str, Any], part: str, reason: str
) -> None:
    plants = [plant("a"), plant("b"), plant("odd", **changes)]
    odd = next(c for c in compare(plants) if c.name == "odd")
    assert odd.rank is None
    assert not odd.is_comparable
    assert reason in odd.reasons[0]
    assert len(odd.reasons) == 1
    others = [c.rank for c in compare(plants) if c.name != "odd"]
    assert others == [1, 1]
    ignored = next(c for c in compare(plants, ignored=frozenset({part})) if c.name == "odd")
    assert ignored.rank == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"family_s": {"bracket": 2.0, None: 2.0}},
        {"judged_share": 0.8},
        {"planned_hours_a_week": 40.0},
        {"planned_hours_a_week": 160.0},
    ],
)
def test_the_limits_themselves_are_comparable(changes: dict[str, Any]) -> None:
    odd = compare([plant("a"), plant("b"), plant("odd", **changes)])
    assert all(c.rank == 1 for c in odd)


def test_without_a_value_there_is_no_rank() -> None:
    (first, second) = compare([plant("a", None), plant("b")])
    assert (first.name, first.rank) == ("b", 1)
    assert (second.rank, second.reasons) == (None, ("it has no value",))


def test_trust_is_what_is_known_in_time() -> None:
    (item,) = compare([plant("a", judged_share=0.9, known_share=0.8, late_share=0.5)])
    assert item.trust == pytest.approx(0.36)
    assert compare([]) == []


@pytest.mark.parametrize(
    ("changes", "ignored", "score"),
    [
        ({}, set(), 0.95**0.25),  # the geometric mean of the parts: 1, 1, 0.95 and 1
        ({}, {"coverage"}, 1.0),
        ({}, {"product_family", "definition", "calendar"}, 0.95),
        ({}, {"product_family", "definition", "coverage", "calendar"}, 1.0),
        ({"judged_share": None}, set(), 0.0),
        ({"judged_share": 0.5, "planned_hours_a_week": 40.0}, set(), 0.25**0.25),
    ],
)
def test_the_score_is_the_mean_of_the_parts(
    changes: dict[str, Any], ignored: set[str], score: float
) -> None:
    items = compare([plant("a"), plant("b"), plant("c", **changes)], ignored=frozenset(ignored))
    assert next(c for c in items if c.name == "c").score == pytest.approx(score)


@pytest.mark.parametrize(
    ("families", "overlaps"),
    [
        ([{"x": 1.0, "y": 1.0}, {"x": 1.0}], [0.75, 0.75]),
        ([{"x": 30.0, "y": 10.0}, {"x": 3.0, "y": 1.0}], [1.0, 1.0]),
        ([{"x": 0.25}, {"x": 0.5}], [1.0, 1.0]),  # shares, not seconds
        ([{"x": 0.0}, {"x": 9.0}], [None, 1.0]),  # one that took no time says nothing of others
        ([{}, {}], [None, None]),
        ([{"x": 9.0}, {"y": 9.0}], [1.0, 0.0]),  # nothing in common: one has no rank
        ([{"y": 9.0}, {"x": 9.0}], [0.0, 1.0]),
        ([{"x": 9.0}, {"y": 9.0}, {"y": 1.0}, {"z": 1.0}], [0.0, 1.0, 1.0, 0.0]),
        ([{"x": 6.0, "y": 4.0}, {"y": 9.0}, {"y": 1.0}], [0.4, 1.0, 1.0]),
        ([{"x": 9.0, None: 3.0}, {"x": 9.0}], [0.75, 1.0]),  # what is unknown is nothing in common
        ([{"x": 9.0, None: 9.0}, {"y": 9.0}], [0.5, 0.0]),
        ([{None: 9.0}, {"x": 9.0}], [None, 1.0]),
        # A material without a family is not the family of that name.
        ([{ProductFamily("x", is_material=True): 9.0}, {"x": 9.0}], [0.0, 1.0]),
    ],
)
def test_the_overlap_of_products(
    families: list[dict[Any, float]], overlaps: list[float | None]
) -> None:
    plants = [plant(str(n), family_s=family) for n, family in enumerate(families)]
    parts = {c.name: c.parts["product_family"] for c in compare(plants)}
    for n, overlap in enumerate(overlaps):
        assert parts[str(n)] == (None if overlap is None else pytest.approx(overlap))


def test_a_definition_is_the_usual_one_or_another() -> None:
    plants = [plant("a"), plant("b"), plant("c", definition={"version": 1})]
    assert {c.name: c.parts["definition"] for c in compare(plants)} == {"a": 1.0, "b": 1.0, "c": 0}


def test_the_calendar_is_a_ratio_to_the_usual_hours() -> None:
    plants = [plant("a"), plant("b", planned_hours_a_week=100.0), plant("c")]
    parts = {c.name: c.parts["calendar"] for c in compare(plants)}
    assert parts == {"a": 1.0, "b": 0.8, "c": 1.0}
    unknown = compare([plant("a", planned_hours_a_week=None), plant("b", planned_hours_a_week=0.0)])
    assert [c.parts["calendar"] for c in unknown] == [None, None]


@pytest.mark.parametrize(
    ("changes", "trust"),
    [
        ({"late_share": None}, 0.95 * 0.99),
        ({"late_share": 0.25}, 0.95 * 0.99 * 0.75),
        ({"known_share": None}, 0.0),
        ({"judged_share": None}, 0.0),
    ],
)
def test_what_is_unknown_is_not_trusted(changes: dict[str, Any], trust: float) -> None:
    (item,) = compare([plant("a", **changes)])
    assert item.trust == pytest.approx(trust)


def test_the_order_is_that_of_ranks_then_of_scores_then_of_names() -> None:
    plants = [
        plant("low", 0.5), plant("high", 0.7, judged_share=0.85),
        plant("y", None), plant("x", None), plant("none", None, judged_share=0.9),
    ]  # fmt: skip
    assert [(c.name, c.rank) for c in compare(plants)] == [
        ("high", 1), ("low", 2), ("x", None), ("y", None), ("none", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("family_s", "share"),
    [
        ({}, None), ({"x": 0.0}, None), ({"x": 4.0}, 0.0), ({"x": 3.0, None: 1.0}, 0.25),
        ({None: 1.0}, 1.0),
    ],
)  # fmt: skip
def test_which_share_of_the_run_time_has_no_product(
    family_s: dict[Any, float], share: float | None
) -> None:
    assert plant("a", family_s=family_s).unknown_product_share == share


@pytest.mark.parametrize(
    ("judged_share", "text"),
    [
        (0.79, "79%"), (0.7951, "79.5%"), (0.7999, "79.99%"), (0.79999, "79.999%"),
        (0.7999999, "almost 80%"), (None, "nothing"), (0.0, "0%"),
    ],
)  # fmt: skip
def test_a_share_that_is_too_small_never_looks_large_enough(
    judged_share: float | None, text: str
) -> None:
    items = compare([plant("a", judged_share=judged_share), plant("b"), plant("c")])
    (item,) = (item for item in items if item.name == "a")
    assert f"{text} of its planned time can be judged" in item.reasons


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"judged_share": 0.7951}, "beurteilbarer Anteil der geplanten Zeit: 79,5 %"),
        ({"judged_share": 0.7999999}, "beurteilbarer Anteil der geplanten Zeit: knapp 80 %"),
        ({"judged_share": None}, "beurteilbarer Anteil der geplanten Zeit: keiner"),
        ({"planned_hours_a_week": None}, "es gibt keinen Schichtkalender"),
        (
            {"family_s": {"bracket": 300.0, "hinge": 500.0, None: 200.0}},
            OTHER_PRODUCTS,
        ),
    ],
)
def test_a_reason_in_german(changes: dict[str, Any], reason: str) -> None:
    with in_language(Language.DE):
        items = compare([plant("a", **changes), plant("b"), plant("c")])
        (item,) = (item for item in items if item.name == "a")
        assert [write_text(text) for text in item.reasons] == [reason]
