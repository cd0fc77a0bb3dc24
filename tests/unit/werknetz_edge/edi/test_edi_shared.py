"""Public EDI files of real partners, read as their README describes."""

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plumbing.shared import DATA
from werknetz.connector.contract import SourceRecord
from werknetz.domain.bucket import microseconds_of
from werknetz.events.batch import Unmapped
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partners

SHARED = DATA / "edi"
pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the shared files are missing: {SHARED}"
)
ZONE = "Europe/Berlin"


class SharedFile:
    def __init__(self, start: str) -> None:
        (path,) = SHARED.glob(f"{start}_*")
        parser = EdiParser(Partners(), ZONE)
        chunks = [*parser.parse_bytes(path.read_bytes(), 0)]
        self.records: list[SourceRecord] = [r for chunk in chunks for r in chunk.records]
        self.rejects: list[Unmapped] = [u for chunk in chunks for u in chunk.rejects]
        self.details = parser.details
        assert len({r.key for r in self.records}) == len(self.records)

    def values_of(self, name: str) -> list[Any]:
        return [record.fields.get(name) for record in self.records]


def us(text: str) -> int:
    return microseconds_of(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


def test_04_books_with_deviations() -> None:
    read = SharedFile("04")
    assert set(read.values_of("document")) == {"Y02197250"}
    assert read.values_of("quantity") == [1.0, 1.0]
    assert read.values_of("supplier") == ["1694901"] * 2
    assert read.values_of("material") == ["9780738507330", "9781568361871"]
    assert set(read.values_of("despatched_us")) == {us("2016-07-26")}
    (remark,) = read.rejects
    assert "'700101' in the place of the function" in remark.reason


def test_05_chinese_under_unoa() -> None:
    read = SharedFile("05")
    (record,) = read.records
    assert record.kind == "goods_received"
    assert record.fields["document"] == "20220808112809950"
    assert (record.fields["material"], record.fields["quantity"]) == ("1000629", 200.0)
    assert record.fields["unit"] == "PCE"
    assert record.fields["order_number"] == "5502284066"
    assert record.fields["order_line"] == "000010"
    assert "utf-8" in read.details["last_note"]
    assert not read.rejects


def test_06_a_repeated_message_is_stored_once() -> None:
    read = SharedFile("06")
    assert set(read.values_of("document")) == {"20171229"}
    assert len(read.records) == 6
    assert sum(read.values_of("quantity")) == 2000
    assert set(read.values_of("unit")) == {"PCE"}
    assert read.details["duplicate_messages"] == "1"
    assert {record.source for record in read.records} == {"edi/(blank)/DESADV"}
    first, *_, last = read.records
    assert first.fields["handling_units"] == [
        "S1975362171229-9", "S1975362171229-11", "S1975362171229-15",
    ]  # fmt: skip
    assert first.fields["packed_in"] == ["LOT NO. 1-3"]
    assert last.fields["handling_unit"] == "S1975362171229-3"
    assert not read.rejects


def test_07_a_call_off_of_vda() -> None:
    read = SharedFile("07")
    (record,) = read.records
    fields = record.fields
    assert record.kind == "delivery_called_off"
    assert (fields["document"], fields["replaces"]) == ("187", "186")
    assert fields["document_us"] == us("2012-11-15")
    assert fields["material"] == "1514280009100"
    assert (fields["last_receipt"], fields["last_receipt_quantity"]) == ("432701", 346.0)
    assert fields["cumulative_received"] == 19427.0
    assert (fields["quantity"], fields["due_from_us"]) == (0.0, us("2012-11-15"))
    assert not read.rejects


def test_08_a_delivery_note_of_vda_whose_trailer_disagrees() -> None:
    read = SharedFile("08")
    (record,) = read.records
    assert record.kind == "shipment_announced"
    assert record.fields["shipment"] == "13533302"
    assert record.fields["delivery_note"] == "00021910"
    assert record.fields["material"] == "A1567350110"
    assert (record.fields["quantity"], record.fields["unit"]) == (12.0, "ST")
    (trailer,) = [entry for entry in read.rejects if "trailer" in entry.reason]
    assert "714: '0000005', there are 1" in trailer.reason
    others = [entry for entry in read.rejects if entry is not trailer]
    assert ["version '87'" in entry.reason for entry in others] == [True, True]


@pytest.mark.parametrize(("start", "kind"), [("12", "IFCSUM"), ("22", "SLSRPT")])
def test_12_and_22_are_unsupported_messages(start: str, kind: str) -> None:
    read = SharedFile(start)
    assert not read.records
    assert any(f"message type '{kind}' is not supported" in e.reason for e in read.rejects)
    if start == "12":
        assert "iso8859-1" in read.details["last_note"]
    else:
        assert len(read.rejects) == 2
        assert "a test (UNB 0035)" in read.rejects[1].reason


def test_13_two_messages_share_a_document_number() -> None:
    read = SharedFile("13")
    total: Counter[tuple[str, str]] = Counter()
    for record in read.records:
        message = record.item.partition(" LIN")[0]
        total[message, record.fields["document"]] += int(record.fields["quantity"])
    assert total == {("UNH 1", "1923"): 240, ("UNH 2", "DOCNUM"): 492, ("UNH 3", "DOCNUM"): 123}
    assert read.values_of("quantity") == [48, 192, 123, 123, 123, 123, 123]
    assert not read.rejects
