"""Five minutes of a bucket: the parts add up, and follow states and counters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import CATEGORIES, BucketRange, compute_buckets
from werknetz.kpi.timeline.thirds import PART_US, BucketFacts, StoredPiece, divide

MINUTE = 60_000_000


def piece(start: float, end: float, state: S, category: str, **options: bool) -> StoredPiece:
    return StoredPiece(int(start * MINUTE), int(end * MINUTE), int(state), category, **options)


PIECES = (
    piece(0, 4, S.PRODUCING, "apt"), piece(4, 7, S.MALFUNCTION, "adet"),
    piece(7, 10, S.UNKNOWN, "unknown"), piece(10, 12, S.IDLE, "adot", has_order=False),
    piece(12, 15, S.PRODUCING, "off_shift"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("apt_s", 240, [240, 0, 0]),
        ("adet_s", 180, [60, 120, 0]),
        ("malfunction_s", 180, [60, 120, 0]),
        ("minor_stop_s", 0, [0, 0, 0]),
        ("ttr_s", 180, [60, 120, 0]),
        ("unknown_s", 180, [0, 180, 0]),
        ("adot_s", 120, [0, 0, 120]),
        ("off_shift_s", 180, [0, 0, 180]),
        ("unplanned_busy_s", 180, [0, 0, 180]),
        ("pbt_s", 720, [300, 300, 120]),
        ("pot_s", 720, [300, 300, 120]),
        ("judged_s", 540, [300, 120, 120]),
        ("aoet_s", 780, [300, 300, 180]),
        ("fe", 1, [1, 0, 0]),
        ("plan_known_s", 900, [300, 300, 300]),
        ("pq_known_s", 900, [300, 300, 300]),
        # by what counters counted
        ("pq", 8, [2, 0, 6]),
        ("gq", 7, [1.75, 0, 5.25]),
        ("sq", 1, [1 / 3, 0, 2 / 3]),
        ("pri_pq_s", 800, [200, 0, 600]),
        ("energy_kwh", 4, [1, 2, 1]),
        # without rework counter: where the machine produced
        ("rq", 3, [3, 0, 0]),
        # of an element without a rule: the time that has passed
        ("samples", 9, [3, 3, 3]),
    ],
)
def test_what_a_part_gets(name: str, value: float, expected: list[float]) -> None:
    counted = {
        Role.TOTAL_COUNT: (2.0, 0.0, 6.0), Role.GOOD_COUNT: (1.0, 0.0, 3.0),
        Role.SCRAP_COUNT: (1.0, 0.0, 2.0), Role.ENERGY: (5.0, 10.0, 5.0),
    }  # fmt: skip
    facts = BucketFacts(0, BUCKET_US, PIECES, counted, (100.0, 100.0, 100.0))
    assert [part[name] for part in divide({name: value}, facts)] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("until", "expected"), [(0, [4, 4, 4]), (3, [12, 0, 0]), (5, [12, 0, 0]), (10, [6, 6, 0])]
)
def test_time_that_has_not_passed_gets_nothing(until: int, expected: list[float]) -> None:
    parts = divide({"energy_known_s": 12}, BucketFacts(0, until * MINUTE))
    assert [part["energy_known_s"] for part in parts] == pytest.approx(expected)


def test_a_fault_that_goes_on_does_not_begin() -> None:
    pieces = (piece(0, 2, S.MALFUNCTION, "adet", begins=False), piece(11, 12, S.REPAIR, "adet"))
    parts = divide({"fe": 1.0}, BucketFacts(0, BUCKET_US, pieces))
    assert [part["fe"] for part in parts] == [0, 0, 1]


@pytest.mark.parametrize(
    ("counted", "pq", "gq", "sq"),
    [
        ({Role.GOOD_COUNT: (1.0, 2.0, 3.0), Role.SCRAP_COUNT: (1.0, 0.0, 1.0)},
         [2, 2, 4], [1, 2, 3], [1, 0, 1]),
        ({Role.TOTAL_COUNT: (4.0, 2.0, 2.0), Role.SCRAP_COUNT: (1.0, 0.0, 1.0)},
         [4, 2, 2], [3, 2, 1], [1, 0, 1]),
        ({Role.TOTAL_COUNT: (4.0, 2.0, 2.0), Role.GOOD_COUNT: (3.0, 3.0, 1.0)},
         [4, 2, 2], [3, 3, 1], [1, 0, 1]),
    ],
)  # fmt: skip
def test_two_counters_give_the_third_quantity(
    counted: dict[Role, tuple[float, float, float]],
    pq: list[float],
    gq: list[float],
    sq: list[float],
) -> None:
    values = {"pq": float(sum(pq)), "gq": float(sum(gq)), "sq": float(sum(sq))}
    parts = divide(values, BucketFacts(0, BUCKET_US, (), counted))
    for name, expected in (("pq", pq), ("gq", gq), ("sq", sq)):
        assert [part[name] for part in parts] == pytest.approx(expected)


STATES = st.lists(
    st.tuples(st.integers(0, 899), st.sampled_from([S.UNKNOWN, S.PRODUCING, S.SETUP, S.IDLE,
                                                   S.BLOCKED, S.STARVED, S.MALFUNCTION])),
    max_size=12, unique_by=lambda pair: pair[0],
)  # fmt: skip
COUNTS = st.lists(st.integers(1, 900), min_size=1, max_size=12, unique=True)


@given(STATES, COUNTS)
def test_the_parts_are_those_of_a_computation_by_five_minutes(
    states: list[tuple[int, S]], counts: list[int]
) -> None:
    """Times and counts of each part, from the samples themselves; and all parts add up."""
    changes, counted = sorted(states), sorted(counts)
    state = Series.of([s * 1_000_000 for s, _ in changes], [float(v) for _, v in changes])
    counter = Series.of([0, *(s * 1_000_000 for s in counted)], list(range(len(counted) + 1)))
    samples = MachineSamples(state=state, counts=(CountSeries(1, Role.TOTAL_COUNT, counter),))
    span = BucketRange(0, 1, BUCKET_US)
    computed = compute_buckets(samples, PlannedTime.always(), Carry(), span)
    whole: Elements = computed.elements_of(0)
    pieces = [
        StoredPiece(int(a), int(b), int(s), CATEGORIES[c])
        for a, b, s, c in zip(
            computed.intervals.start, computed.intervals.end, computed.intervals.state,
            computed.intervals.category, strict=True,
        )
    ]  # fmt: skip
    edges = [n * PART_US for n in range(4)]
    increments = np.diff(np.searchsorted(counter.at, edges, side="right")).astype(float).tolist()
    facts = BucketFacts(0, BUCKET_US, pieces, {Role.TOTAL_COUNT: tuple(increments)})
    parts = divide({name: getattr(whole, name) for name in ELEMENT_NAMES}, facts)
    for name in ELEMENT_NAMES:
        assert sum(part[name] for part in parts) == pytest.approx(getattr(whole, name), abs=1e-9)
    at = np.arange(900) * 1_000_000 + 500_000  # the middle of each second
    step = np.searchsorted(state.at, at, side="right") - 1
    produces = np.where(step >= 0, np.append(state.value, 0)[step] == S.PRODUCING, False)
    for n, part in enumerate(parts):
        assert part["apt_s"] == pytest.approx(produces[n * 300 : (n + 1) * 300].sum(), abs=1e-6)
        assert part["pbt_s"] == pytest.approx(300)
        assert part["pq"] == pytest.approx(increments[n], abs=1e-9)
