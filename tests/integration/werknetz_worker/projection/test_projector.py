"""Events become rows of the model whatever their order, and follow when they change."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.business import Business, us

pytestmark = pytest.mark.asyncio

CALL = {
    "document": "LAB-1", "supplier": "Weserguss", "material": "40231-10", "quantity": 480.0,
    "unit": "PCE", "ship_to": "4023456000017", "unloading_point": "T3",
    "supplier_material": "WG-2040", "due_from_us": us("2026-11-05 00:00"),
    "due_until_us": us("2026-11-06 00:00"), "document_us": us("2026-11-02 04:00"),
}  # fmt: skip
NOTE = {
    "document": "LS-7", "delivery_note": "LS-7", "supplier": "Weserguss", "material": "40231-10",
    "quantity": 480.0, "unit": "ST", "handling_unit": "B-1", "packed_in": ["P-1"],
}  # fmt: skip
RECEIPT = {
    "document": "WE-9", "delivery_note": "LS-7", "material": "40231-10", "quantity": 478.0,
    "rejected_quantity": 2.0, "unit": "Stk", "warehouse": "EM-HL", "location": "A-01",
}  # fmt: skip


@pytest_asyncio.fixture
async def business(database_url: str) -> AsyncIterator[Business]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    business = Business(pool)
    await business.begin()
    yield business
    await pool.close()


HISTORY: list[tuple[str, str, str, dict[str, Any]]] = [
    ("call", "delivery_called_off", "2026-11-02 04:00", CALL),
    ("note", "shipment_announced", "2026-11-04 10:00", NOTE),
    ("receipt", "goods_received", "2026-11-05 08:00", RECEIPT),
    ("count", "stock_counted", "2026-11-05 22:00",
     {"material": "40231-10", "quantity": 0.5, "unit": "MIL", "warehouse": "EM-HL"}),
    ("move", "stock_moved", "2026-11-06 06:00",
     {"material": "40231-10", "quantity": -120.0, "unit": "PCE", "warehouse": "EM-HL",
      "location": "A-01", "to_location": "B-02"}),
]  # fmt: skip


async def test_a_delivery_is_one_relation_whoever_comes_first(business: Business) -> None:
    outcomes = []
    for seed in range(6):
        history = random.Random(seed).sample(HISTORY, k=len(HISTORY))
        for name, kind, when, body in history + history[:2]:  # some are sent twice
            await business.add(f"{name}-{seed}", kind, when, **body)
            await business.project(batch=1 + seed % 3)
        while await business.project():
            pass
        outcomes.append(await _picture(business))
        for name, *_ in HISTORY:
            await business.delete(f"{name}-{seed}")
        await business.project()
        assert await business.current_rows("receipt_lines") == []
    for outcome in outcomes[1:]:
        assert outcome == outcomes[0]
    relations = await business.fetch(
        "SELECT p.name, m.number, s.name, r.dock FROM supply_relations r "
        "JOIN partners p ON p.id = supplier_id JOIN materials m ON m.id = material_id "
        "LEFT JOIN sites s ON s.id = site_id WHERE dock <> ''"
    )
    assert relations == [("Weserguss", "40231-10", "4023456000017", "T3")]


async def _picture(business: Business) -> list[tuple[str, Any]]:
    """What is believed, without ids that depend on the order."""
    tables = []
    for table, columns in (
        ("call_off_entries", "quantity, base_quantity"),
        ("shipment_lines", "quantity, base_quantity, packed_in"),
        ("receipt_lines", "quantity, base_quantity, accepted_quantity, rejected_quantity"),
    ):
        rows = await business.fetch(
            f"SELECT {columns}, dock FROM {table} f JOIN supply_relations r ON r.id = relation_id "
            "WHERE known_to IS NULL"
        )
        tables.append((table, rows))
    for table in ("stock_counts", "stock_movements"):
        rows = await business.fetch(
            f"SELECT f.at, w.code, l.code, f.base_quantity FROM {table} f "
            "JOIN stock_items i ON i.id = stock_item_id JOIN warehouses w ON w.id = i.warehouse_id "
            "LEFT JOIN locations l ON l.id = i.location_id WHERE known_to IS NULL "
            "ORDER BY f.at, f.base_quantity"
        )
        tables.append((table, rows))
    return tables


async def test_a_revised_event_keeps_what_was_believed_before(business: Business) -> None:
    await business.add("call", "delivery_called_off", "2026-11-02 04:00", **CALL)
    await business.project()
    await business.revise("call", "2026-11-02 04:00", **(CALL | {"quantity": 240.0}))
    await business.project()
    rows = await business.fetch(
        "SELECT revision, base_quantity, known_to IS NULL FROM call_off_entries ORDER BY revision"
    )
    assert rows == [(1, 480.0, False), (2, 240.0, True)]
    ends = await business.fetch(
        "SELECT known_from, known_to FROM call_off_entries ORDER BY revision"
    )
    assert ends[0][1] == ends[1][0]
    await business.delete("call")
    await business.project()
    assert await business.current_rows("call_off_entries") == []
    await business.add("call", "delivery_called_off", "2026-11-02 04:00", **CALL)
    await business.project()
    assert await business.current_rows("call_off_entries", "revision, base_quantity") == [
        (1, 480.0)
    ]
    (count,) = (await business.fetch("SELECT count(*) FROM call_off_entries"))[0]
    assert count == 3  # the former two are still what was known then


async def test_what_changes_is_marked(business: Business) -> None:
    await business.add("receipt", "goods_received", "2026-11-05 08:00", **RECEIPT)
    await business.project()
    assert await business.current_rows("receipt_lines", "relation_id") == [(None,)]
    await business.add("note", "shipment_announced", "2026-11-04 10:00", **NOTE)
    while await business.project():
        pass
    ((relation,),) = await business.current_rows("receipt_lines", "relation_id")
    assert await business.fetch("SELECT relation_id FROM dirty_relations") == [(relation,)]
    (marked,) = await business.fetch("SELECT from_at, marks FROM dirty_stock")
    assert marked[0].isoformat() == "2026-11-05T08:00:00+00:00"


async def test_two_units_a_stranger_and_a_shared_number_are_findings(business: Business) -> None:
    await business.add("call", "delivery_called_off", "2026-11-02 04:00", **CALL)
    await business.add(
        "kilos", "stock_counted", "2026-11-03 04:00",
        material="40231-10", quantity=70.0, unit="KGM", warehouse="EM-HL",
    )  # fmt: skip
    other = CALL | {"supplier": "Elbstahl", "material": "41900-03"}
    await business.add("other", "delivery_called_off", "2026-11-02 05:00", **other)
    await business.add(
        "nameless", "shipment_announced", "2026-11-02 05:00",
        document="X", supplier_material="WG-2040", quantity=1.0,
    )  # fmt: skip
    await business.project()
    rows = await business.fetch("SELECT kind, event_ids FROM findings WHERE cleared_at IS NULL")
    kinds = sorted(kind for kind, _ in rows)
    assert kinds == ["ambiguous_material", "ambiguous_material", "unit_mismatch"]
    assert ("unit_mismatch", [business.ids["kilos"]]) in rows
    assert await business.current_rows("stock_counts", "base_quantity") == [(None,)]
    assert await business.current_rows("shipment_lines", "relation_id") == [(None,)]
    await business.revise(
        "kilos", "2026-11-03 04:00",
        material="40231-10", quantity=70.0, unit="PCE", warehouse="EM-HL",
    )  # fmt: skip
    await business.project()
    assert await business.fetch("SELECT kind FROM findings WHERE cleared_at IS NOT NULL") == [
        ("unit_mismatch",)
    ]


async def test_jobs_are_operations_of_orders(business: Business) -> None:
    place = "nordwerk/palma-3/assembly/line-1/cell-2"
    job = {"equipment": place, "order_number": "M-7", "operation": "20", "material": "P-1"}
    await business.add("end", "job_finished", "2026-11-02 14:00", **job, good_quantity=96.0)
    await business.project()
    await business.add("start", "job_started", "2026-11-02 06:00", **job, planned_quantity=100.0)
    await business.project()
    rows = await business.fetch(
        "SELECT o.operation, o.planned_quantity, o.good_quantity, o.ended_at - o.started_at, "
        "p.planned_quantity, p.finished_at IS NOT NULL "
        "FROM operations o JOIN production_orders p ON p.number = o.order_number"
    )
    assert [(*row[:3], row[3].total_seconds(), *row[4:]) for row in rows] == [
        ("20", 100.0, 96.0, 8 * 3600, 100.0, True)
    ]
    await business.delete("end")
    await business.project()
    assert await business.fetch("SELECT finished_at FROM production_orders") == [(None,)]


async def test_two_projectors_lose_and_double_nothing(business: Business) -> None:
    for number in range(300):
        body = CALL | {"document": f"LAB-{number}", "supplier": f"S{number % 7}"}
        await business.add(f"call-{number}", "delivery_called_off", "2026-11-02 04:00", **body)
    await asyncio.gather(*(business.project(batch=20) for _ in range(3)))
    while await business.project(batch=50):
        pass
    rows = await business.current_rows("call_off_entries", "document")
    assert sorted(rows) == sorted((f"LAB-{number}",) for number in range(300))
    assert len(await business.fetch("SELECT id FROM partners")) == 7


async def test_poison_is_a_finding_and_the_others_go_on(business: Business) -> None:
    for number in range(5):
        body = CALL | {"document": f"LAB-{number}"}
        await business.add(f"call-{number}", "delivery_called_off", "2026-11-02 04:00", **body)
    await business.pool.execute(
        'UPDATE business_events SET body = body || \'{"quantity": "much"}\' WHERE event_id = $1',
        business.ids["call-3"],
    )
    await business.project()
    assert len(await business.current_rows("call_off_entries")) == 4
    (rows,) = await business.fetch("SELECT kind, event_ids FROM findings")
    assert rows == ("unprojectable_event", [business.ids["call-3"]])


JOB = {"equipment": "nordwerk/palma-3/assembly/line-1/cell-2", "order_number": "M-7"}
STOCK = {"material": "40231-10", "unit": "PCE", "warehouse": "EM-HL"}
CONSUMED = {"equipment": JOB["equipment"], "material": "40231-10", "quantity": 5.0}
FACTS: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    # kind, body, correction, table, column
    ("delivery_called_off", CALL, {"quantity": 240.0}, "call_off_entries", "quantity"),
    ("shipment_announced", NOTE, {"quantity": 470.0}, "shipment_lines", "quantity"),
    ("goods_received", RECEIPT, {"quantity": 470.0}, "receipt_lines", "quantity"),
    ("stock_counted", STOCK | {"quantity": 7.0}, {"quantity": 8.0}, "stock_counts", "quantity"),
    ("stock_moved", STOCK | {"quantity": 7.0}, {"quantity": 8.0}, "stock_movements", "quantity"),
    ("material_consumed", CONSUMED, {"quantity": 6.0}, "consumptions", "quantity"),
]


@pytest.mark.parametrize(("kind", "body", "correction", "table", "column"), FACTS,
                         ids=[fact[0] for fact in FACTS])  # fmt: skip
async def test_rows_follow_revision_withdrawal_and_return(
    business: Business, kind: str, body: dict[str, Any], correction: dict[str, Any], table: str,
    column: str,
) -> None:  # fmt: skip
    when, corrected = "2026-11-05 08:00", body | correction
    await business.add("fact", kind, when, **body)
    await business.project()
    await business.revise("fact", when, **corrected)
    await business.project()
    assert await business.current_rows(table, column) == [(corrected[column],)]
    await business.withdraw("fact")
    await business.project()
    assert await business.current_rows(table, column) == []
    await business.revise("fact", when, **body)
    await business.project()
    assert await business.current_rows(table, column) == [(body[column],)]
    revisions = await business.fetch(
        f"SELECT revision, {column}, known_to FROM {table} ORDER BY revision"
    )
    first, second, fourth = (body[column], corrected[column], body[column])
    assert [row[:2] for row in revisions] == [(1, first), (2, second), (4, fourth)]
    starts = await business.fetch(f"SELECT known_from FROM {table} ORDER BY revision")
    assert revisions[0][2] == starts[1][0]
    assert revisions[1][2] < starts[2][0]  # nothing was in force in between
    assert revisions[2][2] is None


async def test_a_fact_that_was_withdrawn_before_it_was_projected_has_no_current_row(
    business: Business,
) -> None:
    await business.add("fact", "goods_received", "2026-11-05 08:00", **RECEIPT)
    await business.withdraw("fact")
    await business.project()
    assert await business.current_rows("receipt_lines") == []
    assert await business.current_rows("stock_movements") == []


async def test_an_older_version_that_came_late_has_no_row(business: Business) -> None:
    await business.add("call", "delivery_called_off", "2026-11-02 04:00", **CALL)
    await business.pool.execute("UPDATE business_events SET revision = 2")
    await business.pool.execute(
        "INSERT INTO business_event_revisions (event_id, revision, at, mapping, body, known_from,"
        " known_to) SELECT event_id, 1, at, mapping, body || '{\"quantity\": 1}', now(), now()"
        " FROM business_events"
    )
    await business.project()
    rows = await business.fetch("SELECT revision, quantity, known_to FROM call_off_entries")
    assert rows == [(2, 480.0, None)]


async def test_a_withdrawn_job_is_no_operation(business: Business) -> None:
    await business.add("start", "job_started", "2026-11-02 06:00", **JOB, planned_quantity=100.0)
    await business.add("end", "job_finished", "2026-11-02 14:00", **JOB, good_quantity=96.0)
    await business.project()
    await business.withdraw("end")
    await business.project()
    query = "SELECT planned_quantity, good_quantity, ended_at FROM operations"
    assert await business.fetch(query) == [(100.0, None, None)]
    await business.withdraw("start")
    await business.project()
    assert await business.fetch(query) == []
    assert await business.fetch("SELECT number FROM production_orders") == []


async def test_a_withdrawn_call_off_gives_its_deliveries_back(business: Business) -> None:
    """A receipt without a dock belongs to the only called-off relation, while there is one."""
    receipt = RECEIPT | {"supplier": "Weserguss"}
    await business.add("call", "delivery_called_off", "2026-11-02 04:00", **CALL)
    await business.add("receipt", "goods_received", "2026-11-05 08:00", **receipt)
    while await business.project():
        pass
    dock = (
        "SELECT r.dock FROM receipt_lines f JOIN supply_relations r ON r.id = f.relation_id"
        " WHERE f.known_to IS NULL"
    )
    assert await business.fetch(dock) == [("T3",)]
    await business.withdraw("call")
    while await business.project():
        pass
    assert await business.fetch(dock) == [("",)]
    await business.revise("call", "2026-11-02 04:00", **CALL)
    while await business.project():
        pass
    assert await business.fetch(dock) == [("T3",)]


async def test_a_withdrawn_despatch_advice_names_no_supplier(business: Business) -> None:
    """The receipt names only its delivery note; ids of materials and relations differ."""
    other = NOTE | {"document": "LS-1", "delivery_note": "LS-1", "material": "9", "supplier": "B"}
    for number in range(3):
        await business.add(
            f"other-{number}", "stock_counted", "2026-11-01 04:00",
            material=f"M-{number}", quantity=1.0, warehouse="EM-HL",
        )  # fmt: skip
    await business.add("other", "shipment_announced", "2026-11-04 10:00", **other)
    await business.add("note", "shipment_announced", "2026-11-04 10:00", **NOTE)
    await business.add("receipt", "goods_received", "2026-11-05 08:00", **RECEIPT)
    while await business.project():
        pass
    ((note_relation,),) = await business.fetch(
        "SELECT relation_id FROM shipment_lines WHERE document = 'LS-7' AND known_to IS NULL"
    )
    assert await business.current_rows("receipt_lines", "relation_id") == [(note_relation,)]
    await business.withdraw("note")
    while await business.project():
        pass
    assert await business.current_rows("receipt_lines", "relation_id") == [(None,)]


async def test_consumption_of_a_machine_that_moved_is_from_the_warehouse_of_its_place(
    business: Business,
) -> None:
    """Its source reports the former path after the move, too."""
    moved_at = "2026-11-06T00:00:00+00:00"
    plant = "nordwerk/palma-3/assembly"
    await business.pool.execute(
        """
        WITH lines AS (
            INSERT INTO equipment (path, level, name)
            SELECT $1 || '/' || name, 'line', name FROM unnest('{line-1,line-2}'::text[]) AS name
            RETURNING id, name
        ), machines AS (
            INSERT INTO equipment (path, level, name, valid_from, valid_to) VALUES
                ($1 || '/line-1/cell-2', 'machine', 'cell-2', '2026-01-01Z', $2::text::timestamptz),
                ($1 || '/line-2/cell-2', 'machine', 'cell-2', $2::text::timestamptz, NULL)
        ), material AS (
            INSERT INTO materials (number, unit) VALUES ('40231-10', 'PCE') RETURNING id
        ), stores AS (
            INSERT INTO warehouses (key, name, code)
            SELECT name, name, name FROM unnest('{w-1,w-2}'::text[]) AS name RETURNING id, name
        )
        INSERT INTO line_materials
            (equipment_id, material_id, warehouse_id, quantity_per_item, items_per_hour, valid_from)
        SELECT lines.id, material.id, stores.id, 1, 1, '2026-01-01Z' FROM material, lines
        JOIN stores ON right(stores.name, 1) = right(lines.name, 1)
        """,
        plant, moved_at,
    )  # fmt: skip
    await business.pool.execute(
        """
        UPDATE equipment e SET
            moved_to = CASE WHEN e.valid_to IS NOT NULL THEN other.id END,
            moved_from = CASE WHEN e.valid_to IS NULL THEN other.id END
        FROM equipment other
        WHERE e.level = 'machine' AND other.level = 'machine' AND other.id <> e.id
        """
    )
    for name, when in (("before", "2026-11-05 08:00"), ("after", "2026-11-06 08:00")):
        body = CONSUMED | {"equipment": f"{plant}/line-1/cell-2"}
        await business.add(name, "material_consumed", when, **body)
    await business.project()
    rows = await business.fetch(
        "SELECT w.name FROM stock_movements m JOIN stock_items i ON i.id = m.stock_item_id"
        " JOIN warehouses w ON w.id = i.warehouse_id ORDER BY m.at"
    )
    assert [row[0] for row in rows] == ["w-1", "w-2"]
