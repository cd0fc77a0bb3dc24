"""From bytes to columns: every datatype, every order of bytes, whatever the bytes are."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.polling.grouping import PointLocation
from werknetz_edge.polling.layout import EXACT, ImageLayout
from werknetz_edge.polling.point import Bit, Cell, Coded, Kind, Number, Point

SIZES: dict[Kind, int] = {
    "u1": 1, "i1": 1, "u2": 2, "i2": 2, "u4": 4, "i4": 4, "u8": 8, "i8": 8, "f4": 4, "f8": 8,
}  # fmt: skip
CODES = dict(zip(SIZES, "BbHhIiQqfd", strict=True))


def _layout(*cells: tuple[Cell, int]) -> ImageLayout:
    points = [Point(str(n), (0, 0), 0, 1, cell, 1.0) for n, (cell, _) in enumerate(cells)]
    places = [PointLocation(offset, n, n) for n, (_, offset) in enumerate(cells)]
    return ImageLayout(range(len(cells)), points, places)


@given(st.sampled_from(sorted(SIZES)), st.data())
def test_a_number_reads_as_it_was_written(kind: Kind, data: st.DataObject) -> None:
    size = SIZES[kind]
    raw = data.draw(st.binary(min_size=size, max_size=size))
    order = data.draw(st.permutations(range(size)))
    stored = bytearray(3 + size)
    for significance, position in enumerate(order):
        stored[3 + position] = raw[significance]
    expected = struct.unpack(f">{CODES[kind]}", raw)[0]
    numbers = _layout((Number(kind, tuple(order)), 3)).read_numbers(stored)
    if math.isnan(expected):
        assert math.isnan(numbers.value[0])
    else:
        assert numbers.value[0] == float(expected)
    if isinstance(expected, int) and abs(expected) > EXACT:
        assert numbers.large == {0: expected}
    elif not isinstance(expected, int):
        assert not numbers.large


def test_integers_that_are_equal_as_floats_have_different_keys() -> None:
    layout = _layout((Number("i8", tuple(range(8))), 0), (Number("u8", tuple(range(8))), 0))
    first, second = (layout.read_numbers(struct.pack(">q", value)) for value in (2**60, 2**60 + 1))
    assert first.value.tolist() == second.value.tolist()
    assert (first.key != second.key).all()
    assert second.large == {0: 2**60 + 1, 1: 2**60 + 1}


def test_a_nan_equals_itself_in_its_key() -> None:
    layout = _layout((Number("f4", (0, 1, 2, 3)), 0))
    raw = struct.pack(">f", math.nan)
    assert layout.read_numbers(raw).key.tolist() == layout.read_numbers(raw).key.tolist()


@given(st.integers(0, 255), st.integers(0, 7))
def test_bits(byte: int, shift: int) -> None:
    assert _layout((Bit(1, shift), 0)).read_numbers(bytes([0, byte])).value[0] == byte >> shift & 1


def test_texts_are_separate_from_numbers_and_rows_keep_their_numbers() -> None:
    layout = _layout(
        (Coded(2, bytes.hex), 0),
        (Number("u2", (0, 1)), 2),
        (Coded(1, bytes.hex), 4),
        (Bit(0, 0), 5),
    )
    assert layout.rows.tolist() == [1, 3]
    assert [(coded.row, coded.location.offset) for coded in layout.coded] == [(0, 0), (2, 4)]
    assert layout.read_numbers(bytes([0, 0, 1, 2, 0, 1])).value.tolist() == [258.0, 1.0]
