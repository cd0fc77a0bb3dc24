"""What a counter counted between two samples: each row is a rule, or a case next to one."""

import math

import pytest

from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import QUANTITY_MAX, CounterStart, ValueBefore, increments_of
from werknetz.kpi.series import CountSeries, Series, Steps, run_time_steps_of

MINUTE = 60_000_000
HOUR = 60 * MINUTE
T0 = 1_790_000_000_000_000
ROLLOVER: dict[str, object] = {"reset": "rollover", "modulus": 65_536.0}


def counter(
    values: list[float], every_us: int = MINUTE, reset: str = "to_zero", **options: object
) -> CountSeries:
    at = [T0 + n * every_us for n in range(len(values))]
    return CountSeries(1, Role.GOOD_COUNT, Series.of(at, list(values)), reset, **options)  # type: ignore[arg-type]  # options of the test


def cycle(seconds: float) -> Steps:
    return run_time_steps_of(None, seconds)


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        # a small fall corrects downwards
        ([5000, 5001, 5000, 5001], {}, [0, 1, -1, 1]),
        ([1000, 1010, 1008, 1012], {}, [0, 10, -2, 4]),
        ([1000, 1010, 1008, 1006], {}, [0, 10, -2, -2]),
        ([1000, 1010, 1008, 1012], {"reset": "none"}, [0, 10, -2, 4]),
        ([1000, 1001, 1000, 1002], ROLLOVER, [0, 1, -1, 2]),
        ([10, 12, 11.5, 12.5], {}, [0, 2, -0.5, 1]),
        ([3, 2], {}, [0, -1]),
        ([100, 51], {}, [0, -49]),
        # a fall to a smaller value is a reset: the new value was counted
        ([100, 50], {}, [0, 50]),
        ([100, 0, 5], {}, [0, 0, 5]),
        ([100, 3, 5], {}, [0, 3, 2]),
        ([1, 0, 1], {}, [0, 0, 1]),
        ([100, 5, 3], {}, [0, 5, -2]),
        ([100, 40, 10], {}, [0, 40, 10]),
        ([5, 0, 7], {}, [0, 0, 7]),
        # near the modulus it rolled over
        ([65530, 65534, 2, 8], ROLLOVER, [0, 4, 4, 6]),
        ([65535, 0], ROLLOVER, [0, 1]),
        ([60000, 1000], ROLLOVER, [0, 6536]),
        ([4294967290, 4], {"reset": "rollover", "modulus": 2.0**32}, [0, 10]),
        ([32767, -32768, -32766], ROLLOVER, [0, 1, 2]),
        ([6, 1], {"reset": "rollover", "modulus": 8.0}, [0, 3]),
        ([95, 3], {"reset": "rollover", "modulus": 100.0}, [0, 8]),
        # it counted what is left of the modulus; not more than a whole one, nor half of it
        ([1005, 5], {"reset": "rollover", "modulus": 1000.0}, [0, 0]),
        ([1006, 5], {"reset": "rollover", "modulus": 1000.0}, [0, 5]),
        ([80, 30], {"reset": "rollover", "modulus": 100.0}, [0, 30]),
        ([81, 30], {"reset": "rollover", "modulus": 100.0}, [0, 49]),
        # far from the modulus it is a reset, also where it rolls over at other times
        ([40000, 3], ROLLOVER, [0, 3]),
        ([70000, 5], ROLLOVER, [0, 5]),
        ([10, 12, 3], {"reset": "rollover"}, [0, 2, 3]),
        ([65534, 2], {}, [0, 2]),
        # declared not to fall, or below zero: nothing is counted
        ([100, 3, 5], {"reset": "none"}, [0, 0, 2]),
        ([2, -1, 1], {}, [0, 0, 2]),
        ([-5, -7, -1], {}, [0, -2, 6]),
        ([0, -5], {}, [0, 0]),
        ([-0.25, -0.5], {}, [0, -0.25]),
        # increments count themselves; a negative one corrects
        ([10, 12, -2, 0], {"kind": "increment"}, [10, 12, -2, 0]),
        # a declared maximum
        ([1, 501, 502], {"max_increment": 500.0}, [0, 500, 1]),
        ([1, 502, 503], {"max_increment": 500.0}, [0, 0, 1]),
        ([1, 502, 3], {"max_increment": 500.0}, [0, 0, 2]),
        ([900, 450, 10], {"max_increment": 449.0}, [0, 0, 10]),
        ([5, 501], {"kind": "increment", "max_increment": 500.0}, [5, 0]),
        # near 2^53 each item still counts
        ([2.0**53 - 3, 2.0**53 - 2, 2.0**53 - 1], {}, [0, 1, 1]),
        ([-1e308, 1e308, 1e308], {}, [0, 0, 0]),
        ([10, math.nan, 12, math.inf, 13, -math.inf], {}, [0, 2, 1]),
        ([0.1, 0.3, 0.2], {}, [0, 0.2, -0.1]),
        ([], {}, []),
    ],
)  # fmt: skip
def test_increments_of_a_counter_with_an_unknown_speed(
    values: list[float], options: dict[str, object], expected: list[float]
) -> None:
    assert increments_of(counter(values, **options), None).quantity.tolist() == pytest.approx(  # type: ignore[arg-type]  # options of the test
        expected
    )


@pytest.mark.parametrize(
    ("values", "every_us", "options", "expected"),
    [
        # 60 s an item: at most 10 times as fast, and one item
        ([100, 111], MINUTE, {}, [0, 11]),
        ([100, 112], MINUTE, {}, [0, 0]),
        ([100, 102], MINUTE, {"max_speed": 1.0}, [0, 2]),
        ([100, 103], MINUTE, {"max_speed": 1.0}, [0, 0]),
        ([1000, 1001, 901001, 901002], MINUTE, {}, [0, 1, 0, 1]),
        ([1000, 1001, 901001, 1003], MINUTE, {}, [0, 1, 0, 2]),
        ([1000, 0, 1001, 1002], MINUTE, {}, [0, 0, 1, 1]),
        ([1000, 1, 1001, 1002], MINUTE, {}, [0, 1, 0, 1]),
        # it goes on from the value before a single wrong one: by as much as the machine makes
        ([1000, 901001, 1011], MINUTE, {}, [0, 0, 11]),
        ([1000, 901001, 1012], MINUTE, {}, [0, 0, 0]),
        ([10, 901001, 10.5], MINUTE, {}, [0, 0, 0.5]),
        ([10, 901001, 9.5], MINUTE, {}, [0, 0, 9.5]),  # below it: that is a reset
        ([1000, 0, 999], MINUTE, {}, [0, 0, -1]),
        ([1000, 1100, 2000], MINUTE, {}, [0, 0, 0]),
        # the start value counts only if it fits the time
        ([5000, 11], MINUTE, {}, [0, 11]),
        ([5000, 12], MINUTE, {}, [0, 0]),
        ([5000, 12, 10], MINUTE, {}, [0, 0, 0]),
        ([5000, 10, 8], MINUTE, {}, [0, 10, -2]),
        ([400, 50], 8 * HOUR, {}, [0, 50]),
        # after a long silence a counter may have come near its former value again
        ([400, 380], 8 * HOUR, {}, [0, 380]),
        ([400, 397], 8 * HOUR, {}, [0, -3]),
        ([400, 396], HOUR, {}, [0, -4]),
        ([400, 380], HOUR - 1, {}, [0, -20]),
        ([400, 380], HOUR, {}, [0, 380]),
        ([1001, 601], HOUR, {}, [0, 601]),  # as many as the machine makes in this time
        ([1003, 602], HOUR, {}, [0, -401]),  # one more
        ([1300, 1200], HOUR, {}, [0, -100]),
        ([400, 0, 400], 8 * HOUR, {}, [0, 0, 400]),
        # a counter may roll over as far as the machine can have counted
        ([60000, 60], 10 * HOUR, ROLLOVER, [0, 5596]),
        ([60000, 1200], MINUTE, ROLLOVER, [0, 0]),
        ([65_530, 5], MINUTE, ROLLOVER, [0, 11]),
        ([65_530, 6], MINUTE, ROLLOVER, [0, 6]),  # 12 are too many: it was reset
        ([5, 11], MINUTE, {"kind": "increment"}, [5, 11]),
        ([5, 12], MINUTE, {"kind": "increment"}, [5, 0]),
    ],
)
def test_increments_of_a_machine_that_needs_a_minute(
    values: list[float], every_us: int, options: dict[str, object], expected: list[float]
) -> None:
    count = counter(values, every_us, **options)  # type: ignore[arg-type]  # options of the test
    assert increments_of(count, None, cycle(60.0)).quantity.tolist() == expected


@pytest.mark.parametrize(
    ("values", "every_us", "expected"),
    [
        # of an unknown speed, a single wrong value is one that is gone within a minute
        ([5000, 0, 5001], MINUTE, [0, 0, 1]),
        ([5000, 0, 5050], MINUTE, [0, 0, 50]),
        ([5000, 0, 5051], MINUTE, [0, 0, 5051]),
        ([5000, 0, 5001], MINUTE + 1, [0, 0, 5001]),
        ([2, 0, 3], MINUTE, [0, 0, 3]),
        ([99, 0, 99], MINUTE, [0, 0, 99]),
        ([100, 0, 99], MINUTE, [0, 0, -1]),
    ],
)
def test_a_single_wrong_value(values: list[float], every_us: int, expected: list[float]) -> None:
    assert increments_of(counter(values, every_us), None).quantity.tolist() == expected


@pytest.mark.parametrize(
    ("values", "options", "cause", "quantity"),
    [
        ([100, 500], {}, "jump", 400),
        ([100, 40], {}, "start_value", 40),
        ([100, 3], {"reset": "none"}, "start_value", 3),
        ([100, -4], {}, "below_zero", 104),
        ([1e15, -1e308], {}, "not_finite", 1e308),
        ([5, 100], {"kind": "increment"}, "jump", 100),
    ],
)
def test_what_is_set_aside_is_listed(
    values: list[float], options: dict[str, object], cause: str, quantity: float
) -> None:
    count = counter(values, **options)  # type: ignore[arg-type]  # options of the test
    [aside] = increments_of(count, None, cycle(60.0)).set_aside
    assert (aside.cause, aside.quantity, aside.at_us) == (cause, quantity, T0 + MINUTE)
    assert aside.most == 11.0
    [aside] = increments_of(counter([1, 9], max_increment=7.0), None).set_aside
    assert aside.most == 7.0
    [aside] = increments_of(counter([9, 1], reset="none"), None).set_aside
    assert aside.most is None


@pytest.mark.parametrize(
    ("values", "options", "counted", "causes"),
    [
        ([0, QUANTITY_MAX], {}, QUANTITY_MAX, []),
        ([0, 2 * QUANTITY_MAX], {}, 0, ["not_finite"]),
        ([2 * QUANTITY_MAX, 0], {}, 0, ["not_finite", "not_finite"]),
        ([0, 1e300, 4], {}, 0, ["not_finite", "not_finite"]),
        ([0, QUANTITY_MAX], {"kind": "increment"}, QUANTITY_MAX, []),
        ([0, 2 * QUANTITY_MAX], {"kind": "increment"}, 0, ["jump"]),
        ([0, -2 * QUANTITY_MAX], {"kind": "increment"}, 0, ["jump"]),
    ],
)
def test_a_quantity_beyond_all_counts_is_set_aside_where_no_speed_is_known(
    values: list[float], options: dict[str, object], counted: float, causes: list[str]
) -> None:
    increments = increments_of(counter(values, **options), None)  # type: ignore[arg-type]  # options of the test
    assert increments.quantity.sum() == counted
    assert [aside.cause for aside in increments.set_aside] == causes


@pytest.mark.parametrize(
    ("first", "options", "cause"),
    [
        (-1.0, {}, "below_zero"),
        (-1e300, {}, "below_zero"),
        (0.0, {}, None),
        (5.0, {}, None),
        (QUANTITY_MAX, {}, None),
        (2 * QUANTITY_MAX, {}, "not_finite"),
        (-32768.0, ROLLOVER, None),  # 16 bits that are read as signed
        (-32769.0, ROLLOVER, "below_zero"),
        (-1.0, {"reset": "none"}, "below_zero"),
    ],
)
def test_a_first_value_that_is_no_count_is_listed_and_the_rest_counts(
    first: float, options: dict[str, object], cause: str | None
) -> None:
    count = counter([first, first + 8, first + 12], **options)  # type: ignore[arg-type]  # options of the test
    increments = increments_of(count, None)
    assert [(a.cause, a.at_us, a.is_first) for a in increments.set_aside] == (
        [] if cause is None else [(cause, T0, True)]
    )
    if abs(first) < QUANTITY_MAX:
        assert increments.quantity.tolist() == [0, 8, 4]
    later = increments_of(count, CounterStart(first))
    assert later.set_aside == (), "it is listed once"


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ([100, 11], {}),  # the start value was counted
        ([100, 0], {}),  # a reset to zero lost nothing
        ([100, 0], {"reset": "none"}),
        ([5000, 4999], {}),  # a correction
        ([65_530, 2], ROLLOVER),
        ([100, 111], {}),
    ],
)
def test_nothing_is_set_aside_where_all_is_counted(
    values: list[float], options: dict[str, object]
) -> None:
    count = counter(values, **options)  # type: ignore[arg-type]  # options of the test
    assert increments_of(count, None, cycle(60.0)).set_aside == ()


@pytest.mark.parametrize(("seconds", "value", "quantity"), [(0.5, 1201, 1201), (0.5, 1202, 0)])
def test_a_machine_of_several_items_a_second_has_a_limit(
    seconds: float, value: float, quantity: float
) -> None:
    count = counter([0, value])
    assert increments_of(count, None, cycle(seconds)).quantity.tolist() == [0, quantity]


def test_the_first_sample_of_a_range_may_undo_a_fall_before_it() -> None:
    """A single wrong value was the last sample of the range before."""
    start = CounterStart(5.0, T0 - MINUTE, ValueBefore(1000.0, T0 - 2 * MINUTE, 5.0))
    assert increments_of(counter([1003]), start).quantity.tolist() == [-2]
    sound = CounterStart(5.0, T0 - MINUTE)
    assert increments_of(counter([1003]), sound).quantity.tolist() == [998]


def test_the_faster_of_two_orders_counts() -> None:
    """The order may change with the sample, so either planned time may hold."""
    count = counter([0, 11])
    for before, after, quantity in ((60.0, 600.0, 11), (600.0, 60.0, 11), (600.0, 600.0, 0)):
        run_time = run_time_steps_of(Series.of([T0 + MINUTE], [after]), before)
        assert increments_of(count, None, run_time).quantity.tolist() == [0, quantity]
    for first, second, quantity in ((600.0, 60.0, 11), (60.0, 600.0, 0)):  # of the one just before
        three = run_time_steps_of(Series.of([T0 - 1, T0 + MINUTE], [second, 900.0]), first)
        assert increments_of(count, None, three).quantity.tolist() == [0, quantity]
    unknown = run_time_steps_of(Series.of([T0 + MINUTE], [60.0]), None)
    assert increments_of(counter([0, 12]), None, unknown).quantity.tolist() == [0, 0]


def test_a_range_starts_with_the_last_sample_before_it() -> None:
    count = counter([7, 10, 12])
    assert increments_of(count, CounterStart(7.0)).quantity.tolist() == [0, 3, 2]
    later = increments_of(count, CounterStart(7.0, T0))
    assert (later.at.tolist(), later.since.tolist()) == (
        [T0 + MINUTE, T0 + 2 * MINUTE],
        [T0, T0 + MINUTE],
    )
    assert later.quantity.tolist() == [3, 2]
    assert len(increments_of(counter([]), CounterStart(7.0, T0)).quantity) == 0


def test_a_value_in_doubt_is_judged_by_the_next_one_in_another_range() -> None:
    """However a range is split, the same is counted."""
    values = [1000.0, 1001, 901001, 1003, 0, 1004, 5, 3, 6, 500, 2, 65_000]
    whole = increments_of(counter(values), None, cycle(60.0))
    for cut in range(1, len(values)):
        first = increments_of(counter(values[:cut]), None, cycle(60.0))
        start = first.start_at(cut - 1, None)
        rest = increments_of(counter(values), start, cycle(60.0))
        joined = [*first.quantity.tolist(), *rest.quantity.tolist()]
        assert joined == whole.quantity.tolist(), cut
        assert (*first.set_aside, *rest.set_aside) == whole.set_aside
    doubt = increments_of(counter([1000.0, 901001]), None, cycle(60.0)).start_at(1, None)
    assert doubt == CounterStart(901001.0, T0 + MINUTE, ValueBefore(1000.0, T0, 0.0))
    assert whole.start_at(-1, doubt) is doubt


def test_the_time_before_the_first_sample_is_unknown() -> None:
    """So nothing that it counted can be too much for it, except by the declared maximum."""
    count = counter([5000.0, 10_000])
    steps = increments_of(count, CounterStart(10.0), cycle(60.0))
    assert steps.quantity.tolist() == [4990, 0]
    limited = counter([5000.0], max_increment=100.0)
    assert increments_of(limited, CounterStart(10.0), cycle(60.0)).quantity.tolist() == [0]
    [doubt] = increments_of(limited, CounterStart(10.0), cycle(60.0)).in_doubt.values()
    assert doubt == ValueBefore(10.0, None, 0.0)


def test_outside_its_spans_a_counter_counts_and_misses_nothing() -> None:
    count = counter([0, 1, 3, 900, 903, 904], max_increment=10.0)
    increments = increments_of(count, None)
    assert (increments.quantity.tolist(), len(increments.set_aside)) == ([0, 1, 2, 0, 3, 1], 1)
    jump_us = T0 + 3 * MINUTE
    for spans, quantity, jumps in (
        ([], [0, 1, 2, 0, 3, 1], 1),
        ([(T0, T0 + 2 * MINUTE)], [0, 1, 2, 0, 0, 0], 0),
        ([(jump_us, T0 + 9 * MINUTE)], [0, 0, 0, 0, 3, 1], 0),
        ([(jump_us - 1, jump_us)], [0, 0, 0, 0, 0, 0], 1),
        ([(T0, T0 + MINUTE), (jump_us, jump_us + MINUTE)], [0, 1, 0, 0, 3, 0], 0),
    ):
        selected = increments.select_in_force(spans)
        assert (selected.quantity.tolist(), len(selected.set_aside)) == (quantity, jumps)
