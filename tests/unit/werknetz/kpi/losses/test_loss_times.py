"""Loss times add up to calendar time exactly, whatever the elements are."""

from dataclasses import fields, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.state import MachineState
from werknetz.kpi.elements import Elements
from werknetz.kpi.losses.categories import CATEGORIES, STEPS, STOPS, LossKind, category_of
from werknetz.kpi.losses.times import LossTimes, SupplyCausedTime, loss_times_of

SHIFT = Elements(
    pot_s=28_800, pdot_s=1_800, pbt_s=27_000, apt_s=20_000, aust_s=1_200, adet_s=4_000,
    adot_s=1_500, unknown_s=300, blocked_s=400, starved_s=900, suspended_s=100,
    malfunction_s=2_000, minor_stop_s=500, idle_s=100, off_shift_s=57_600,
    judged_apt_s=19_000, judged_pri_pq_s=17_000, judged_pri_gq_s=16_500,
)  # fmt: skip


@pytest.mark.parametrize(
    ("category", "seconds"),
    [
        ("off_shift", 57_600), ("planned_down", 1_800), ("unknown", 300), ("no_order", 1_500),
        ("set_up", 1_200), ("malfunction", 2_000), ("minor_stop", 500), ("supply_caused", 650),
        ("starved", 300), ("blocked", 400), ("suspended", 50), ("idle", 100),
        ("speed_not_judged", 1_000), ("speed", 2_000), ("scrap", 500), ("start_up", 0),
    ],
)  # fmt: skip
def test_a_shift_has_these_losses(category: str, seconds: int) -> None:
    times = loss_times_of(SHIFT, SupplyCausedTime(600_000_000, 50_000_000))
    assert times.of(category) == seconds * 1_000_000


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ("calendar", 86_400), ("planned", 28_800), ("busy", 27_000), ("production", 20_000),
        ("net", 17_000), ("good", 16_500),
    ],
)  # fmt: skip
def test_each_step_is_an_element(step: str, seconds: int) -> None:
    assert loss_times_of(SHIFT).step_us(step) == seconds * 1_000_000


def test_supply_caused_time_never_exceeds_the_delay() -> None:
    """The stored intervals and the elements may differ while a bucket is computed."""
    times = loss_times_of(SHIFT, SupplyCausedTime(10**12, 10**12))
    assert times.of("starved") == times.of("suspended") == 0
    assert times.of("supply_caused") == 1_000_000_000


@pytest.mark.parametrize(
    ("good_s", "start_up_s", "expected_s"),
    [(16_500, 0, (0, 500)), (16_500, 200, (200, 300)), (16_500, 500, (500, 0)),
     # More good items than counted ones, or scrap that a correction took away elsewhere.
     (17_100, 0, (0, -100)), (17_100, 200, (200, -300)), (16_500, 501, (501, -1))],
)  # fmt: skip
def test_scrap_of_start_ups_is_a_loss_of_its_own(
    good_s: int, start_up_s: int, expected_s: tuple[int, int]
) -> None:
    times = loss_times_of(replace(SHIFT, judged_pri_gq_s=good_s, start_up_pri_sq_s=start_up_s))
    assert (times.of("start_up"), times.of("scrap")) == tuple(s * 1_000_000 for s in expected_s)
    assert times.step_us("net") == 17_000_000_000


def test_without_supply_no_delay_is_caused_by_it() -> None:
    for times in (loss_times_of(SHIFT), loss_times_of(SHIFT, SupplyCausedTime())):
        assert times.of("supply_caused") == times.of("start_up") == 0
        assert times.of("starved") == 900_000_000
        assert times.of("suspended") == 100_000_000


def test_times_of_two_machines_add_up_by_category() -> None:
    total = LossTimes({"idle": 5, "speed": -2}, 7) + LossTimes({"idle": 1, "scrap": 3}, 4)
    assert total == LossTimes({"idle": 6, "speed": -2, "scrap": 3}, 11)
    assert (total.loss_us, total.not_judged_us, total.judged_us) == (7, 0, 18)
    unknown = LossTimes({"unknown": 2, "speed_not_judged": 3, "off_shift": 9}, 1)
    assert (unknown.loss_us, unknown.not_judged_us, unknown.judged_us) == (0, 5, 1)


def test_faster_than_the_ideal_cycle_is_a_negative_loss() -> None:
    fast = replace(SHIFT, judged_pri_pq_s=21_000, judged_pri_gq_s=21_000)
    assert loss_times_of(fast).of("speed") == -2_000_000_000


def test_nothing_is_nothing() -> None:
    assert loss_times_of(Elements()) == LossTimes()
    assert LossTimes.sum([]) == LossTimes()
    assert LossTimes().step_us("calendar") == 0


SECONDS = st.floats(0, 1e6, allow_nan=False)


@st.composite
def any_elements(draw: st.DrawFn) -> Elements:
    names = [field.name for field in fields(Elements) if field.name.endswith("_s")]
    return Elements(**{name: draw(SECONDS) for name in names})


US = st.integers(0, 10**12)


@given(st.lists(any_elements(), max_size=4), US, US)
def test_parts_add_up_to_the_whole_exactly(
    machines: list[Elements], starved_us: int, suspended_us: int
) -> None:
    supply = SupplyCausedTime(starved_us, suspended_us)
    parts = [loss_times_of(machine, supply) for machine in machines]
    total = LossTimes.sum(parts)
    for step in STEPS:
        assert total.step_us(step) == sum(part.step_us(step) for part in parts)
    kinds = sum(total.kind_us(kind) for kind in LossKind)
    assert total.step_us("calendar") == kinds + total.good_us
    assert total.step_us("busy") == total.good_us + total.loss_us + total.not_judged_us
    assert total.judged_us == total.step_us("busy") - total.not_judged_us
    for before, after in pairwise(STEPS):
        lost = sum(total.of(name) for name, c in CATEGORIES.items() if c.step == before)
        assert total.step_us(before) - lost == total.step_us(after)
    added = LossTimes()
    for part in parts:
        added += part
    assert added.good_us == total.good_us
    assert all(added.of(name) == total.of(name) for name in CATEGORIES)


S = MachineState


@pytest.mark.parametrize(
    ("time_category", "state", "is_minor", "expected"),
    [
        ("apt", S.PRODUCING, False, None), ("aust", S.SETUP, False, "set_up"),
        ("adot", S.IDLE, False, "no_order"), ("adot", S.MALFUNCTION, True, "no_order"),
        ("pdot", S.MAINTENANCE, False, "planned_down"), ("off_shift", S.PRODUCING, False,
        "off_shift"), ("unknown", S.UNKNOWN, False, "unknown"),
        ("adet", S.MALFUNCTION, True, "minor_stop"), ("adet", S.MALFUNCTION, False, "malfunction"),
        ("adet", S.REPAIR, True, "malfunction"), ("adet", S.REPAIR, False, "malfunction"),
        ("adet", S.BLOCKED, False, "blocked"), ("adet", S.STARVED, True, "starved"),
        ("adet", S.SUSPENDED, False, "suspended"), ("adet", S.IDLE, False, "idle"),
        ("adet", S.OFF, False, "idle"),
    ],
)  # fmt: skip
def test_an_interval_has_one_category(
    time_category: str, state: MachineState, *, is_minor: bool, expected: str | None
) -> None:
    assert category_of(time_category, int(state), is_minor=is_minor) == expected


def test_a_malfunction_is_no_minor_stop_by_default() -> None:
    assert category_of("adet", int(S.MALFUNCTION)) == "malfunction"


def test_every_category_leads_to_a_later_step() -> None:
    assert {c.step for c in CATEGORIES.values()} == set(STEPS[:-1])
    assert {"set_up", "malfunction", "minor_stop", "supply_caused", "no_order"} <= STOPS
    assert not {"unknown", "speed", "scrap", "off_shift"} & STOPS
