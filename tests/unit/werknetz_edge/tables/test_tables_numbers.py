"""Numbers with commas, points, thousands and SAP's trailing minus; columns equal single cells."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.tables.numbers import NumberFormat


@pytest.mark.parametrize(
    ("decimal", "thousands", "cell", "number"),
    [
        ("point", "", "12.5", 12.5),
        ("point", "", "12,5", None),
        ("point", ",", "1,234.5", 1234.5),
        ("point", ",", "1,23.5", None),
        ("comma", "", "12,5", 12.5),
        ("comma", "", "1.234,5", None),
        ("comma", ".", "1.234.567,89", 1234567.89),
        ("comma", ".", "1.234", 1234.0),
        ("comma", ".", "12.34", None),
        ("comma", " ", "1\u00a0234,5", 1234.5),
        ("point", "'", "1\u2019234.50", 1234.5),
        ("comma", ".", "1.234,50-", -1234.5),
        ("point", "", " 7 ", 7.0),
        ("point", "", "0815", None),
        ("point", "", "0", 0.0),
        ("point", "", "1e5", 100_000.0),
        ("point", "", "1e999", None),
        ("point", "", "9007199254740993", None),
        ("point", "", "nan", None),
        ("point", "", "1_000", None),
        ("point", "", "", None),
        ("point", "", "١٢", None),
        ("point", "", 4, 4.0),
        ("point", "", True, None),  # a Boolean stays one
        ("point", "", float("inf"), None),
        ("point", "", None, None),
    ],
)
def test_a_cell(decimal: str, thousands: str, cell: Any, number: float | None) -> None:
    assert NumberFormat(decimal, thousands).parse(cell) == number


CELLS = st.one_of(
    st.from_regex(r"-?\d{1,5}([.,]\d{0,3})?", fullmatch=True),
    st.text(max_size=6),
    st.none(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.booleans(),
)


@given(
    st.lists(CELLS, min_size=1, max_size=8),
    st.sampled_from([("point", ""), ("comma", ""), ("comma", "."), ("point", ","), ("comma", " ")]),
)
def test_a_column_is_parsed_like_its_cells(
    cells: list[Any], number_format: tuple[str, str]
) -> None:
    numbers = NumberFormat(*number_format)
    assert numbers.parse_column(cells) == [numbers.parse(cell) for cell in cells]
    plain = [cell for cell in cells if isinstance(cell, str) and numbers.parse(cell) is not None]
    assert numbers.parse_column(plain) == [numbers.parse(cell) for cell in plain]
