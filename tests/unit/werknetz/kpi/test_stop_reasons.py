"""The tree of reasons: what a plant may use, and why a reason is refused."""

from dataclasses import replace

import pytest

from werknetz.kpi.stops.reasons import Reason, ReasonRejected, ReasonTree, check_parent

JAM = Reason(
    "jam", None, "technical", "stop", "Jammed part", "Teil klemmt", "adet", 4,
    is_planned=False, counts_against_availability=True,
)  # fmt: skip
TREE = ReasonTree([
    replace(JAM, code="technical", parent=None, name_en="Technical", name_de="Technik"), JAM,
    replace(JAM, code="break", name_en="Break", name_de="Pause", counts_against_availability=False),
    replace(JAM, code="crack", kind="scrap", name_en="Crack", name_de="Riss"),
    replace(JAM, code="old", is_retired=True),
    replace(JAM, code="feeder", plant="n/emden", name_de="Zuführer"),
    replace(JAM, code="oven", plant="n/zwick"), replace(JAM, code="feeder", plant="n/zwick"),
])  # fmt: skip


@pytest.mark.parametrize(
    ("code", "plant", "kind", "problem", "remedy"),
    [
        ("jamm", "n/emden", "stop", "unknown_reason", "jam"),
        ("TEIL KLEMT", "n/emden", "stop", "unknown_reason", "jam"),
        ("feder", "n/emden", "stop", "unknown_reason", "feeder"),
        ("quite another thing", "n/emden", "stop", "unknown_reason", "GET /api/v1/reasons"),
        ("cracc", "n/emden", "stop", "unknown_reason", "GET /api/v1/reasons"),  # of scrap
        ("oven", "n/emden", "stop", "reason_of_other_plant", "under=n/emden"),
        ("oven", None, "stop", "reason_of_other_plant", ""),
        ("crack", "n/emden", "stop", "wrong_reason_kind", "kind=stop"),
        ("jam", "n/emden", "scrap", "wrong_reason_kind", "kind=scrap"),
        ("old", "n/emden", "stop", "retired_reason", ""),
    ],
)
def test_a_reason_that_cannot_be_used(
    code: str, plant: str | None, kind: str, problem: str, remedy: str
) -> None:
    with pytest.raises(ReasonRejected) as caught:
        TREE.require(code, plant, kind)
    assert caught.value.code == problem
    assert remedy in caught.value.remedy
    assert repr(code) in str(caught.value)


def test_a_plant_has_the_standard_and_its_own() -> None:
    assert TREE.require("feeder", "n/emden", "stop").plant == "n/emden"
    assert TREE.require("feeder", "n/zwick", "stop").plant == "n/zwick"
    assert TREE.require("jam", "n/emden", "stop") == JAM
    assert TREE.find("feeder", None) is None
    assert TREE.find("jam", None) == TREE.find("jam", "n/emden") == JAM
    assert TREE.require("jam", "n/emden", "stop").planned_time is None
    assert TREE.require("break", "n/emden", "stop").planned_time is True


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        (replace(JAM, parent="nothing"), "unknown_reason"),
        (replace(JAM, parent="crack"), "unknown_reason"),
        (replace(JAM, parent="jam"), "reason_circle"),
        (replace(JAM, code="technical", parent="jam"), "reason_circle"),
    ],
)
def test_a_parent_that_cannot_be(reason: Reason, problem: str) -> None:
    available = {**TREE.of_plant("n/emden"), reason.code: reason}
    with pytest.raises(ReasonRejected) as caught:
        check_parent(reason, available)
    assert caught.value.code == problem
    check_parent(JAM, TREE.of_plant("n/emden"))


def test_the_three_nearest_reasons_are_proposed() -> None:
    tree = ReasonTree([replace(JAM, code=f"jam-{n}", name_en="", name_de="") for n in range(5)])
    with pytest.raises(ReasonRejected) as caught:
        tree.require("jam-", "n/emden", "stop")
    assert len(caught.value.remedy.split(", ")) == 3


def test_a_long_chain_of_parents_is_no_circle() -> None:
    codes = [str(n) for n in range(6)]
    parents = [*codes[1:], None]
    available = {
        code: replace(JAM, code=code, parent=parent)
        for code, parent in zip(codes, parents, strict=True)
    }
    check_parent(replace(JAM, code="new", parent="0"), available)


def test_a_circle_above_the_reason_is_found() -> None:
    """Without an end to the search it would be followed for ever."""
    available = {
        "a": replace(JAM, code="a", parent="b"),
        "b": replace(JAM, code="b", parent="a"),
    }
    with pytest.raises(ReasonRejected) as caught:
        check_parent(replace(JAM, code="new", parent="a"), available)
    assert caught.value.code == "reason_circle"
