"""Texts and times of a PLC, written by python-snap7's own setters and by hand."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snap7.util import setters

from werknetz_edge.polling.point import Coded
from werknetz_edge.s7.config import S7Config
from werknetz_edge.s7.datatype import NAMES, parse_datatype

NINETIES = datetime(1990, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # a PLC says no zone


def _read(name: str, raw: bytes, length: int | None = None) -> object:
    cell = parse_datatype(name, length).cell(0)
    assert isinstance(cell, Coded)
    assert cell.size == len(raw)
    return cell.read(raw)


@given(st.text("abcÄÖÜß€ 019", max_size=20))
def test_strings(text: str) -> None:
    raw = bytearray(22)
    raw[0] = 20
    raw[1] = len(text)
    raw[2 : 2 + len(text)] = text.encode("cp1252")
    assert _read("STRING", bytes(raw), 20) == text


def test_a_string_that_snap7_writes() -> None:
    raw = bytearray(22)
    setters.set_string(raw, 0, "AUFTRAG 4711", 20)
    assert _read("STRING", bytes(raw), 20) == "AUFTRAG 4711"


@given(st.text(st.characters(codec="utf-16-be", max_codepoint=0xFFFF), max_size=10))
def test_wide_strings(text: str) -> None:
    raw = bytes([0, 10, 0, len(text)]) + text.encode("utf-16-be")
    assert _read("WSTRING", raw.ljust(24, b"\0"), 10) == text


@pytest.mark.parametrize(
    ("raw", "length"), [(b"\x04\x05abcd", 4), (b"\xff\x09abcd", 4), (b"\x02\x04abcd", 4)]
)
def test_an_invalid_string_is_an_error(raw: bytes, length: int) -> None:
    with pytest.raises(ValueError, match="check the address"):
        _read("STRING", raw, length)


@given(st.datetimes(NINETIES, NINETIES.replace(year=2089)))
def test_date_and_time(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    digits = f"{at:%y%m%d%H%M%S}{at.microsecond // 1000:03}{at.isoweekday() % 7 + 1}"
    assert _read("DATE_AND_TIME", bytes.fromhex(digits)) == at.isoformat(timespec="milliseconds")


def test_times_that_snap7_writes() -> None:
    at = datetime(2026, 11, 24, 6, 15, 30, 123_000, UTC).replace(tzinfo=None)
    raw = bytearray(8)
    setters.set_dt(raw, 0, at)
    assert _read("DATE_AND_TIME", bytes(raw)) == "2026-11-24T06:15:30.123"
    raw = bytearray(12)
    setters.set_dtl(raw, 0, at)
    assert _read("DTL", bytes(raw)) == "2026-11-24T06:15:30.123000"
    raw = bytearray(2)
    setters.set_date(raw, 0, at.date())
    assert _read("DATE", bytes(raw)) == "2026-11-24"


def test_times_by_hand() -> None:
    assert _read("S5TIME", bytes.fromhex("0127")) == 1270
    assert _read("S5TIME", bytes.fromhex("2005")) == 5000
    assert _read("S5TIME", bytes.fromhex("3999")) == 9_990_000
    assert _read("LDT", (1_500_000_000_123_456_789).to_bytes(8)) == "2017-07-14T02:40:00.123456"
    assert _read("DATE", b"\0\0") == "1990-01-01"


def test_characters() -> None:
    assert _read("CHAR", b"\x80") == "€"
    assert _read("WCHAR", b"\x20\xac") == "€"
    assert _read("CHAR", b"\0") == _read("WCHAR", b"\0\0") == ""


@given(st.sampled_from(NAMES), st.data())
def test_any_bytes_are_a_value_or_an_explained_error(name: str, data: st.DataObject) -> None:
    datatype = parse_datatype(name, 9 if name.endswith("STRING") else None)
    cell = datatype.cell(0)
    if not isinstance(cell, Coded):
        return
    raw = data.draw(st.binary(min_size=cell.size, max_size=cell.size))
    try:
        assert isinstance(cell.read(raw), str | int)
    except ValueError as error:
        assert str(error)  # noqa: PT017  either is right


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Müller €"),
        ("cp1250", "Žďár"),
        ("cp1251", "Пресс"),
        ("utf-8", "Fräse 冲压"),
        ("gbk", "冲压机"),
    ],
)
def test_a_text_has_the_encoding_of_the_item(encoding: str, text: str) -> None:
    content = text.encode(encoding)
    raw = (bytes([30, len(content)]) + content).ljust(32, b"\0")
    options = {"host": "h", "items": [{"address": "DB1.DBB0:STRING[30]", "encoding": encoding}]}
    (point,) = S7Config.model_validate(options).points()
    assert isinstance(point.cell, Coded)
    assert point.cell.read(raw) == text
    options = {"host": "h", "encoding": encoding, "items": ["DB1.DBB0:STRING[30]"]}
    (point,) = S7Config.model_validate(options).points()
    assert isinstance(point.cell, Coded)
    assert point.cell.read(raw) == text


@pytest.mark.parametrize(("name", "raw"), [("STRING", b"\x05\x01\xff"), ("CHAR", b"\xff")])
def test_bytes_of_another_encoding_are_refused(name: str, raw: bytes) -> None:
    cell = parse_datatype(name, 5 if name == "STRING" else None).cell(0, "utf-8")
    assert isinstance(cell, Coded)
    with pytest.raises(ValueError, match=r"not utf-8 .byte 0xff.: set `encoding`"):
        cell.read(raw.ljust(cell.size, b"\0"))


@pytest.mark.parametrize(
    "item",
    [
        {"address": "DB1.DBB0:STRING[3]", "encoding": "x"},
        {"address": "DB1.DBB0:STRING[3]", "encoding": "zlib"},
        {"address": "DB1.DBW0", "encoding": "utf-8"},
        {"address": "DB1.DBB0:WSTRING[3]", "encoding": "utf-8"},
    ],
)
def test_a_wrong_encoding_is_an_error(item: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="encoding"):
        S7Config.model_validate({"host": "h", "items": [item]})
