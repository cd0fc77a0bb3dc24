"""Orders: cells of buckets, operations in sequence, and KPIs 2, 3 and 18 as the standard says."""

from typing import Final

import numpy as np
import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.elements import Elements
from werknetz.kpi.orders.cells import OrderCells
from werknetz.kpi.orders.elements import OrderElements
from werknetz.kpi.orders.routing import MachineRun, operations_in_sequence, order_elements_of

T0: Final = 1_900_000 * BUCKET_US
MINUTE: Final = 60_000_000
HOUR_S: Final = 3600.0


def cells(*starts: tuple[float, int]) -> OrderCells:
    """Return the cells of intervals, given by the minute of their start and their order."""
    at = np.array([T0 + int(minute * MINUTE) for minute, _ in starts], np.int64)
    return OrderCells.of(at, np.array([order for _, order in starts], np.int64), T0)


def test_a_bucket_of_one_order_is_not_cut() -> None:
    divided = cells((0, 1), (7, 1), (15, 2), (30, 0), (45, 2))
    assert divided.whole == ((0, 1), (1, 2), (3, 2))
    assert not divided.is_cut
    assert len(divided) == 0
    assert not divided.ends_in_cut_bucket(np.array([T0, T0 + MINUTE])).any()


def test_no_interval_gives_no_cell() -> None:
    divided = OrderCells.of(np.zeros(0, np.int64), np.zeros(0, np.int64), T0)
    assert (divided.whole, divided.is_cut) == ((), False)


def test_cut_buckets_have_a_cell_for_each_run() -> None:
    divided = cells((0, 1), (15, 1), (20, 0), (25, 1), (30, 3), (45, 3), (50, 2))
    assert divided.whole == ((0, 1), (2, 3))
    minutes = [(at - T0) / MINUTE for at in divided.edges.tolist()]
    assert minutes == [0, 15, 20, 25, 30, 45, 50, 60]
    assert divided.bucket.tolist() == [-1, 1, 1, 1, -1, 3, 3]
    assert divided.order.tolist() == [0, 1, 0, 1, 0, 3, 2]


def test_a_count_at_an_edge_belongs_to_the_bucket_that_ends() -> None:
    divided = cells((0, 1), (15, 1), (20, 2), (30, 2), (45, 2))
    instants = [0, 14, 15, 16, 20, 30, 31, 60]
    at = np.array([T0 + minute * MINUTE for minute in instants], np.int64)
    expected = [False, False, False, True, True, True, False, False]
    assert divided.ends_in_cut_bucket(at).tolist() == expected
    first = cells((0, 1), (5, 2), (15, 2))  # what lies at the start of the range has no other
    assert first.ends_in_cut_bucket(at).tolist() == [True, True, True] + [False] * 5


def run(id_: int, start: int, end: int, *operations: str) -> MachineRun:
    return MachineRun(id_, start * MINUTE, end * MINUTE, operations)


@pytest.mark.parametrize(
    ("runs", "names"),
    [
        ((), []),
        ((run(1, 0, 9),), [""]),
        ((run(1, 5, 9, "0020"), run(2, 7, 9, "0010")), ["0010", "0020"]),  # by number
        ((run(1, 5, 9, "20"), run(2, 1, 9, "100")), ["20", "100"]),
        ((run(1, 5, 9, "mill"), run(2, 1, 9, "turn")), ["turn", "mill"]),  # by start
        ((run(1, 5, 9, "mill"), run(2, 5, 9, "bend")), ["bend", "mill"]),
        ((run(1, 5, 9, "10"), run(2, 1, 9)), ["", "10"]),  # one is not named
        ((run(1, 5, 9, "20", "10"), run(2, 1, 9, "20")), ["10", "20"]),
    ],
)
def test_operations_are_in_sequence(runs: tuple[MachineRun, ...], names: list[str]) -> None:
    assert operations_in_sequence(runs) == names


def output_of(
    good: float, scrap: float, busy_s: float = HOUR_S, unknown_s: float = 0.0
) -> Elements:
    """Return the elements of an order at a machine."""
    known_s = busy_s + unknown_s
    return Elements(
        pbt_s=known_s, apt_s=busy_s, unknown_s=unknown_s, aoet_s=known_s, aoet_unknown_s=unknown_s,
        pq=good + scrap, gq=good, sq=scrap, pq_known_s=known_s, gq_known_s=known_s,
        sq_known_s=known_s, quality_known_s=known_s,
    )  # fmt: skip


# (name, runs, elements by machine, span in minutes, allocation ratio, throughput rate, fall-off)
# The formulas are those of ISO 22400-2, numbers 2, 3 and 18; the numbers are worked by hand.
CASES = [
    (
        "one machine, busy all the time",
        [run(1, 0, 60)], {1: output_of(90, 10)}, (0, 60), 1.0, 100 / HOUR_S, 0.1,
    ),
    (
        "two machines in parallel: more than 1",
        [run(1, 0, 60, "10"), run(2, 0, 60, "10")],
        {1: output_of(90, 10), 2: output_of(45, 5)}, (0, 60),
        2.0, 150 / HOUR_S, 15 / 150,
    ),
    (
        "two operations with an hour in between",
        [run(1, 0, 60, "10"), run(2, 120, 180, "20")], {1: output_of(95, 5), 2: output_of(90, 5)},
        (0, 180), 2 / 3, 95 / (3 * HOUR_S), 10 / 100,
    ),
    (
        "three operations: all scrap, first and last quantity",
        [run(3, 90, 120, "30"), run(1, 0, 60, "10"), run(2, 30, 90, "20")],
        {1: output_of(190, 10), 2: output_of(171, 19), 3: output_of(171, 0, HOUR_S / 2)}, (0, 120),
        2.5 / 2, 171 / (2 * HOUR_S), 29 / 200,
    ),
    (
        "half of the time, the state is unknown",
        [run(1, 0, 120)], {1: output_of(80, 20, HOUR_S, HOUR_S)}, (0, 120), 1.0,
        100 / (2 * HOUR_S), 0.2,
    ),
    (
        "a span that begins within the order",
        [run(1, 0, 120)], {1: output_of(40, 10)}, (60, 200), 1.0, 50 / HOUR_S, 0.2,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_orders_have_the_values_of_the_formulas(case: tuple[object, ...]) -> None:
    _, runs, machines, span, allocation, throughput, fall_off = case
    start, end = span  # type: ignore[misc] # of the table above
    elements = order_elements_of(runs, machines, (start * MINUTE, end * MINUTE))  # type: ignore[arg-type] # as above
    for name, expected in (
        ("allocation_ratio", allocation), ("throughput_rate", throughput),
        ("fall_off_ratio", fall_off),
    ):  # fmt: skip
        assert CATALOGUE[name].compute(elements)[0] == pytest.approx(expected), name


def test_unknown_time_is_a_loss_in_the_strict_value() -> None:
    elements = order_elements_of(
        [run(1, 0, 120)], {1: output_of(1, 0, HOUR_S, HOUR_S)}, (0, 120 * MINUTE)
    )
    assert CATALOGUE["allocation_ratio"].compute_strict(elements) == 0.5
    assert elements.find_reported("last_pq") == 1


def test_what_did_not_run_has_nothing() -> None:
    assert order_elements_of([], {}, (0, 60 * MINUTE)) == OrderElements()
    assert not run(1, 0, 60).is_running


def test_a_machine_without_elements_has_no_unknown_time() -> None:
    elements = order_elements_of([run(1, 0, 60)], {}, (0, 60 * MINUTE))
    assert (elements.aoet_s, elements.aoet_unknown_s) == (HOUR_S, 0)


def test_unknown_time_is_a_share_of_the_execution_time_of_any_length() -> None:
    short = Elements(aoet_s=0.5, aoet_unknown_s=0.25)
    elements = order_elements_of([run(1, 0, 60)], {1: short}, (0, 60 * MINUTE))
    assert elements.aoet_unknown_s == HOUR_S / 2


def test_a_span_without_the_order_has_no_execution_time() -> None:
    assert order_elements_of([run(1, 0, 60)], {}, (60 * MINUTE, 90 * MINUTE)).aoet_s == 0
    assert order_elements_of([run(1, 60, 90)], {}, (0, 30 * MINUTE)).aoet_s == 0


def test_quantity_and_its_known_time_are_apart() -> None:
    runs = [run(1, 0, 60, "10"), run(2, 60, 120, "20")]
    machines = {1: output_of(5, 1, 60.0), 2: output_of(3, 1, 30.0)}
    elements = order_elements_of(runs, machines, (0, 120 * MINUTE))
    assert (elements.first_pq, elements.first_known_s) == (6, 60)
    assert (elements.last_pq, elements.last_known_s) == (4, 30)


@pytest.mark.parametrize(
    ("name", "number"), [("allocation_ratio", 2), ("throughput_rate", 3), ("fall_off_ratio", 18)]
)
def test_numbers_of_the_standard(name: str, number: int) -> None:
    assert CATALOGUE[name].number == number


def test_short_times_are_times() -> None:
    elements = OrderElements(
        pbt_s=0.5, apt_s=0.5, aoet_s=0.5, last_pq=2, last_known_s=0.5,
        first_pq=4, first_known_s=0.5, sq=1, sq_known_s=0.5,
    )  # fmt: skip
    assert CATALOGUE["throughput_rate"].compute(elements)[0] == 4
    assert CATALOGUE["fall_off_ratio"].compute(elements)[0] == 0.25


@pytest.mark.parametrize(
    ("elements", "name", "value"),
    [
        (OrderElements(), "last_pq", None),
        (OrderElements(last_known_s=1), "last_pq", 0),
        (OrderElements(last_pq=2), "last_pq", 2),  # of no time, but something
        (OrderElements(last_known_s=1, last_pq=2), "last_pq", 2),
        (OrderElements(), "last_known_s", 0),
        (OrderElements(apt_s=7), "apt_s", 7),
        (OrderElements(gq=3, gq_known_s=1), "gq", 3),
    ],
)
def test_what_is_reported(elements: OrderElements, name: str, value: float | None) -> None:
    assert elements.find_reported(name) == value


BUSY = OrderElements(pbt_s=HOUR_S, apt_s=HOUR_S, aoet_s=HOUR_S)
FULL = OrderElements(
    pbt_s=HOUR_S, apt_s=HOUR_S, aoet_s=HOUR_S, sq=1, sq_known_s=1, first_pq=9, first_known_s=1,
    last_pq=8, last_known_s=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "elements", "reason"),
    [
        ("allocation_ratio", OrderElements(), "the order has not run"),
        ("throughput_rate", OrderElements(), "the order has not run"),
        ("fall_off_ratio", OrderElements(), "the order has not run"),
        ("throughput_rate", BUSY, "nobody reports the produced quantity"),
        ("fall_off_ratio", BUSY, "nobody reports scrap, nor both produced and good quantity"),
        (
            "fall_off_ratio",
            OrderElements(aoet_s=1, sq_known_s=1),
            "nobody reports the produced quantity",
        ),
        (
            "fall_off_ratio",
            OrderElements(aoet_s=1, sq_known_s=1, first_known_s=1),
            "nothing was produced",
        ),
        (
            "allocation_ratio",
            OrderElements(pbt_s=1, unknown_s=1, aoet_s=1, aoet_unknown_s=1),
            "no good data",
        ),
    ],
)
def test_an_unknown_value_has_a_reason(name: str, elements: OrderElements, reason: str) -> None:
    assert CATALOGUE[name].compute(elements) == (None, reason)


def test_a_machine_of_two_operations_is_no_output_of_one() -> None:
    runs = [run(1, 0, 60, "10", "20"), run(2, 0, 60, "10")]
    elements = order_elements_of(runs, {1: output_of(5, 0), 2: output_of(5, 0)}, (0, 60 * MINUTE))
    assert (elements.first_shared, elements.last_shared) == (1, 1)
    for name, which in (("throughput_rate", "last"), ("fall_off_ratio", "first")):
        value, reason = CATALOGUE[name].compute(elements)
        assert value is None
        assert f"of the {which} operation" in str(reason)


def test_throughput_needs_no_state() -> None:
    """Counts are known even where no state is."""
    unknown = OrderElements(pbt_s=60, unknown_s=60, aoet_s=60, last_pq=6, last_known_s=60)
    assert CATALOGUE["throughput_rate"].compute(unknown)[0] == 0.1
    assert FULL.find_reported("first_pq") == 9
    assert BUSY.find_reported("first_pq") is None
    assert BUSY.find_reported("gq") is None
