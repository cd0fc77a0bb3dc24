"""Which scrap is of a start-up: at its edges, over buckets, and for any history."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbing.kpi_cases import MINUTE, T0, at, orders, states
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import Elements
from werknetz.kpi.losses.times import loss_times_of
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, ComputedBuckets, compute_buckets
from werknetz.kpi.stops.start_up import DEFAULT_START_UP, StartUpRules
from werknetz.kpi.stops.thresholds import StopThreshold
from werknetz.kpi.timeline.reports import ReportedQuantity, Reports

P, SETUP, OFF, UNKNOWN = S.PRODUCING, S.SETUP, S.OFF, S.UNKNOWN
US = 1 / MINUTE
BUCKETS = 8
PLAN = PlannedTime.always()


def increments(role: Role, minutes: list[float]) -> CountSeries:
    """Return a count of single items at these minutes, each a sample of its own."""
    number = list(Role).index(role) + 1
    series = Series.of([at(m) for m in sorted(minutes)], [1.0] * len(minutes))
    return CountSeries(number, role, series, kind="increment")


def machine(
    state: Series,
    scrap: list[float],
    good: list[float] | None = None,
    order: Series | None = None,
    rules: StartUpRules = DEFAULT_START_UP,
) -> MachineSamples:
    # The first good item is made at once, so that both are reported in every bucket.
    counts = (increments(Role.GOOD_COUNT, [0.0, *(good or [])]),
              increments(Role.SCRAP_COUNT, [0.0, *scrap]))  # fmt: skip
    run_time = Series.of([T0], [10.0])
    return MachineSamples(state, order, run_time, counts, start_up_rules=rules)


def compute(samples: MachineSamples, carry: Carry = Carry(), buckets: int = BUCKETS,  # noqa: B008 - frozen
            start_us: int = T0) -> ComputedBuckets:  # fmt: skip
    return compute_buckets(
        samples, PLAN, carry, BucketRange(start_us, buckets, T0 + BUCKETS * BUCKET_US)
    )


def total(computed: ComputedBuckets) -> Elements:
    return Elements.sum(computed.elements_of(n) for n in range(len(computed.carries)))


def rule(seconds: float = 900, items: float = 0, stop_s: float = 3600) -> StartUpRules:
    return StartUpRules.of("n/p", [StopThreshold("n/p", 0, None, seconds, items, stop_s)])


AFTER_SET_UP = states((0, P), (10, SETUP), (20, P))


@pytest.mark.parametrize(
    ("minute", "is_start_up"),
    [
        (9, False), (10, False), (10 + US, True), (15, True), (20, True), (20 + US, True),
        (34, True), (35 - US, True), (35, True), (35 + US, False), (50, False),
    ],
)  # fmt: skip
def test_scrap_of_a_set_up_and_of_15_minutes_after_it(minute: float, *, is_start_up: bool) -> None:
    e = total(compute(machine(AFTER_SET_UP, [minute])))
    assert e.sq == 2  # with the one that began the report
    assert (e.start_up_sq, e.start_up_pri_sq_s) == ((1, 10) if is_start_up else (0, 0))


@pytest.mark.parametrize(
    ("state", "order", "minute", "is_start_up"),
    [
        # A stop: by its length, whatever the machine did, without time of unknown state.
        (states((0, P), (1, S.IDLE), (61, P)), None, 62, True),
        (states((0, P), (1, S.IDLE), (61 - US, P)), None, 62, False),
        (states((0, P), (1, OFF), (31, S.MALFUNCTION), (61, P)), None, 62, True),
        (states((0, P), (1, OFF), (31, UNKNOWN), (61, P)), None, 62, False),
        (states((0, P), (1, OFF), (31, UNKNOWN), (51, OFF), (81, P)), None, 82, True),
        (states((0, P), (1, OFF), (51, P), (52, OFF), (62, P)), None, 63, False),
        # A set-up, also where the state is unknown afterwards, or the machine idles.
        (states((0, P), (1, SETUP), (2, UNKNOWN), (3, P)), None, 4, True),
        (states((0, P), (1, SETUP), (2, S.IDLE), (3, P)), None, 4, True),
        (states((0, SETUP), (2, P)), None, 4, True),
        # An order after another one; not the same again, and not the first one.
        (states((0, P)), orders((0, "A"), (30, "B")), 31, True),
        (states((0, P)), orders((0, "A"), (30, "B")), 30, False),
        (states((0, P), (30, S.IDLE), (40, P)), orders((0, "A"), (35, "B")), 41, True),
        (states((0, P), (30, S.IDLE), (40, P)), orders((0, "A"), (30, ""), (40, "A")), 41, False),
        (states((0, P), (30, S.IDLE), (40, P)), orders((0, "A"), (30, ""), (40, "B")), 41, True),
        (states((0, P)), orders((0, "A"), (30, ""), (40, "B")), 41, True),
        (states((0, P)), orders((0, "A"), (30, ""), (40, "A")), 41, False),
        (states((0, P)), orders((0, ""), (40, "A")), 41, False),
        (states((0, P), (30, S.IDLE), (50, P)), orders((0, "A"), (35, "B"), (40, "A")), 51, False),
        # Nothing is known of the time before.
        (states((0, P)), None, 1, False),
        (states((0, S.IDLE), (59, P)), None, 60, False),
        (states((0, S.IDLE), (60, P)), None, 61, True),
    ],
)  # fmt: skip
def test_what_begins_a_start_up(
    state: Series, order: Series | None, minute: float, *, is_start_up: bool
) -> None:
    e = total(compute(machine(state, [minute], order=order)))
    assert e.start_up_sq == is_start_up


@pytest.mark.parametrize(
    ("minute", "is_start_up"),
    [
        (29, True), (35, True), (36, False), (37, False), (37 + US, True), (52, True),
        (52 + US, False),
    ],
)  # fmt: skip
def test_a_machine_that_starts_up_again_has_a_new_start_up(
    minute: float, *, is_start_up: bool
) -> None:
    """From 20 to 25, from 30 to 35 after a set-up, and from 37 to 52 by another rule."""
    state = states((0, P), (10, SETUP), (20, P), (28, SETUP), (30, P), (36, S.IDLE), (37, P))
    thresholds = [
        StopThreshold("n/p", 0, None, 300, None, 60),
        StopThreshold("n/p", at(37), None, 900, None, 60),
    ]
    rules = StartUpRules.of("n/p", thresholds)
    assert total(compute(machine(state, [minute], rules=rules))).start_up_sq == is_start_up


def test_a_further_start_within_a_start_up_replaces_it() -> None:
    """The first would last until 35, the second until 45; the order changes at 30."""
    samples = machine(AFTER_SET_UP, [34, 44, 45, 46], order=orders((0, "A"), (30, "B")))
    computed = compute(samples)
    assert total(computed).start_up_sq == 3
    assert computed.carries[1].start_up.since_us == at(20)
    assert computed.carries[2].start_up.since_us is None  # it ended with the bucket


def test_each_order_has_its_own_scrap_of_start_ups() -> None:
    """Two orders within a bucket: B begins at 5, C at 10; A was the first."""
    order = orders((0, "A"), (5, "B"), (10, "C"))
    computed = compute(machine(states((0, P)), [3, 6, 8, 10, 12], order=order))
    of = {s.order_number: s.elements or {} for s in computed.order_shares if s.bucket == 0}
    assert {name: e.get("start_up_sq", 0) for name, e in of.items()} == {"A": 0, "B": 3, "C": 1}
    assert sum(e.get("start_up_pri_sq_s", 0) for e in of.values()) == 40
    assert computed.elements_of(0).start_up_sq == 4


@pytest.mark.parametrize(
    ("good", "scrap", "expected"),
    [
        ([21, 22, 23], [22.5], 1),
        ([21, 22, 23], [23], 1),  # with the sample that reports the third
        ([21, 22, 23], [23 + US], 0),
        ([15, 21, 22], [24], 1),  # what is made before does not count: two
        ([15, 20, 21, 22, 40], [24, 36], 1),  # time ends it, too
        ([], [34], 1),
    ],
)
def test_good_items_end_a_start_up(good: list[float], scrap: list[float], expected: float) -> None:
    e = total(compute(machine(AFTER_SET_UP, scrap, good, rules=rule(items=3))))
    assert e.start_up_sq == expected


def test_good_items_are_what_total_and_scrap_leave() -> None:
    """Total 5 and scrap 2: the third good one comes with the fifth part."""
    counts = (
        increments(Role.TOTAL_COUNT, [0, 21, 22, 23, 24, 25, 26]),
        increments(Role.SCRAP_COUNT, [0, 22, 24, 26]),
    )
    samples = MachineSamples(AFTER_SET_UP, None, Series.of([T0], [10.0]), counts,
                             start_up_rules=rule(items=3))  # fmt: skip
    assert total(compute(samples)).start_up_sq == 2


@pytest.mark.parametrize(
    ("minute", "is_start_up"),
    [(10, False), (10 + US, True), (35, True), (35 + US, False)],
)
def test_what_a_person_enters_counts_at_its_instant(minute: float, *, is_start_up: bool) -> None:
    samples = machine(AFTER_SET_UP, [])
    entered = ReportedQuantity(Role.SCRAP_COUNT, at(minute), at(minute), 1.0)
    e = total(compute(replace(samples, reports=Reports(entered=(entered,)))))
    assert e.sq == 2
    assert e.start_up_sq == is_start_up


def test_what_is_made_evenly_is_cut_at_the_bounds() -> None:
    """The MES reports 12 scrap parts from 0 to 60: one in 5 minutes; a start-up has 25."""
    samples = replace(machine(AFTER_SET_UP, []), counts=(increments(Role.GOOD_COUNT, [0.0]),))
    job = ReportedQuantity(Role.SCRAP_COUNT, at(0), at(60), 12.0)
    e = total(compute(replace(samples, reports=Reports(quantities=(job,)))))
    assert e.sq == pytest.approx(12)
    assert (e.start_up_sq, e.start_up_pri_sq_s) == (pytest.approx(5), pytest.approx(50))


def test_a_spread_counter_is_cut_at_the_bounds() -> None:
    points = Series.of([at(0), at(60)], [0.0, 12.0])
    spread = CountSeries(9, Role.SCRAP_COUNT, points, "to_zero", interpolate=True)
    samples = machine(AFTER_SET_UP, [])
    e = total(compute(replace(samples, counts=(samples.counts[0], spread))))
    assert e.start_up_sq == pytest.approx(5)


def test_no_time_is_no_start_up_but_trial_parts_stay() -> None:
    e = total(compute(machine(AFTER_SET_UP, [15, 20 + US], rules=rule(seconds=0))))
    assert e.start_up_sq == 1


def test_scrap_of_unknown_time_is_counted_but_not_judged() -> None:
    state = states((0, P), (10, SETUP), (20, P), (22, UNKNOWN), (24, P))
    e = total(compute(machine(state, [21, 23])))
    assert (e.start_up_sq, e.start_up_pri_sq_s) == (2, 10)


@pytest.mark.parametrize("minute", [30.0, 30 + US, 34.0, 35.0])
def test_a_start_up_goes_on_in_the_next_bucket(minute: float) -> None:
    """The set-up ends in the second bucket: without it, the third has another result."""
    samples = machine(AFTER_SET_UP, [minute], rules=rule(items=9))
    whole = compute(samples)
    carry = whole.carries[1]
    assert carry.start_up.since_us == at(20)
    second = compute(_from(samples, T0 + 2 * BUCKET_US), carry, 1, T0 + 2 * BUCKET_US)
    assert second.columns["start_up_sq"][0] == whole.columns["start_up_sq"][2] == (minute > 30)
    if minute > 30:
        late = replace(samples, state=states((0, P)))  # the set-up is withdrawn
        without = compute(late).carries[1]
        assert without.to_document() != carry.to_document()  # so the worker computes on
        again = compute(_from(late, T0 + 2 * BUCKET_US), without, 1, T0 + 2 * BUCKET_US)
        assert again.elements_of(0).start_up_sq == 0


def _from(samples: MachineSamples, start_us: int) -> MachineSamples:
    """Return what is loaded for a range: the samples from its start on."""

    def later(series: Series | None) -> Series | None:
        return None if series is None else series.select(series.at >= start_us)

    counts = tuple(
        replace(count, series=count.series.select(count.series.at > start_us))
        for count in samples.counts
    )
    return replace(
        samples, state=later(samples.state), order=later(samples.order),
        run_time=later(samples.run_time), counts=counts,
    )  # fmt: skip


KINDS = st.sampled_from([P, P, SETUP, S.IDLE, OFF, UNKNOWN, S.MALFUNCTION])
INSTANTS = st.integers(1, BUCKETS * 15 * 60 - 1)


@st.composite
def histories(draw: st.DrawFn) -> MachineSamples:
    """A machine of two hours; everything happens at whole seconds."""
    changes = sorted(draw(st.sets(INSTANTS, max_size=12)))
    state = states(*((s / 60, draw(KINDS)) for s in (0, *changes)))
    switches = sorted(draw(st.sets(INSTANTS, max_size=4)))
    order = orders(*((s / 60, draw(st.sampled_from(["A", "B", ""]))) for s in (0, *switches)))
    scrap = [s / 60 for s in draw(st.sets(INSTANTS, max_size=12))]
    good = [s / 60 for s in draw(st.sets(INSTANTS, max_size=12))]
    rules = rule(
        draw(st.sampled_from([0, 300, 900, 2000])), draw(st.sampled_from([0, 1, 3])),
        draw(st.sampled_from([60, 600, 3600])),
    )  # fmt: skip
    return machine(state, scrap, good, order, rules)


def _oracle(samples: MachineSamples) -> list[int]:
    """Return the scrap of start-ups in each bucket, second by second, from the raw samples."""
    limits = samples.start_up_rules.at(T0)
    assert samples.state is not None
    assert samples.order is not None
    good, scrap = ([int(t - T0) // 1_000_000 for t in c.series.at[1:]] for c in samples.counts)
    state_at = {int(t - T0) // 1_000_000: int(v)
                for t, v in zip(samples.state.at, samples.state.value, strict=True)}  # fmt: skip
    order_at = {int(t - T0) // 1_000_000: x
                for t, x in zip(samples.order.at, samples.order.text, strict=True)}  # fmt: skip
    result = [0] * BUCKETS
    state = order = last_order = None
    stood, was_set_up, ends, good_items = 0, False, -1, 0
    for second in range(BUCKETS * 900):
        # Parts of this second were finished at its start: in what ended there.
        in_start_up = state == SETUP or second <= ends
        if second in good and second <= ends:
            good_items += 1
            if limits.good_items and good_items >= limits.good_items:
                ends = second
        if second in scrap and in_start_up:
            result[(second - 1) // 900] += 1
        state, order = state_at.get(second, state), order_at.get(second, order)
        if state == P:
            changed = bool(order and last_order and order != last_order)
            if was_set_up or stood * 1_000_000 >= limits.after_stop_us or changed:
                ends, good_items = second + limits.duration_us // 1_000_000, 0
            stood, was_set_up, last_order = 0, False, order or last_order
        else:
            stood += state != UNKNOWN
            was_set_up = was_set_up or state == SETUP
    return result


@settings(max_examples=300)
@given(histories())
def test_any_history_has_what_a_walk_through_its_seconds_finds(samples: MachineSamples) -> None:
    computed = compute(samples)
    assert computed.columns["start_up_sq"].tolist() == _oracle(samples)
    e = total(computed)
    assert 0 <= e.start_up_sq <= e.sq
    times = loss_times_of(e)
    assert times.of("start_up") + times.of("scrap") == round(
        (e.judged_pri_pq_s - e.judged_pri_gq_s) * 1e6
    )
    shares = [s for s in computed.order_shares if s.elements]
    for bucket in {s.bucket for s in shares}:
        of_orders = sum(s.elements.get("start_up_sq", 0) for s in shares
                        if s.bucket == bucket and s.elements)  # fmt: skip
        assert of_orders <= computed.columns["start_up_sq"][bucket]


@given(histories(), st.sets(st.integers(1, BUCKETS - 1)))
def test_it_does_not_matter_how_a_range_is_split(samples: MachineSamples, cuts: set[int]) -> None:
    whole = compute(samples)
    carry = Carry()
    for first, end in pairwise([0, *sorted(cuts), BUCKETS]):
        start_us = T0 + first * BUCKET_US
        part_samples = samples if first == 0 else _from(samples, start_us)
        part = compute(part_samples, carry, end - first, start_us)
        for name in ("sq", "start_up_sq", "start_up_pri_sq_s", "judged_pri_pq_s"):
            assert part.columns[name].tolist() == whole.columns[name][first:end].tolist(), name
        carry = Carry.from_document(json.loads(json.dumps(part.carries[-1].to_document())))
        assert carry.start_up == whole.carries[end - 1].start_up
