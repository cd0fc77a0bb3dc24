"""VDA 4905 and 4913: corrections of a call-off or note, and the fields of spare records."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from plumbing.edi_documents import DocumentStore
from werknetz.domain.bucket import microseconds_of
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.vda.records import CALL_OFF, DESPATCH

Record = tuple[str, dict[str, Any]]


def us(day: str) -> int:
    return microseconds_of(datetime.fromisoformat(day).replace(tzinfo=UTC))


def transmission(number: str, *records: Record) -> bytes:
    """Write a transmission with its head and a trailer that counts it."""
    kinds = DESPATCH if any(kind.startswith("7") for kind, _ in records) else CALL_OFF
    first, last = ("711", "719") if kinds is DESPATCH else ("511", "519")
    head = {"customer": "CUST", "supplier": "SUPP", "transmission": number, "date": "260112"}
    lines = [kinds[first].write(head), *(kinds[kind].write(values) for kind, values in records)]
    counts = Counter({first: 1, last: 1}) + Counter(kind for kind, _ in records)
    values = {name: float(counts[name]) for name in kinds[last].columns}
    return "\n".join([*lines, kinds[last].write(values), ""]).encode()


def call_off(*due: tuple[str, int], material: str = "M", number: str = "187") -> list[Record]:
    head = {"call_off": number, "date": "260112", "material": material, "unit": "ST"}
    entries: dict[str, Any] = {"cumulative": 100.0}
    for n, (day, quantity) in enumerate(due, 1):
        entries |= {f"date{n}": day, f"due{n}": f"{quantity:09}"}
    return [("512", head), ("513", {**entries, f"date{len(due) + 1}": "000000"})]


def note(*lines: tuple[str, float], number: str = "4711", **more: Any) -> list[Record]:
    records: list[Record] = [("713", {"note": number, "date": "260112"})]
    for n, (material, quantity) in enumerate(lines, 1):
        line = {"material": material, "quantity": quantity, "unit": "ST", "line": f"{n:03}"}
        records.append(("714", {**line, **more}))
    return records


FIRST = call_off(("260113", 100), ("260114", 50))
SECOND = call_off(("260113", 70))


def test_a_call_off_is_stored_once() -> None:
    store = DocumentStore().read(transmission("1", *FIRST)).read(transmission("2", *FIRST))
    assert sorted(store.quantities) == [50, 100]
    assert not store.reasons


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (FIRST, SECOND, "call-off '187'"),
        (note(("A", 100), ("B", 50)), note(("A", 70)), "delivery note '4711'"),
    ],
)
def test_other_content_under_one_number(
    first: list[Record], second: list[Record], name: str
) -> None:
    files = [transmission("1", *first), transmission("2", *second)]
    store = DocumentStore()
    for content in files:
        store.read(content)
    assert sorted(store.quantities) == [50, 100]
    assert name in store.reasons[0]
    assert "`repeated_documents: replace`" in store.reasons[0]
    allowed = DocumentStore(Partner(name="p", repeated_documents="replace"))
    for content in [*files, transmission("3", *first)]:
        allowed.read(content)
    assert sorted(allowed.quantities) == [70], "an old file does not undo the correction"


def test_other_parts_and_days_are_other_call_offs() -> None:
    other = call_off(("260113", 7), material="N")
    store = DocumentStore().read(transmission("1", *FIRST, *other))
    store.read(transmission("2", *call_off(("260113", 9), number="188")))
    assert sorted(store.quantities) == [7, 9, 50, 100]


def test_a_call_off_with_an_unreadable_record_is_completed_later() -> None:
    wrong = call_off(("260148", 100), ("260114", 50))
    store = DocumentStore().read(transmission("1", *wrong)).read(transmission("2", *FIRST))
    assert sorted(store.quantities) == [50, 100]
    assert len(store.reasons) == 1


def test_releases_package_and_texts_of_a_call_off() -> None:
    release = {
        "production_from": "260101", "production_until": "260213", "production_quantity": 500.0,
        "material_until": "260315", "material_quantity": 900.0, "planning_until": "260630",
        "supplementary_material": "M-X", "intermediate_supplier": "ZW1", "point_of_use": "HALL 2",
        "cumulative_at_reset": 12.0,
    }  # fmt: skip
    package = {"package": "KLT4314", "capacity": 20.0}
    texts = {"text1": "call before", "text3": "delivery"}
    store = DocumentStore().read(
        transmission("1", *SECOND, ("515", release), ("517", package), ("518", texts))
    )
    (fact,) = store.facts.values()
    expected = {
        "production_release_from_us": us("2026-01-01"),
        "production_release_until_us": us("2026-02-14"),  # the end of the day
        "production_release_quantity": 500.0,
        "material_release_until_us": us("2026-03-16"),
        "material_release_quantity": 900.0,
        "planning_until_us": us("2026-07-01"),
        "supplementary_material": "M-X",
        "intermediate_supplier": "ZW1",
        "point_of_use": "HALL 2",
        "cumulative_at_reset": 12.0,
        "package_type": "KLT4314",
        "quantity_per_package": 20.0,
        "notes": ["call before", "delivery"],
    }
    assert {name: fact.get(name) for name in expected} == expected
    assert not store.reasons


def test_an_unreadable_spare_record_is_rejected_alone() -> None:
    release = {"production_until": "260248"}
    store = DocumentStore().read(transmission("1", *SECOND, ("515", release)))
    assert store.quantities == [70]
    assert "production release: '260248' is not a valid date" in store.reasons[0]
    assert "the call-off is stored without it" in store.reasons[0]


def test_a_second_package_of_a_call_off_is_remarked() -> None:
    packages = [("517", {"package": name, "capacity": 20.0}) for name in ("KLT", "PAL")]
    store = DocumentStore().read(transmission("1", *SECOND, *packages))
    assert store.values_of("package_type") == ["KLT"]
    assert "a second record 517" in store.reasons[0]


@pytest.mark.parametrize(
    ("quantity", "count", "capacity", "expected"),
    [
        (40, 2.0, "0000000020000", 20.0),  # three decimals
        (40, 2.0, "0000000000020", 20.0),  # none
        (45, 3.0, "0000000020000", 20.0),  # the last package is not full
        (5, 4.0, "0000000001500", 1.5),
        (5, 2.0, "0000000020000", None),  # confirms neither
        (1, 1.0, "0000000020000", None),  # confirms both
        (40, None, "0000000020000", None),
        (40, 2.0, "0000000000000", None),
        (40, 2.0, "2O", None),
    ],
)
def test_the_quantity_per_package_is_stored_where_the_packages_confirm_it(
    quantity: int, count: float | None, capacity: str, expected: float | None
) -> None:
    package = {"package": "KLT", "capacity": capacity} | ({"count": count} if count else {})
    store = DocumentStore().read(transmission("1", *note(("A", quantity)), ("715", package)))
    (fact,) = store.facts.values()
    assert fact.get("quantity_per_package") == expected
    is_remarked = any("quantity per package" in text for text in store.reasons)
    assert is_remarked == (expected is None and bool(capacity.strip("0")))


def test_vehicle_and_weight_of_a_despatch() -> None:
    transport = {
        "shipment": "S1", "carrier": "HAUL", "gross_weight": 1250.0, "vehicle_kind": "01",
        "vehicle": "HH-AB 12",
    }  # fmt: skip
    text = ("716", {"text1": "handle", "text2": "with care"})
    store = DocumentStore().read(transmission("1", ("712", transport), *note(("A", 5)), text))
    (fact,) = store.facts.values()
    assert (fact["vehicle"], fact["transport_mode"], fact["carrier"]) == (
        "HH-AB 12", "road", "HAUL",
    )  # fmt: skip
    assert fact["shipment_gross_weight_kg"] == 1250.0
    assert fact["notes"] == ["handle", "with care"]
    assert not store.reasons


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (note(("A", 5), quantity2=7.0, unit2="KG"), "a second quantity, '0000000007000' KG"),
        ([*note(("A", 5)), ("715", {"package": "KLT", "count": 2.0, "capacity": "0000000020000"})],
         "quantity per package '0000000020000'"),
        ([*note(("A", 5)), ("715", {"package": "KLT"}), ("715", {"package": "PAL"})],
         "several kinds of packages"),
        ([note()[0], ("716", {"text1": "x"}), *note(("A", 5))[1:]],
         "record '716' is outside of a line (714)"),
        ([*note(("A", 5)), ("712", {"shipment": "S2"})], "a transport without a delivery note"),
        ([("712", {"shipment": "S1"}), ("712", {"shipment": "S2"}), *note(("A", 5))],
         "a transport without a delivery note"),
    ],
)  # fmt: skip
def test_what_has_no_field_is_reported(records: list[Record], reason: str) -> None:
    store = DocumentStore().read(transmission("1", *records))
    assert store.quantities == [5]
    assert any(reason in text for text in store.reasons)
