"""The fields of lines: stocks by place, sequences, packaging, transport, weights, numbers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from plumbing.edi_documents import DocumentStore, interchange_of
from werknetz.domain.bucket import microseconds_of
from werknetz_edge.edi.profile import Partner

ASN = ("BGM+351+N1+9",)
LINE = ("LIN+1++M:IN", "QTY+12:5:PCE")


def us(day: str) -> int:
    return microseconds_of(datetime.fromisoformat(day).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("kind", "segments", "expected"),
    [
        ("DELFOR", ["BGM+241+N1+9", "RFF+AAN:R7", "LIN+1++M:IN", "QTY+113:5"],
         {"release_number": "R7", "function": "original"}),
        ("DELFOR", ["BGM+241+N1+5", "LIN+1++M:IN", "RFF+AAN:R8", "QTY+113:5", "PAC+++KLT4314",
                    "QTY+52:20"],
         {"release_number": "R8", "function": "replace", "package_type": "KLT4314",
          "quantity_per_package": 20.0}),
        ("DELFOR", ["BGM+241+N1+9", "FTX+AAI+++call before:delivery", "LIN+1++M:IN", "QTY+113:5"],
         {"notes": ["call before delivery"]}),
        ("DELFOR", ["BGM+241+N1+9", "TDT+20++30+31+HAUL:172", "LIN+1++M:IN", "QTY+113:5"],
         {"carrier": "HAUL", "transport_mode": "road"}),
        ("DESADV", [*ASN, "TDT+12++30+31+HAUL:172+++HH-AB 12:::HH-AB 12", *LINE],
         {"carrier": "HAUL", "vehicle": "HH-AB 12", "transport_mode": "road"}),
        ("DESADV", [*ASN, "TDT+12++20+++++:::WAGON 7", *LINE],
         {"vehicle": "WAGON 7", "transport_mode": "rail"}),
        ("DESADV", [*ASN, "EQD+TE+TRL-9", *LINE], {"vehicle": "TRL-9"}),
        ("DESADV", [*ASN, "NAD+CA+C1", "TDT+12++30++C2", *LINE], {"carrier": "C1"}),
        ("DESADV", [*ASN, "MEA+WT+G+KGM:1250.5", *LINE], {"shipment_gross_weight_kg": 1250.5}),
        ("DESADV", [*ASN, *LINE, "MEA+PD+AAB+GRM:500"], {"gross_weight_kg": 0.5}),
        ("DESADV", [*ASN, "CPS+1", "PAC+2++KLT", "MEA+PD+AAB+TNE:2", "QTY+52:20:PCE", *LINE],
         {"gross_weight_kg": 2000.0, "package_type": "KLT", "package_count": 2.0,
          "quantity_per_package": 20.0}),
        ("DESADV", [*ASN, *LINE, "DTM+361:20270131:102", "DTM+94:20260105:102"],
         {"best_before_us": us("2027-01-31"), "produced_us": us("2026-01-05")}),
        ("DESADV", [*ASN, *LINE, "DTM+36:20270228:102"], {"best_before_us": us("2027-02-28")}),
        ("DESADV", [*ASN, *LINE, "GIN+BN+S1:S2+S3", "GIR+3+S4:BN", "PIA+1+S5:SN"],
         {"serial_numbers": ["S1", "S2", "S3", "S4", "S5"]}),
        ("DESADV", [*ASN, *LINE, "RFF+ON:4711:10", "RFF+VN:V-9:2"],
         {"order_number": "4711", "order_line": "10", "supplier_order": "V-9",
          "supplier_order_line": "2"}),
        ("DESADV", [*ASN, *LINE, "RFF+VN:V-9:2"],
         {"order_number": "V-9", "order_line": "2", "supplier_order": "V-9"}),
        ("DESADV", [*ASN, "RFF+PK:P1", *LINE], {"delivery_note": "P1"}),
        ("RECADV", ["BGM+632+N1+9", "LIN+1++M:IN", "QTY+12:100:PCE", "QTY+194:92:PCE",
                    "QVR+-8:21+119+DA"],
         {"quantity": 92.0, "despatched_quantity": 100.0, "discrepancy_quantity": -8.0,
          "discrepancy": "119"}),
        ("RECADV", ["BGM+632+N1+9", "LIN+1++M:IN", "QTY+48:5", "RFF+VN:V-9:2",
                    "DTM+361:20270131:102"],
         {"supplier_order": "V-9", "best_before_us": us("2027-01-31")}),
        ("INVRPT", ["BGM+35+N1+9", "LIN+1++M:IN", "QTY+145:5", "DTM+361:20270131:102"],
         {"best_before_us": us("2027-01-31"), "function": "original"}),
    ],
)  # fmt: skip
def test_a_field_of_a_line(kind: str, segments: list[str], expected: dict[str, Any]) -> None:
    store = DocumentStore().message(kind, *segments)
    (fact,) = store.facts.values()
    assert {name: fact.get(name) for name in expected} == expected
    assert not store.reasons


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["QTY+145:100", "LOC+18+A1", "QTY+145:50", "LOC+18+B1"],
         [(100.0, "A1", None), (50.0, "B1", None)]),
        (["QTY+145:100", "LOC+18+A1", "STS+1++FREE", "QTY+145:50", "LOC+18+B1", "STS+1++BLOCKED"],
         [(100.0, "A1", "FREE"), (50.0, "B1", "BLOCKED")]),
        (["LOC+18+A1", "QTY+145:100", "QTY+145:50"], [(100.0, "A1", None), (50.0, "A1", None)]),
        (["LOC+18+A1", "QTY+145:100", "QTY+145:50", "LOC+18+B1"],
         [(100.0, "A1", None), (50.0, "B1", None)]),
        (["INV++1", "LOC+18+A1", "QTY+145:100", "INV++5", "QTY+145:50"],
         [(100.0, "A1", "1"), (50.0, None, "5")]),
    ],
)  # fmt: skip
def test_place_and_status_belong_to_their_quantity(
    lines: list[str], expected: list[tuple[float, str | None, str | None]]
) -> None:
    store = DocumentStore().message("INVRPT", "BGM+35+N1+9", "LIN+1++M:IN", *lines)
    assert store.values_of("quantity", "warehouse", "status") == expected
    assert not store.reasons


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["LIN+1++A:IN", "SEQ++7", "QTY+1:480"], [("A", 480.0, "7")]),
        (["LIN+1++A:IN", "SEQ++7", "QTY+1:240", "SEQ++8", "QTY+1:240", "LIN+2++B:IN", "SEQ++9",
          "QTY+1:5"],
         [("A", 240.0, "7"), ("A", 240.0, "8"), ("B", 5.0, "9")]),
        (["LIN+1++A:IN", "QTY+1:480", "SEQ++7"], [("A", 480.0, "7")]),
        (["SEQ++7", "LIN+1++A:IN", "QTY+1:480", "SEQ++8", "LIN+2++B:IN", "QTY+1:5"],
         [("A", 480.0, "7"), ("B", 5.0, "8")]),
    ],
)  # fmt: skip
def test_a_sequence_in_front_of_lines_or_behind_them(
    lines: list[str], expected: list[tuple[str, float, str]]
) -> None:
    store = DocumentStore().message("DELJIT", "BGM+242+N1+9", *lines)
    assert store.values_of("material", "quantity", "sequence") == expected
    assert not store.reasons


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("una", ["", "UNA:+.? "])
def test_a_line_end_ends_a_segment(end: str, una: str) -> None:
    content = interchange_of(("DESADV", [*ASN, *LINE]), head="").decode().replace("'", end)
    head = una + end if una else ""
    store = DocumentStore().read((head + content + end).encode())
    assert (store.quantities, store.reasons) == ([5.0], [])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Gehäuse", "utf-8"), ("Gehäuse", "latin-1"), ("Řešení", "utf-8"), ("é", "utf-8"),
     ("ß", "utf-8"), ("ÿ", "latin-1"), ("\u00c3", "latin-1"), ("文", "utf-8"), ("€", "cp1252")],
)  # fmt: skip
def test_text_under_unoc_is_read_by_its_validity(text: str, encoding: str) -> None:
    head, _, tail = interchange_of(
        ("DESADV", [*ASN, "LIN+1++M:IN", "IMD+F++:::#", "QTY+12:5"])
    ).partition(b"#")
    store = DocumentStore().read(head + text.encode(encoding) + tail)
    assert store.values_of("description") == [text]


@pytest.mark.parametrize(
    ("text", "quantity", "exact"),
    [
        ("999999999999999", 999999999999999.0, None),
        ("0.1", 0.1, None),
        ("123456789012.123", 123456789012.123, None),
        ("1234567890.12345678901", 1234567890.123457, "1234567890.12345678901"),
        ("9007199254740993", 9007199254740992.0, "9007199254740993"),
        ("1000000000000000", 1e15, None),
        ("1000000000000001", 1e15, "1000000000000001"),
        ("100.00000000000000000000", 100.0, None),
        ("0,30000000000000000001", 0.3, "0.30000000000000000001"),
    ],
)
def test_a_quantity_is_never_rounded_silently(
    text: str, quantity: float, exact: str | None
) -> None:
    partner = Partner(name="p", quantity_max=1e16, decimal_mark="any")
    store = DocumentStore(partner).message("DESADV", *ASN, "LIN+1++M:IN", f"QTY+12:{text}")
    ((value, decimal),) = store.values_of("quantity", "quantity_exact")
    assert value == pytest.approx(quantity, rel=1e-15)
    assert decimal == exact


def test_a_quantity_above_the_limit_names_the_remedy() -> None:
    store = DocumentStore().message("DESADV", *ASN, "LIN+1++M:IN", "QTY+12:9007199254740993")
    assert "'9007199254740993' is out of range" in store.reasons[0]
    assert "`quantity_max`" in store.reasons[0]


def test_a_cumulative_quantity_that_is_not_exact_is_refused() -> None:
    lines = ["LIN+1++M:IN", "QTY+12:1", "QTY+3:1234567890.12345678901"]
    store = DocumentStore().message("DESADV", *ASN, *lines)
    assert "1234567890.12345678901 has more digits" in store.reasons[0]
    assert not store.facts


@pytest.mark.parametrize(
    ("segment", "expected", "reason"),
    [
        ("GIN+BN+A8:A9", ["A8", "A9"], ""),
        ("GIN+BN+A008:A011+B1", ["A008", "A009", "A010", "A011", "B1"], ""),
        ("GIN+BN+A1:A1", ["A1"], ""),
        ("GIN+BN+A8:A11", ["A8", "A11"], "a range that is not numbered"),
        ("GIN+BN+A9:A8", ["A9", "A8"], "a range that is not numbered"),
        ("GIN+BN+A1:B3", ["A1", "B3"], "a range that is not numbered"),
        ("GIN+BN+X:Y", ["X", "Y"], "a range that is not numbered"),
        ("GIN+BN+0001:1000", [f"{n:04}" for n in range(1, 1001)], ""),
        ("GIN+BN+0001:1001", ["0001", "1001"], "a range that is not numbered"),
    ],
)
def test_a_pair_of_identity_numbers_is_a_range(
    segment: str, expected: list[str], reason: str
) -> None:
    store = DocumentStore().message("DESADV", *ASN, *LINE, segment)
    assert store.values_of("serial_numbers") == [expected]
    assert reason in "".join(store.reasons)
    assert bool(store.reasons) == bool(reason)


def test_a_range_of_labels_names_each_unit() -> None:
    store = DocumentStore().message("DESADV", *ASN, "CPS+1", "GIN+ML+P08:P10", *LINE)
    assert store.values_of("handling_units") == [["P08", "P09", "P10"]]


def test_a_sub_line_is_remarked() -> None:
    sub_line = ("LIN+2++N:IN+1:1", "QTY+12:2:PCE")
    store = DocumentStore().message("DESADV", *ASN, *LINE, *sub_line)
    assert store.quantities == [5.0, 2.0]
    assert "a sub-line ('1')" in store.reasons[0]
