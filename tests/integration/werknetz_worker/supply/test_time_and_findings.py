"""What time, data gaps and bad input change."""

import pytest

from plumbing.deliveries import Deliveries, day
from werknetz.domain.bucket import microseconds_of
from werknetz_worker.supply.sweep import mark_after_time

from .conftest import add_policy, reconcile_all

pytestmark = pytest.mark.asyncio


async def test_time_alone_changes_derived_rows(deliveries: Deliveries) -> None:
    await add_policy(deliveries, late="1d")
    relation = await deliveries.create_relation()
    await deliveries.call_off(relation, "A", 0, {5: 100.0})
    await deliveries.ship(relation, "N1", 4, 100, despatched_at=day(4.5))
    await reconcile_all(deliveries, 4.2)

    async def reconcile_at(now: float) -> bool:
        marked = await mark_after_time(deliveries.pool, microseconds_of(day(now)))
        await reconcile_all(deliveries, now)
        return bool(marked)

    async def state() -> str:
        return str((await deliveries.load_rows("shipments"))[0]["state"])

    assert await state() == "announced"
    assert not await reconcile_at(4.3)
    assert await reconcile_at(4.6)
    assert await state() == "in_transit"
    assert not await reconcile_at(4.9)
    assert await reconcile_at(5.2)
    assert await state() == "overdue"
    assert await reconcile_at(6.1)  # due: demanded in the cumulative quantities
    assert (await deliveries.load_rows("cumulatives"))[0]["demanded"] == 100
    assert (await deliveries.load_rows("due_lines"))[0]["state"] == "open"
    assert await reconcile_at(7.0)
    assert (await deliveries.load_rows("due_lines"))[0]["state"] == "measured"
    assert not await reconcile_at(7.01)
    assert await reconcile_at(7.1)  # what is late grows later
    assert (await deliveries.load_rows("due_lines"))[0]["delay_s"] == pytest.approx(1.1 * 86_400)


async def test_lost_messages_make_lines_uncertain(
    deliveries: Deliveries,
) -> None:
    await add_policy(deliveries)
    relation = await deliveries.create_relation()
    await deliveries.call_off(relation, "A", 0, {5: 100.0, 9: 100.0})
    await reconcile_all(deliveries)
    await deliveries.pool.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause)"
        " VALUES (gen_random_uuid(), 'alfa-edi', 'x', '{}', $1, $2, 'unrecoverable'),"
        " (gen_random_uuid(), 'alfa-edi', 'x', '{}', $3, $4, 'decode_error')",
        day(5.2),
        day(5.3),
        day(9.2),
        day(9.3),
    )
    assert await mark_after_time(deliveries.pool, microseconds_of(day(30))) == 1
    await reconcile_all(deliveries)
    lines = await deliveries.load_rows("due_lines", "due_from")
    assert [r["is_uncertain"] for r in lines] == [True, False]
    elements = await deliveries.load_rows("supply_elements")
    assert [(r["lines_due"], r["uncertain_lines"]) for r in elements] == [(1, 1), (1, 0)]
    # An outage without events may hide some; events sent later show that none were lost.
    await deliveries.pool.execute(
        "INSERT INTO outages VALUES ('alfa-edi', $1, $2)", day(9.5), day(9.6)
    )
    await mark_after_time(deliveries.pool, microseconds_of(day(30)))
    await reconcile_all(deliveries)
    assert [r["is_uncertain"] for r in await deliveries.load_rows("due_lines", "due_from")] == [
        True,
        True,
    ]
    await deliveries.receive(relation, 9.55, 100)
    await reconcile_all(deliveries)
    assert [r["is_uncertain"] for r in await deliveries.load_rows("due_lines", "due_from")] == [
        True,
        False,
    ]


async def test_each_bad_input_is_a_finding(deliveries: Deliveries) -> None:
    await add_policy(deliveries, asn_expected=True)
    bad = await deliveries.create_relation()
    since = {"cumulative_since": day(-60)}
    await deliveries.call_off(bad, "B", 3, {5: 100.0, 6: 50.0}, cumulative_received=500.0, **since)
    await deliveries.call_off(bad, "A", 1, {5: 70.0}, known_on=4)  # older than the one in force
    await deliveries.receive(bad, 5.5, 500, "N7")  # without a shipment, and far too much
    await deliveries.ship(bad, "N8", 5, 40)
    await deliveries.receive(bad, 6.5, 30, "N8")  # other than announced
    await deliveries.call_off(bad, "C", 8, {12: 10.0}, cumulative_received=100.0, **since)
    await deliveries.ship(bad, "N9", 9, 5, document="D9", message="one")
    await deliveries.ship(bad, "N9", 9, 5, document="D9", message="two")  # sent twice
    alone = await deliveries.create_relation("beta", "999")
    await deliveries.ship(alone, "N1", 4, 5)  # nobody has called it off
    unit = await deliveries.create_relation("gamma", "1000")
    await deliveries.call_off(unit, "A", 0, {5: 100.0}, unit="KGM")
    await deliveries.insert_fact(
        "receipt_lines", unit, day(5.5), message="m", document="G1", received_at=day(5.5),
        quantity=3.0, unit="MTR",  # does not fit: no base quantity
    )  # fmt: skip
    fine = await deliveries.create_relation("delta", "1")
    await deliveries.call_off(fine, "A", 0, {5: 100.0})
    await deliveries.ship(fine, "N5", 4, 100)
    await deliveries.receive(fine, 5.5, 100, "N5")
    assert await reconcile_all(deliveries) == 4
    assert await deliveries.list_finding_kinds() == [
        "cumulative_difference",
        "cumulative_step_back",
        "duplicate_document",
        "outdated_call_off",
        "over_delivery",
        "quantity_difference",
        "receipt_without_shipment",
        "shipment_without_call_off",
    ]
    for finding in await deliveries.load_rows("findings"):
        assert finding["event_ids"], finding["kind"]
        assert finding["detail"].endswith("."), finding["detail"]
        assert (finding["subject"], finding["supplier_id"] is None) == ("relation", False)
    assert [
        r["on_time"] for r in await deliveries.load_rows("due_lines") if r["relation_id"] == fine
    ] == [True]
