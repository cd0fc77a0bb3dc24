"""A count sets the balance, a movement is applied once, and the order of events is irrelevant."""

from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.stock.ledger import (
    NEGLIGIBLE,
    Balance,
    LedgerMovement,
    OpeningBalance,
    StockCount,
    compute_balances,
    find_below_zero,
)
from werknetz.kpi.stock.level import compute_levels, find_stock_outs, sum_days

HOUR = 3_600_000_000


def event(number: int) -> UUID:
    return UUID(int=number)


def test_a_count_reveals_a_difference_and_holds_from_then_on() -> None:
    counts = [StockCount(0, 100.0, event(1)), StockCount(4 * HOUR, 60.0, event(4))]
    moves = [LedgerMovement(HOUR, -30.0, event(2)), LedgerMovement(5 * HOUR, -10.0, event(5))]
    balances = compute_balances(counts, moves)
    assert [(b.kind, b.balance, b.difference) for b in balances] == [
        ("count", 100.0, None), ("move", 70.0, None), ("count", 60.0, -10.0), ("move", 50.0, None),
    ]  # fmt: skip


def test_what_moves_at_the_counts_instant_is_in_the_count() -> None:
    balances = compute_balances(
        [StockCount(0, 10.0, event(1))],
        [LedgerMovement(0, 5.0, event(2))],
        OpeningBalance(4.0, True),
    )
    assert [(b.balance, b.difference) for b in balances] == [(9.0, None), (10.0, 1.0)]


def test_rows_of_one_document_are_added_and_of_two_the_later_known_holds() -> None:
    counts = [
        StockCount(0, 4.0, event(1), "A", 1), StockCount(0, 6.0, event(2), "A", 1),
        StockCount(0, 11.0, event(3), "B", 2),
    ]  # fmt: skip
    assert [b.balance for b in compute_balances(counts, [])] == [10.0, 11.0]


def test_falling_below_zero_is_reported_once_until_it_rises() -> None:
    moves = [
        LedgerMovement(n * HOUR, q, event(n)) for n, q in enumerate((5.0, -7.0, -1.0, 9.0, -8.0), 1)
    ]
    fallen = find_below_zero(compute_balances([], moves))
    assert [entry.event_id for entry in fallen] == [event(2), event(5)]


def test_a_level_is_out_only_where_something_was_counted() -> None:
    moves = [
        LedgerMovement(HOUR, 5.0, event(2)),
        LedgerMovement(2 * HOUR, -5.0, event(3)),
        LedgerMovement(3 * HOUR, 4.0, event(4)),
    ]
    assert find_stock_outs(compute_levels({1: compute_balances([], moves)}, {})) == []
    level = compute_levels({1: compute_balances([StockCount(0, 0.0, event(1))], moves)}, {})
    outs = find_stock_outs(level)
    assert [(o.start_us, o.end_us) for o in outs] == [(0, HOUR), (2 * HOUR, 3 * HOUR)]
    assert outs[1].start_event == event(3)
    assert outs[1].end_event == event(4)


def test_moving_between_places_is_no_stock_out() -> None:
    count = compute_balances(
        [StockCount(0, 5.0, event(1))], [LedgerMovement(HOUR, -5.0, event(2), 0)]
    )
    other = compute_balances([], [LedgerMovement(HOUR, 5.0, event(2), 1)])
    assert find_stock_outs(compute_levels({1: count, 2: other}, {})) == []


def test_a_day_adds_up() -> None:
    level = compute_levels(
        {
            1: compute_balances(
                [StockCount(6 * HOUR, 10.0, event(1))], [LedgerMovement(12 * HOUR, -10.0, event(2))]
            )
        },
        {},
    )
    (day,) = sum_days(level, find_stock_outs(level), [(0, 24 * HOUR)], (0.0, False))
    assert (day.known_s, day.closing, day.outflow) == (18 * 3600, 0.0, 10.0)
    assert day.average == 10.0 * 6 / 18
    assert (day.stock_out_s, day.stock_outs) == (12 * 3600, 1)


entries = st.lists(
    st.tuples(st.integers(0, 20), st.integers(-50, 50), st.booleans()), min_size=1, max_size=30
)


@given(entries, st.randoms())
def test_the_order_of_telling_does_not_matter(
    entries: list[tuple[int, int, bool]], shuffle: Random
) -> None:
    counts = [
        StockCount(a, float(abs(q)), event(n), str(n)) for n, (a, q, c) in enumerate(entries) if c
    ]
    moves = [LedgerMovement(a, float(q), event(n)) for n, (a, q, c) in enumerate(entries) if not c]
    expected = compute_balances(counts, moves)
    shuffle.shuffle(counts)
    shuffle.shuffle(moves)
    assert compute_balances(counts, moves) == expected


@given(entries, st.integers(0, 20))
def test_going_on_from_a_checkpoint_is_the_same(
    entries: list[tuple[int, int, bool]], cut: int
) -> None:
    counts = [
        StockCount(a, float(abs(q)), event(n), str(n)) for n, (a, q, c) in enumerate(entries) if c
    ]
    moves = [LedgerMovement(a, float(q), event(n)) for n, (a, q, c) in enumerate(entries) if not c]
    whole = compute_balances(counts, moves)
    before = [entry for entry in whole if entry.at_us < cut]
    opening = OpeningBalance(
        before[-1].balance if before else 0.0, any(entry.kind == "count" for entry in before)
    )
    later = compute_balances(
        [c for c in counts if c.at_us >= cut], [m for m in moves if m.at_us >= cut], opening
    )
    assert before + later == whole


def test_the_document_that_was_known_last_holds_whatever_its_name_and_events() -> None:
    counts = [
        StockCount(0, 4.0, event(9), "A", 1), StockCount(0, 6.0, event(2), "A", 3),
        StockCount(0, 11.0, event(1), "B", 2),
    ]  # fmt: skip
    balances = compute_balances(counts, [])
    assert [(b.balance, b.event_id) for b in balances] == [(11.0, event(1)), (10.0, event(2))]


def test_a_count_without_the_instant_of_its_receipt_is_older_than_any() -> None:
    dated, undated = StockCount(0, 1.0, event(1), "B", 0), StockCount(0, 2.0, event(2), "A")
    assert [b.balance for b in compute_balances([dated, undated], [])] == [2.0, 1.0]
    dated, undated = StockCount(0, 1.0, event(1), "A", 0), StockCount(0, 2.0, event(2), "B")
    assert [b.balance for b in compute_balances([dated, undated], [])] == [1.0, 2.0]


def test_moves_of_one_event_are_in_order_of_their_legs() -> None:
    moves = [
        LedgerMovement(0, 5.0, event(1), 1), LedgerMovement(0, -2.0, event(1), 0),
        LedgerMovement(0, 7.0, event(0), 1),
    ]  # fmt: skip
    assert [b.balance for b in compute_balances([], moves)] == [7.0, 5.0, 10.0]


def test_a_negligible_balance_is_not_below_zero() -> None:
    def fallen(*quantities: float) -> list[float]:
        balances = [Balance(n, 0, "move", event(n), 0, q, 0.0) for n, q in enumerate(quantities)]
        return [entry.balance for entry in find_below_zero(balances)]

    assert fallen(1.0, -NEGLIGIBLE, -1.0) == [-1.0]
    assert fallen(-1.0, -NEGLIGIBLE, -2.0, -3.0) == [-1.0, -2.0]


def test_less_than_negligible_is_rounded_to_nothing() -> None:
    [exact] = compute_balances([], [LedgerMovement(0, NEGLIGIBLE, event(1))])
    [less] = compute_balances([], [LedgerMovement(0, NEGLIGIBLE / 2, event(1))])
    assert (exact.balance, less.balance) == (NEGLIGIBLE, 0.0)
