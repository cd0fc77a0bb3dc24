"""Starved time and its cause: every minute once, nothing guessed."""

from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.stock.supply_caused import (
    NO_LINE_MATERIAL,
    STOCK_UNKNOWN,
    STOCK_WAS_THERE,
    PlaceStockOut,
    StarvedSpan,
    attribute_losses,
    merge_spans,
    subtract_spans,
)

A, B = (1, 10), (1, 11)
SINCE = {A: 0, B: 0}


def starved_span(start: int, end: int, *places: tuple[int, int], machine: int = 1) -> StarvedSpan:
    return StarvedSpan(machine, 100, start, end, places)


def test_one_missing_material_is_the_cause_of_the_time_it_was_missing() -> None:
    attribution = attribute_losses(
        [starved_span(10, 50, A, B)], [PlaceStockOut(7, A, 20, 60)], SINCE, {}
    )
    (loss,) = attribution.losses
    assert ([out.id for out in loss.stock_outs], loss.spans) == ([7], {1: [(20, 50)]})
    assert attribution.unattributed == {STOCK_WAS_THERE: 10}


def test_several_at_once_are_named_together_and_not_split() -> None:
    outs = [PlaceStockOut(7, A, 0, 30), PlaceStockOut(8, B, 20, 60)]
    attribution = attribute_losses([starved_span(10, 50, A, B)], outs, SINCE, {})
    by_cause = {
        tuple(o.id for o in loss.stock_outs): loss.machine_us for loss in attribution.losses
    }
    assert by_cause == {(7,): 10, (7, 8): 10, (8,): 20}
    assert attribution.unattributed == {}


def test_unknown_stock_stays_unattributed() -> None:
    attribution = attribute_losses([starved_span(0, 10)], [], {}, {})
    assert attribution.unattributed == {NO_LINE_MATERIAL: 10}
    attribution = attribute_losses([starved_span(0, 10, A)], [], {}, {})
    assert attribution.unattributed == {STOCK_UNKNOWN: 10}  # never counted
    attribution = attribute_losses(
        [starved_span(0, 40, A)], [PlaceStockOut(7, A, 0, 40)], SINCE, {A: [(10, 20)]}
    )
    assert attribution.unattributed == {STOCK_UNKNOWN: 10}  # a message may be lost there
    assert attribution.losses[0].machine_us == 30


def test_two_machines_of_a_line_are_one_loss() -> None:
    both = [starved_span(0, 20, A), starved_span(10, 30, A, machine=2)]
    (loss,) = attribute_losses(both, [PlaceStockOut(7, A, 0, 40)], SINCE, {}).losses
    assert (loss.machine_us, loss.line_us) == (40, 30)


spans = st.tuples(st.integers(0, 90), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(spans, max_size=6), st.lists(spans, max_size=4), st.lists(spans, max_size=2))
def test_every_starved_minute_counts_once(
    starving: list[tuple[int, int]], outs: list[tuple[int, int]], lost: list[tuple[int, int]]
) -> None:
    machines = [starved_span(a, b, A, B, machine=n) for n, (a, b) in enumerate(starving)]
    apart: list[PlaceStockOut] = []
    for number, (start, end) in enumerate(sorted(outs)):
        if not apart or start >= apart[-1].end_us:
            apart.append(PlaceStockOut(number, A, start, end))
    attribution = attribute_losses(machines, apart, SINCE, {B: lost})
    attributed = sum(loss.machine_us for loss in attribution.losses)
    assert attributed + sum(attribution.unattributed.values()) == sum(b - a for a, b in starving)


@given(st.lists(spans, max_size=6), st.lists(spans, max_size=6))
def test_what_is_taken_away_is_gone_and_nothing_else(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    def minutes(attribution: list[tuple[int, int]]) -> set[int]:
        return {minute for start, end in attribution for minute in range(start, end)}

    left = subtract_spans(some, others)
    assert minutes(left) == minutes(some) - minutes(others)
    assert left == merge_spans(left)
