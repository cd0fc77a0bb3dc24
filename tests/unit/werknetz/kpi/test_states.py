"""The time model on examples that fit on a page, and its identities on what hypothesis finds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.shift import Shift
from werknetz.domain.state import MachineState as S
from werknetz.domain.status import BAD, BAD_STALE
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import CATEGORIES, BucketRange, ComputedBuckets, compute_buckets

SECOND = 1_000_000
MINUTE = 60 * SECOND
T0 = 1_900_000 * BUCKET_US
LATER = T0 + 10_000 * BUCKET_US
ALWAYS = PlannedTime.always()
START = Carry()


def states(*entries: tuple[float, S]) -> Series:
    """Build from (minute, state)."""
    return Series.of(
        [T0 + int(minute * MINUTE) for minute, _ in entries],
        [float(state) for _, state in entries],
        text=[str(int(state)) for _, state in entries],
    )


def texts(*entries: tuple[float, str]) -> Series:
    return Series.of(
        [T0 + int(minute * MINUTE) for minute, _ in entries],
        [None] * len(entries),
        text=[text for _, text in entries],
    )


def numbers(*entries: tuple[float, float | None]) -> Series:
    return Series.of([T0 + int(m * MINUTE) for m, _ in entries], [v for _, v in entries])


def compute_elements(
    samples: MachineSamples, *, buckets: int = 1, plan: PlannedTime = ALWAYS, now_us: int = LATER
) -> ComputedBuckets:
    return compute_buckets(samples, plan, START, BucketRange(T0, buckets, now_us))


def compute_bucket(
    samples: MachineSamples, *, plan: PlannedTime = ALWAYS, now_us: int = LATER
) -> Elements:
    return compute_elements(samples, plan=plan, now_us=now_us).elements_of(0)


def test_every_state_has_its_category() -> None:
    entries = [(float(n), state) for n, state in enumerate(S)]
    e = compute_bucket(MachineSamples(state=states(*entries)))
    assert (e.pot_s, e.pdot_s, e.pbt_s) == (900, 60, 840)
    assert (e.apt_s, e.aust_s, e.unknown_s, e.adot_s) == (60, 60, 60, 0)
    assert (e.blocked_s, e.starved_s, e.suspended_s, e.minor_stop_s) == (60, 60, 60, 60)
    assert (e.idle_s, e.malfunction_s) == (60 + 300, 60)
    assert (e.cmt_s, e.pmt_s) == (60, 60)
    assert e.adet_s == e.blocked_s + e.starved_s + e.suspended_s + 60 + e.idle_s + e.malfunction_s
    assert (e.minor_stops, e.fe) == (1, 0)


def test_without_an_order_the_machine_is_down_but_repair_stays_repair() -> None:
    samples = MachineSamples(
        state=states((0, S.PRODUCING), (10, S.REPAIR)), order=texts((5, "A"), (8, ""))
    )
    e = compute_bucket(samples)
    assert (e.adot_s, e.apt_s, e.cmt_s, e.aoet_s, e.fe) == (720, 180, 300, 180, 0)


def test_breaks_and_the_end_of_the_shift_cut_the_same_state() -> None:
    plan = PlannedTime.of([
        Shift("a", None, T0, T0 + 10 * MINUTE, ((T0 + 2 * MINUTE, T0 + 5 * MINUTE),))  # type: ignore[arg-type] # the day does not matter
    ])  # fmt: skip
    result = compute_elements(MachineSamples(state=states((0, S.PRODUCING))), plan=plan)
    e = result.elements_of(0)
    assert (e.pot_s, e.pdot_s, e.apt_s, e.off_shift_s, e.unplanned_busy_s) == (
        600, 180, 420, 300, 480,
    )  # fmt: skip
    names = [CATEGORIES[c] for c in result.intervals.category]
    assert names == ["apt", "pdot", "apt", "off_shift"]


def test_a_fault_of_two_minutes_is_a_failure_and_a_shorter_one_a_minor_stop() -> None:
    e = compute_bucket(MachineSamples(state=states(
        (0, S.PRODUCING), (1, S.MALFUNCTION), (2.99, S.PRODUCING),
        (5, S.MALFUNCTION), (6, S.REPAIR), (7, S.PRODUCING),
    )))  # fmt: skip
    assert (e.fe, e.minor_stops) == (1, 1)
    assert e.minor_stop_s == pytest.approx(1.99 * 60)
    assert (e.ttr_s, e.malfunction_s, e.cmt_s) == (120, 120, 60)


def test_a_fault_over_the_bucket_is_judged_whole_and_counted_where_it_begins() -> None:
    result = compute_elements(
        MachineSamples(
            state=states((0, S.PRODUCING), (14.5, S.MALFUNCTION), (31, S.PRODUCING)),
        ),
        buckets=3,
    )
    assert result.columns["fe"].tolist() == [1, 0, 0]
    assert result.columns["ttr_s"].tolist() == [30, 900, 60]
    assert result.columns["minor_stop_s"].tolist() == [0, 0, 0]


def test_a_fault_that_still_lasts_is_minor_until_two_minutes_have_passed() -> None:
    samples = MachineSamples(state=states((0, S.PRODUCING), (14.5, S.MALFUNCTION)))
    assert compute_bucket(samples, now_us=T0 + 15 * MINUTE + SECOND).minor_stops == 1
    assert compute_bucket(samples, now_us=T0 + 17 * MINUTE).fe == 1


def test_what_is_bad_or_no_state_is_unknown() -> None:
    series = Series.of(
        [T0, T0 + MINUTE, T0 + 2 * MINUTE, T0 + 3 * MINUTE, T0 + 4 * MINUTE],
        [1, 1, 99, None, 1],
        [0, BAD_STALE - 2**32, 0, 0, BAD],
    )
    e = compute_bucket(MachineSamples(state=series))
    assert (e.apt_s, e.unknown_s, e.coverage) == (60, 840, 1 - 840 / 900)
    assert (e.samples, e.good_samples) == (5, 3)


def test_time_that_has_not_passed_is_not_counted() -> None:
    e = compute_bucket(MachineSamples(state=states((0, S.PRODUCING))), now_us=T0 + 100 * SECOND)
    assert (e.apt_s, e.pot_s) == (100, 100)


def count(series: Series, role: Role = Role.TOTAL_COUNT, **options: Any) -> CountSeries:
    return CountSeries(7, role, series, **options)


@pytest.mark.parametrize(
    ("options", "produced"),
    [
        ({"reset": "to_zero"}, 5 + 3 + 2),
        ({"reset": "rollover", "modulus": 100.0}, 5 + 8 + 2),
        ({"reset": "none"}, 5 + 0 + 2),
        ({"kind": "increment"}, 90 + 95 + 3 + 5),
    ],
)
def test_a_counter_that_falls(options: dict[str, Any], produced: float) -> None:
    series = numbers((0, 90), (1, 95), (2, 3), (3, 5), (4, None))
    assert compute_bucket(MachineSamples(counts=(count(series, **options),))).pq == produced


def test_planned_time_is_summed_item_by_item() -> None:
    samples = MachineSamples(
        run_time=numbers((0, 10.0), (2, 20.0)),
        counts=(
            count(numbers((0, 0), (1, 3), (2, 4)), Role.GOOD_COUNT),
            replace(count(numbers((0, 0), (3, 2)), Role.SCRAP_COUNT), signal_id=8),
            replace(count(numbers((0, 0), (3, 1)), Role.REWORK_COUNT), signal_id=9),
        ),
    )
    e = compute_bucket(samples)
    assert (e.pq, e.gq, e.sq, e.rq) == (6, 4, 2, 1)
    assert e.pri_pq_s == 3 * 10 + 1 * 20 + 2 * 20


def test_good_is_the_total_without_scrap_if_it_is_not_counted() -> None:
    samples = MachineSamples(
        counts=(
            count(numbers((0, 0), (3, 9))),
            replace(count(numbers((0, 0), (3, 2)), Role.SCRAP_COUNT), signal_id=8),
        )
    )
    assert (compute_bucket(samples).pq, compute_bucket(samples).gq) == (9, 7)


def test_orders_have_start_and_end() -> None:
    samples = MachineSamples(
        order=texts((1, "A"), (5, "B"), (6, ""), (20, "C")), run_time=numbers((0, 2.5))
    )
    runs = compute_elements(samples, buckets=2).orders
    assert [(r.number, (r.start_us - T0) // MINUTE) for r in runs] == [
        ("A", 1), ("B", 5), ("C", 20),
    ]  # fmt: skip
    assert [r.end_us and (r.end_us - T0) // MINUTE for r in runs] == [5, 6, None]
    assert runs[0].run_time_s == 2.5


AT = st.integers(0, 4 * BUCKET_US // SECOND - 1).map(lambda s: T0 + s * SECOND)


@st.composite
def machines(draw: st.DrawFn) -> MachineSamples:
    def series(value: st.SearchStrategy[float], text: st.SearchStrategy[str]) -> Series:
        at = sorted(draw(st.lists(AT, max_size=12)))
        size = {"min_size": len(at), "max_size": len(at)}
        return Series.of(
            at,
            draw(st.lists(value, **size)),  # type: ignore[arg-type] # sizes
            draw(st.lists(st.sampled_from([0, 0, 0, BAD - 2**32]), **size)),  # type: ignore[arg-type] # sizes
            draw(st.lists(text, **size)),  # type: ignore[arg-type] # sizes
        )

    code = st.sampled_from(["x", "y"])
    reported = draw(st.sets(st.sampled_from([1, 2, 3, 4])))
    bounds = sorted(draw(st.lists(AT, max_size=4, unique=True)))
    return MachineSamples(
        state=series(st.sampled_from([1, 1, 4, 9, 2, 5, 8, 0]).map(float), code),
        order=series(st.just(0.0), st.sampled_from(["", "A", "B"])),
        run_time=series(st.sampled_from([1.0, 2.0, 0.0]), code),
        unknown=tuple(zip(bounds[::2], bounds[1::2], strict=False)),
        counts=tuple(count for count in (
            CountSeries(1, Role.GOOD_COUNT, series(st.integers(0, 9).map(float), code), "to_zero"),
            CountSeries(
                2, Role.SCRAP_COUNT, series(st.integers(0, 9).map(float), code), "rollover", 10.0
            ),
            CountSeries(
                3,
                Role.REWORK_COUNT,
                series(st.integers(80, 99).map(float), code),
                "to_zero",
                interpolate=draw(st.booleans()),
                max_speed=100.0,
            ),
            CountSeries(
                4, Role.TOTAL_COUNT, series(st.integers(0, 9).map(float), code), "to_zero",
                interpolate=draw(st.booleans()),
            ),
        ) if count.signal_id in reported),
    )  # fmt: skip


@st.composite
def plans(draw: st.DrawFn) -> PlannedTime:
    if draw(st.booleans()):
        return ALWAYS
    a, b, c, d = sorted(draw(st.lists(AT, min_size=4, max_size=4, unique=True)))
    return PlannedTime.of([Shift("s", None, a, d, ((b, c),))])  # type: ignore[arg-type] # the day does not matter


@settings(deadline=None, max_examples=60)
@given(machines(), plans())
def test_every_second_is_in_exactly_one_category(
    samples: MachineSamples, plan: PlannedTime
) -> None:
    result = compute_elements(samples, buckets=4, plan=plan)
    for n in range(4):
        e = result.elements_of(n)
        assert e.calendar_s == pytest.approx(900)
        assert e.pot_s == pytest.approx(e.pdot_s + e.pbt_s)
        busy = e.apt_s + e.aust_s + e.adet_s + e.adot_s + e.unknown_s
        assert e.pbt_s == pytest.approx(busy)
        parts = e.blocked_s + e.starved_s + e.suspended_s + e.malfunction_s
        assert e.adet_s == pytest.approx(parts + e.minor_stop_s + e.idle_s)
        check_known_times(e)
    lasted = result.intervals.end - result.intervals.start
    assert lasted.sum() == 4 * BUCKET_US
    assert (lasted > 0).all()
    for number, name in enumerate(CATEGORIES):
        column = f"{name}_s" if f"{name}_s" in ELEMENT_NAMES else ""
        in_pieces = lasted[result.intervals.category == number].sum() / 1e6
        assert in_pieces == pytest.approx(result.columns[column].sum())


def check_known_times(e: Elements) -> None:
    """Each known time is part of another, and what is known adds up."""
    for part, whole in (
        (e.judged_s, e.quantity_known_s), (e.quantity_known_s, e.pbt_s),
        (e.quantity_known_s, e.quantity_known_pot_s), (e.quantity_known_pot_s, e.pot_s),
        (e.quantity_known_pot_s, e.quantity_known_calendar_s), (e.gq_known_s, e.calendar_s),
        (e.quantity_known_calendar_s, e.gq_known_s), (e.judged_apt_s, e.apt_s),
        (e.judged_aust_s, e.aust_s), (e.judged_apt_s + e.judged_aust_s, e.judged_s),
        (e.judged_s, e.pbt_s - e.unknown_s), (e.pace_apt_s, e.apt_s), (e.pace_known_s, e.pbt_s),
        (e.quality_known_s, e.pbt_s), (e.quality_pri_known_s, e.quality_known_s),
        (e.rework_known_s, e.pbt_s), (e.aoet_unknown_s, min(e.aoet_s, e.unknown_s)),
        (e.plan_known_s, e.calendar_s), (e.pq_known_s, e.calendar_s), (e.sq_known_s, e.calendar_s),
    ):  # fmt: skip
        assert part <= whole + 1e-6


def part(series: Series, start_us: int, end_us: int) -> Series:
    return series.select((series.at >= start_us) & (series.at < end_us))


def part_of_machine(samples: MachineSamples, span: BucketRange) -> MachineSamples:
    """Return the samples that a worker loads for a range."""
    assert samples.state is not None
    assert samples.order is not None
    assert samples.run_time is not None
    end_us = span.end_us + 2 * MINUTE  # as far as the states are loaded
    counts, next_us = [], end_us
    for count in samples.counts:
        loaded = part(count.series, span.start_us, end_us)
        later = part(count.series, end_us, LATER).select_usable()
        if count.interpolate and len(later):
            loaded = loaded.followed_by(later.select(np.arange(len(later)) == 0))
            next_us = max(next_us, int(later.at[0]) + 1)
        counts.append(replace(count, series=loaded))
    return MachineSamples(
        state=part(samples.state, span.start_us, end_us),
        order=part(samples.order, span.start_us, end_us),
        run_time=part(samples.run_time, span.start_us, next_us),
        unknown=samples.unknown,
        counts=tuple(counts),
    )


@settings(deadline=None, max_examples=60)
@given(machines(), plans(), st.integers(1, 3))
def test_how_a_range_is_split_changes_nothing(
    samples: MachineSamples, plan: PlannedTime, first: int
) -> None:
    whole = compute_elements(samples, buckets=4, plan=plan)
    before = BucketRange(T0, first, LATER)
    after = BucketRange(before.end_us, 4 - first, LATER)
    earlier = compute_buckets(part_of_machine(samples, before), plan, START, before)
    carry = Carry.from_document(earlier.carries[-1].to_document())
    later = compute_buckets(part_of_machine(samples, after), plan, carry, after)
    # A later correction reaches back.
    earlier = compute_buckets(
        part_of_machine(samples, before), plan, START, before, later.debts[0].corrections
    )
    for name in ELEMENT_NAMES:
        joined = np.concatenate([result.columns[name] for result in (earlier, later)])
        np.testing.assert_allclose(joined, whole.columns[name], err_msg=name, atol=1e-9)
    assert later.carries[-1].to_document() == whole.carries[-1].to_document()
    for debt, expected in zip([*earlier.debts, *later.debts], whole.debts, strict=True):
        assert debt.is_like(expected.to_document())
    assert (*earlier.set_aside, *later.set_aside) == whole.set_aside


def test_only_good_samples_count_as_good() -> None:
    status = [0x0000_0000, 0x3FFF_FFFF, 0x4000_0000, 0x4000_0001, 0x8000_0000 - 2**32]
    series = Series.of([T0 + n for n in range(len(status))], [1.0] * len(status), status)
    elements = compute_bucket(MachineSamples(state=series))
    assert (elements.good_samples, elements.samples) == (2, 5)


def test_samples_count_in_the_bucket_that_they_lie_in() -> None:
    at = [T0 - 1, T0, T0 + BUCKET_US - 1, T0 + BUCKET_US, T0 + 2 * BUCKET_US]
    computed = compute_elements(MachineSamples(run_time=Series.of(at, [1.0] * len(at))), buckets=2)
    assert [computed.elements_of(n).samples for n in (0, 1)] == [2, 1]
