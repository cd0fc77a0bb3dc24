"""Two notations, one rule: with a table the number is an offset, without one it is classic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.modbus.address import TABLES, ModbusAddress, Table, parse_address


@pytest.mark.parametrize(
    ("address", "table", "bit", "place"),
    [
        (100, "holding", None, ModbusAddress("holding", 100)),
        (40001, "holding", None, ModbusAddress("holding", 40001)),  # a table makes it an offset
        ("holding/100", None, None, ModbusAddress("holding", 100)),
        ("holding/100", "holding", None, ModbusAddress("holding", 100)),
        ("input/0.15", None, None, ModbusAddress("input", 0, 15)),
        ("0", "coil", None, ModbusAddress("coil", 0)),
        (40001, None, None, ModbusAddress("holding", 0)),
        (400001, None, None, ModbusAddress("holding", 0)),
        ("49999", None, None, ModbusAddress("holding", 9998)),
        (465536, None, None, ModbusAddress("holding", 65535)),
        (30005, None, None, ModbusAddress("input", 4)),
        (10001, None, None, ModbusAddress("discrete", 0)),
        ("00001", None, None, ModbusAddress("coil", 0)),
        ("000065", None, None, ModbusAddress("coil", 64)),
        ("40010.3", None, None, ModbusAddress("holding", 9, 3)),
        (40010, None, 3, ModbusAddress("holding", 9, 3)),
    ],
)
def test_what_is_read(
    address: int | str, table: Table | None, bit: int | None, place: ModbusAddress
) -> None:
    assert parse_address(address, table, bit) == place


@pytest.mark.parametrize(
    ("address", "table", "bit", "remedy"),
    [
        (100, None, None, "add `table`"),
        (1, None, None, "in quotes: '00001'"),  # YAML has eaten the zeros of 00001
        (20001, None, None, "the first 0, 1, 3 or 4"),
        (40000, None, None, "counts from 1"),
        (465537, None, None, "end at 65535"),
        (65536, "holding", None, "end at 65535"),
        ("holding/x", None, None, "such as 100 with"),
        (-1, "holding", None, "such as 100 with"),
        ("", None, None, "such as 100 with"),
        ("٤٠٠٠١", None, None, "such as 100 with"),
        ("register/3", None, None, "none of coil, discrete, input, holding"),
        ("coil/3", "holding", None, "another"),
        ("holding/3.1", None, 2, "another"),
        ("holding/3.16", None, None, "0 to 15"),
        ("coil/3.1", None, None, "of a register"),
    ],
)
def test_what_is_not(address: int | str, table: Table | None, bit: int | None, remedy: str) -> None:
    with pytest.raises(ValueError, match="address") as error:
        parse_address(address, table, bit)
    assert remedy in str(error.value)


@given(st.sampled_from(TABLES), st.integers(0, 65_535), st.none() | st.integers(0, 15))
def test_a_place_reads_as_it_is_written(table: Table, offset: int, bit: int | None) -> None:
    place = ModbusAddress(table, offset, bit if table in {"input", "holding"} else None)
    assert parse_address(str(place)) == place


@given(st.text(max_size=20))
def test_any_text_is_a_place_or_an_error(text: str) -> None:
    try:
        parse_address(text)
    except ValueError:
        return
