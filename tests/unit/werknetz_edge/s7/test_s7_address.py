"""The usual notation of S7, and errors that say what to write instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.polling.point import Bit, Coded, Number
from werknetz_edge.s7.address import DB, S7Address, parse_address
from werknetz_edge.s7.datatype import NAMES, S7Datatype, parse_datatype


@pytest.mark.parametrize(
    ("text", "place", "called"),
    [
        ("DB10.DBD4:REAL", (DB, 10, 4, 0, "REAL"), "DB10.DBD4:REAL"),
        ("%DB10.DBD4:REAL", (DB, 10, 4, 0, "REAL"), "DB10.DBD4:REAL"),
        ("DB1.DBX0.3", (DB, 1, 0, 3, "BOOL"), "DB1.DBX0.3"),
        ("DB1.DBX0.3:BOOL", (DB, 1, 0, 3, "BOOL"), "DB1.DBX0.3"),
        ("db1.dbw2", (DB, 1, 2, 0, "WORD"), "DB1.DBW2"),
        ("DB1.DBB7", (DB, 1, 7, 0, "BYTE"), "DB1.DBB7"),
        ("DB1.DBB8:LREAL", (DB, 1, 8, 0, "LREAL"), "DB1.DBB8:LREAL"),
        ("DB1.DBB8:DINT", (DB, 1, 8, 0, "DINT"), "DB1.DBD8:DINT"),
        ("DB1.DBB20:STRING[30]", (DB, 1, 20, 0, "STRING[30]"), "DB1.DBB20:STRING[30]"),
        ("DB1.DBB20:DT", (DB, 1, 20, 0, "DATE_AND_TIME"), "DB1.DBB20:DATE_AND_TIME"),
        ("DB1.DBD20:TOD", (DB, 1, 20, 0, "TIME_OF_DAY"), "DB1.DBD20:TIME_OF_DAY"),
        ("MW20:INT", (0x83, 0, 20, 0, "INT"), "MW20:INT"),
        ("M20.7", (0x83, 0, 20, 7, "BOOL"), "M20.7"),
        ("MB20", (0x83, 0, 20, 0, "BYTE"), "MB20"),
        ("I0.0", (0x81, 0, 0, 0, "BOOL"), "I0.0"),
        ("E0.0", (0x81, 0, 0, 0, "BOOL"), "I0.0"),  # German mnemonics
        ("EW64:INT", (0x81, 0, 64, 0, "INT"), "IW64:INT"),
        ("A4.1", (0x82, 0, 4, 1, "BOOL"), "Q4.1"),
        ("QD8", (0x82, 0, 8, 0, "DWORD"), "QD8"),
    ],
)
def test_what_is_read(text: str, place: tuple[int, int, int, int, str], called: str) -> None:
    address = parse_address(text)
    parsed = (address.area, address.block, address.byte, address.bit, str(address.datatype))
    assert parsed == place
    assert str(address) == called
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "of the form DB10.DBD4:REAL"),
        ("T5", "timers, counters"),
        ("Motor.Speed", "symbolic names"),
        ("DB10,REAL4", "of the form"),
        ("DB0.DBW0", "1 to 65535"),
        ("DB65536.DBW0", "1 to 65535"),
        ("DB1.DBX0", "a bit needs one"),
        ("M20", "a bit needs one"),
        ("DB1.DBW0.1", "only a bit"),
        ("M20.8", "0 to 7"),
        ("DB1.DBD4:INT", "write W"),
        ("DB1.DBD4:LREAL", "write B"),
        ("DB1.DBW4:REAL", "write D"),
        ("DB1.DBX0.1:INT", "go together"),
        ("DB1.DBB0:BOOL", "go together"),
        ("DB1.DBB0:STRING", "STRING[n]"),
        ("DB1.DBB0:STRING[0]", "STRING[n]"),
        ("DB1.DBB0:STRING[255]", "1 to 254"),
        ("DB1.DBD0:REAL[3]", "use `count`"),
        ("DB1.DBD0:FLOAT", "take one of BOOL"),
        ("DB1.DBW65535", "beyond byte 65535"),
        ("DB1.DBW٣", "of the form"),
    ],
)
def test_what_is_not(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="address") as error:
        parse_address(text)
    assert remedy in str(error.value)


def test_arrays_stand_as_a_plc_lays_them_out() -> None:
    assert [str(parse_address("DB1.DBX0.6").nth(n)) for n in range(4)] == [
        "DB1.DBX0.6", "DB1.DBX0.7", "DB1.DBX1.0", "DB1.DBX1.1",
    ]  # fmt: skip
    assert [parse_address("DB1.DBW10:INT").nth(n).byte for n in range(3)] == [10, 12, 14]
    assert [parse_address("DB1.DBB10").nth(n).byte for n in range(3)] == [10, 11, 12]
    # Each STRING of an array begins at an even byte: 5 bytes take 6.
    assert [parse_address("DB1.DBB10:STRING[3]").nth(n).byte for n in range(3)] == [10, 16, 22]


def test_cells() -> None:
    assert parse_address("M1.5").datatype.cell(5) == Bit(0, 5)
    assert parse_address("MW2:INT").datatype.cell(0) == Number("i2", (0, 1))
    assert isinstance(parse_address("DB1.DBB0:DTL").datatype.cell(0), Coded)


def _address(name: str, block: int, byte: int, bit: int) -> S7Address:
    datatype = parse_datatype(name, 7 if name.endswith("STRING") else None)
    return S7Address(DB, block, byte, bit if name == "BOOL" else 0, datatype)


@given(st.sampled_from(NAMES), st.integers(1, 65_535), st.integers(0, 60_000), st.integers(0, 7))
def test_an_address_reads_as_it_is_called(name: str, block: int, byte: int, bit: int) -> None:
    address = _address(name, block, byte, bit)
    assert parse_address(str(address)) == address


@given(st.text(max_size=30) | st.from_regex(r"%?DB[0-9]+\.DB[XBWD][0-9]+(:[A-Z]+)?"))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    try:
        parse_address(text)
    except ValueError:
        return


def test_sizes() -> None:
    sizes = {name: parse_datatype(name, None).size for name in NAMES if not name.endswith("STRING")}
    assert sizes["BOOL"] == 1
    assert sizes["DTL"] == 12
    assert sizes["DATE_AND_TIME"] == 8
    assert S7Datatype("STRING", 30).size == 32
    assert S7Datatype("WSTRING", 10).size == 24
