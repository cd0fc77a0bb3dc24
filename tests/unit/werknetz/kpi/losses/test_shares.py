"""Scrap by order and reason adds up to the scrap, whatever people entered."""

from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.losses.shares import ScrapShare, divide_scrap

ORDERS = st.sampled_from(["A", "B", "C"])
AMOUNTS = st.integers(0, 10_000_000)
SHARES = st.builds(ScrapShare, st.sampled_from(["crack", "dent"]), AMOUNTS, st.none() | ORDERS)


@given(AMOUNTS, st.dictionaries(ORDERS, AMOUNTS), st.lists(SHARES, max_size=6))
def test_the_parts_are_the_total(
    total: int, by_order: dict[str, int], shares: list[ScrapShare]
) -> None:
    parts = divide_scrap("scrap", total, by_order, shares)
    assert sum(part.us for part in parts) == total
    assert len({(part.order_number, part.code) for part in parts}) == len(parts)
    for order, us in by_order.items():
        of_order = [part.us for part in parts if part.order_number == order]
        assert sum(of_order) == us
        assert all(part >= 0 for part in of_order)


def test_what_nobody_gave_a_reason_has_none() -> None:
    shares = [ScrapShare("crack", 30, "A"), ScrapShare("dent", 90, "A"), ScrapShare("dent", 5)]
    parts = divide_scrap("scrap", 200, {"A": 100, "B": 60}, shares)
    assert {(part.order_number, part.code): part.us for part in parts} == {
        ("A", "crack"): 30, ("A", "dent"): 70, ("B", None): 60, (None, "dent"): 5,
        (None, None): 35,
    }  # fmt: skip
    assert {part.stops for part in parts} == {0}
    assert divide_scrap("scrap", 0, {}, []) == []
