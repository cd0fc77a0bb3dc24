"""What is comparable is ranked; what is not has a reason."""

from dataclasses import replace
from typing import Any

import pytest

from werknetz.kpi.targets.comparability import ComparedEquipment, compare

FAMILY = {"bracket": 3600.0}


def plant(name: str, value: float | None = 0.7, **changes: Any) -> ComparedEquipment:
    usual = ComparedEquipment(name, value, FAMILY, {"version": 2}, 0.95, 80.0, 0.99, 0.0)
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
        ({"family_s": {"axle": 10.0}}, "product_family", "other products: 33%"),
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
    [{"judged_share": 0.8}, {"planned_hours_a_week": 40.0}, {"planned_hours_a_week": 160.0}],
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
