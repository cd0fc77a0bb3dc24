"""What each kind needs: one row a case, refused with the field and the remedy."""

from typing import Any

import pytest

from werknetz.events.facts import KINDS, GoodsReceived, fact_of, fields_of, missing_in
from werknetz.events.required import NEEDS, REMEDY

CALL: dict[str, Any] = {"document": "A", "material": "M", "quantity": 1.0, "due_from_us": 5}
NOTE: dict[str, Any] = {"document": "A", "material": "M", "quantity": 1.0}
JOB: dict[str, Any] = {"equipment": "n/p", "order_number": "O"}
STOCK: dict[str, Any] = {"material": "M", "quantity": 1.0}
INSPECTED: dict[str, Any] = {"equipment": "n/p", "good_quantity": 1.0}
ATTENDED: dict[str, Any] = {"equipment": "n/p", "person": "P"}
STATE: dict[str, Any] = {"equipment": "n/p", "state": "producing"}
CONSUMED: dict[str, Any] = STOCK | {"equipment": "n/p"}

REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # kind, body, what is changed, the field that the reason names
    ("delivery_called_off", CALL, {"document": None}, "'document'"),
    ("delivery_called_off", CALL, {"document": " "}, "'document'"),
    ("delivery_called_off", CALL, {"material": None}, "'material', 'supplier_material' or 'ean'"),
    ("delivery_called_off", CALL, {"material": ""}, "'material', 'supplier_material' or 'ean'"),
    ("delivery_called_off", CALL, {"quantity": None}, "'quantity' or 'cumulative_quantity'"),
    ("delivery_called_off", CALL, {"due_from_us": None}, "'due_from_us' or 'due_until_us'"),
    ("delivery_called_off", CALL, {"due_from_us": None, "commitment": "firm"}, "'due_from_us'"),
    ("shipment_announced", NOTE, {"quantity": None}, "'quantity'"),
    ("shipment_announced", NOTE, {"material": None}, "'material'"),
    ("shipment_announced", {"document": "A", "line": "10"}, {}, "'material'"),
    ("goods_received", NOTE, {"quantity": None}, "'quantity' or 'accepted_quantity'"),
    ("goods_received", NOTE, {"material": None}, "'material'"),
    ("goods_received", NOTE, {"quantity": float("nan")}, "'quantity'"),
    ("goods_received", NOTE, {"quantity": float("inf")}, "'quantity'"),
    ("stock_counted", STOCK, {"quantity": None}, "'quantity'"),
    ("stock_counted", STOCK, {"material": "  "}, "'material'"),
    ("stock_moved", STOCK, {"quantity": float("nan")}, "'quantity'"),
    ("stock_moved", STOCK, {"material": None}, "'material'"),
    ("material_consumed", CONSUMED, {"quantity": None}, "'quantity'"),
    ("material_consumed", CONSUMED, {"equipment": ""}, "'equipment'"),
    ("job_started", JOB, {"order_number": None}, "'order_number'"),
    ("job_finished", JOB, {"equipment": None}, "'equipment'"),
    ("quality_inspected", INSPECTED, {"good_quantity": None}, "'inspected_quantity'"),
    ("attendance_recorded", ATTENDED, {"person": None}, "'person'"),
    ("state_changed", STATE, {"state": None}, "'state'"),
]
ACCEPTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("delivery_called_off", CALL, {}),
    ("delivery_called_off", CALL, {"quantity": 0.0}),
    ("delivery_called_off", CALL, {"material": None, "supplier_material": "S"}),
    ("delivery_called_off", CALL, {"material": None, "ean": "4000"}),
    ("delivery_called_off", CALL, {"quantity": None, "cumulative_quantity": 7.0}),
    ("delivery_called_off", CALL, {"due_from_us": None, "due_until_us": 7}),
    ("delivery_called_off", CALL, {"due_from_us": None, "commitment": "immediate"}),
    ("delivery_called_off", CALL, {"due_from_us": None, "commitment": "backlog"}),
    ("delivery_called_off", CALL, {"due_from_us": None, "sequence": "0815"}),
    ("delivery_called_off", CALL, {"due_from_us": None, "quantity": 0.0}),  # nothing is due
    ("delivery_called_off", {"document": "A", "material": "M", "last_receipt": "L"}, {}),
    ("shipment_announced", NOTE, {}),
    ("shipment_announced", {"document": "A", "despatched_us": 5}, {}),  # without its lines
    ("goods_received", NOTE, {"quantity": None, "accepted_quantity": 2.0}),
    ("goods_received", NOTE, {"quantity": 0.0}),
    ("goods_received", NOTE, {"quantity": -3.0}),
    ("stock_counted", STOCK, {"quantity": 0.0}),
    ("job_finished", JOB, {}),
    ("quality_inspected", INSPECTED, {"good_quantity": None, "defect": "crack"}),
    ("quality_inspected", INSPECTED, {"good_quantity": None, "value": 0.0}),
    ("attendance_recorded", ATTENDED, {}),
]


@pytest.mark.parametrize(("kind", "body", "change", "named"), REFUSED)
def test_a_fact_without_what_it_needs_is_refused(
    kind: str, body: dict[str, Any], change: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=f"^{kind} needs ") as refused:
        fact_of(kind, body | change)
    assert f"needs {named}" in str(refused.value)
    assert str(refused.value).endswith(f"which is empty: {REMEDY}")


@pytest.mark.parametrize(("kind", "body", "change"), ACCEPTED)
def test_other_facts_are_accepted(kind: str, body: dict[str, Any], change: dict[str, Any]) -> None:
    fact = fact_of(kind, body | change)
    assert missing_in(fact) is None


def test_a_fact_of_an_older_edge_is_judged_as_it_is() -> None:
    assert missing_in(GoodsReceived(document="D", material="M", quantity=1.0)) is None
    reason = missing_in(GoodsReceived(document="D", material="M"))
    assert reason == (
        "goods_received needs 'quantity' or 'accepted_quantity', which is empty: " + REMEDY
    )
    reason = missing_in(GoodsReceived(document=" ", material="M", quantity=1.0))
    assert reason == f"goods_received needs 'document', which is empty: {REMEDY}"


def test_the_table_names_existing_kinds_and_fields() -> None:
    for kind, needs in NEEDS.items():
        assert kind in KINDS
        for need in needs:
            assert {*need.fields, *need.unless, *need.only_with} <= fields_of(kind).keys()
