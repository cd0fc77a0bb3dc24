"""Relations reconciled in a real database: what is derived, in whatever order facts arrive."""

import pytest

from plumbing.deliveries import Deliveries, day

from .conftest import add_policy, reconcile_all, send_history

pytestmark = pytest.mark.asyncio


async def test_facts_become_derived_rows(deliveries: Deliveries) -> None:
    relation = await deliveries.create_relation()
    await add_policy(deliveries, asn_expected=True)
    await send_history(deliveries, relation)
    assert await reconcile_all(deliveries) == 1
    call_offs = await deliveries.load_rows("call_offs", "issued_at")
    assert [(r["document"], r["state"], r["entries"], r["quantity"]) for r in call_offs] == [
        ("A", "replaced", 3, 300),
        ("B", "in_force", 4, 330),
    ]
    assert call_offs[0]["in_force_to"] == day(3)
    lines = await deliveries.load_rows("due_lines", "due_from")
    # With a frozen zone of 0 days each is measured as B has it.
    assert [(r["document"], r["quantity"], r["on_time"], r["in_full"]) for r in lines] == [
        ("B", 100, True, True),
        ("B", 100, False, False),
        ("B", 50, True, True),
        ("B", 80, False, True),  # it had come before its day
    ]
    assert lines[1]["fulfilled_at"] == day(7.5)
    assert lines[1]["delay_s"] == 0.5 * 86_400
    assert len(lines[1]["receipt_ids"]) == len(lines[1]["shipment_ids"]) == 1
    [cumulative] = await deliveries.load_rows("cumulatives")
    assert (cumulative["demanded"], cumulative["received"]) == (330, 410)
    assert await deliveries.list_finding_kinds() == [
        "over_delivery",
        "quantity_difference",
        "receipt_without_shipment",
    ]
    shipments = await deliveries.load_rows("shipments", "document")
    assert [(r["document"], r["state"]) for r in shipments] == [
        ("asn-N1", "received"),
        ("asn-N2", "partly_received"),
    ]
    assert await deliveries.load_rows("dirty_relations") == []
    assert await reconcile_all(deliveries) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_order_of_arrival_does_not_matter(deliveries: Deliveries, seed: int) -> None:
    """Each relation gets its messages in another order and is reconciled in between."""
    await add_policy(deliveries)
    straight = await deliveries.create_relation("alfa", "4711")
    await send_history(deliveries, straight)
    await reconcile_all(deliveries)
    expected = await deliveries.load_derived_rows()
    for table in ("shipments", "due_lines", "call_offs", "transit_lines"):
        await deliveries.pool.execute(f"DELETE FROM {table}")
    for table in ("call_off_entries", "shipment_lines", "receipt_lines", "findings"):
        await deliveries.pool.execute(f"DELETE FROM {table}")
    await deliveries.pool.execute("DELETE FROM business_events")
    await send_history(deliveries, straight, seed)
    await reconcile_all(deliveries, 8)  # some time in between, too
    await deliveries.mark(straight)
    await reconcile_all(deliveries)
    assert await deliveries.load_derived_rows() == expected


async def test_a_deleted_event_leaves_no_trace(deliveries: Deliveries) -> None:
    await add_policy(deliveries, asn_expected=True)
    relation = await deliveries.create_relation()
    await deliveries.call_off(relation, "A", 0, {5: 100.0})
    receipt = await deliveries.receive(relation, 5.5, 100, "N1")
    await reconcile_all(deliveries)
    [finding] = await deliveries.load_rows("findings")
    assert (finding["kind"], finding["cleared_at"]) == ("receipt_without_shipment", None)
    assert finding["event_ids"] == [receipt]
    assert "despatch advice" in finding["detail"]
    # The advice comes late: what was wrong is cleared, and its row says since when.
    advice = await deliveries.ship(relation, "N1", 4, 100)
    await reconcile_all(deliveries)
    [cleared] = await deliveries.load_rows("findings")
    assert cleared["cleared_at"] is not None
    assert cleared["first_seen_at"] == finding["first_seen_at"]
    await deliveries.delete("shipment_lines", advice)
    await reconcile_all(deliveries)
    [again] = await deliveries.load_rows("findings")
    assert (again["cleared_at"], again["first_seen_at"]) == (None, finding["first_seen_at"])
    assert await deliveries.load_rows("shipments") == []
    assert await deliveries.load_rows("transit_lines") == []
    await deliveries.delete("receipt_lines", receipt)
    await reconcile_all(deliveries)
    [line] = await deliveries.load_rows("due_lines")
    assert (line["on_time"], line["open_quantity"]) == (False, 100)


async def test_a_revision_does_not_make_a_call_off_outdated(deliveries: Deliveries) -> None:
    await add_policy(deliveries)
    relation = await deliveries.create_relation()
    [event] = await deliveries.call_off(relation, "A", 0, {5: 100.0})
    await deliveries.call_off(relation, "B", 3, {9: 100.0})
    # A replay corrects the first call-off long after the second arrived.
    await deliveries.pool.execute(
        "INSERT INTO business_event_revisions (event_id, revision, at, mapping, body, known_from)"
        " SELECT event_id, revision, at, mapping, body, stored_at FROM business_events"
        " WHERE event_id = $1",
        event,
    )
    await deliveries.pool.execute(
        "UPDATE business_events SET revision = 2, stored_at = clock_timestamp()"
        " WHERE event_id = $1",
        event,
    )
    await reconcile_all(deliveries)
    states = {row["document"]: row["state"] for row in await deliveries.load_rows("call_offs")}
    assert states == {"A": "replaced", "B": "in_force"}
    assert await deliveries.list_finding_kinds() == []


async def test_a_changed_policy_measures_again(deliveries: Deliveries) -> None:
    relation = await deliveries.create_relation()
    await deliveries.create_relation("beta", "4711")
    await deliveries.call_off(relation, "A", 0, {5: 100.0})
    await deliveries.receive(relation, 6.5, 100)
    first = await add_policy(deliveries)
    await reconcile_all(deliveries)
    assert [r["on_time"] for r in await deliveries.load_rows("due_lines")] == [False]
    own = await add_policy(deliveries, "alfa", late="1d")
    # Marked in the transaction that wrote it, whoever wrote it, and only whom it concerns.
    assert [r["relation_id"] for r in await deliveries.load_rows("dirty_relations")] == [relation]
    await reconcile_all(deliveries)
    assert [r["on_time"] for r in await deliveries.load_rows("due_lines")] == [True]
    elements = {r["day"].day: r for r in await deliveries.load_rows("supply_elements")}
    assert {r["policy_id"] for r in elements.values()} == {own}
    await deliveries.pool.execute(
        "UPDATE supply_policies SET document = '{\"level\": 1}' WHERE id = $1", own
    )
    await reconcile_all(deliveries)  # one that cannot be read does not hold, and stops nothing
    assert [r["on_time"] for r in await deliveries.load_rows("due_lines")] == [False]
    assert {r["policy_id"] for r in await deliveries.load_rows("supply_elements")} == {first}


async def test_a_shipment_serves_several_relations(deliveries: Deliveries) -> None:
    await add_policy(deliveries)
    shipment, other = (
        await deliveries.create_relation(),
        await deliveries.create_relation(material="4712"),
    )
    parcel = {"document": "D1", "message": "m", "package_type": "carton"}
    await deliveries.ship(shipment, "N1", 4, 10, handling_unit="C1", packed_in=["P1"], **parcel)
    await deliveries.ship(other, "N1", 4, 20, handling_unit="C2", packed_in=["P1", "T1"], **parcel)
    await reconcile_all(deliveries, 4.5)
    [header] = await deliveries.load_rows("shipments")
    assert (header["state"], header["line_count"]) == ("in_transit", 2)
    units = await deliveries.load_rows("handling_units", "label")
    assert [(r["label"], r["parent_label"], r["package_type"]) for r in units] == [
        ("C1", "P1", "carton"),
        ("C2", "P1", "carton"),
        ("P1", "T1", None),
        ("T1", None, None),
    ]
    await deliveries.receive(shipment, 5.5, 10, "N1")
    await reconcile_all(deliveries, 5.8)
    [partly] = await deliveries.load_rows("shipments")
    assert (partly["id"], partly["state"]) == (header["id"], "partly_received")
    await deliveries.receive(other, 6.5, 20, "N1")
    await reconcile_all(deliveries, 7)
    [received] = await deliveries.load_rows("shipments")
    assert (received["state"], received["received_at"]) == ("received", day(6.5))
