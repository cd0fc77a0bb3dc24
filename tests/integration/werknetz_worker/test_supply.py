"""Relations reconciled in a real database: what follows, whatever came when, and who is killed."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio

from plumbing.deliveries import Deliveries, day
from werknetz.domain.bucket import microseconds_of
from werknetz.kpi.supply.facts import RelationFacts, Terms
from werknetz.kpi.supply.relation import ReconciledRelation
from werknetz_worker.supply import facts, findings
from werknetz_worker.supply import reconcile as module
from werknetz_worker.supply.reconcile import dirty_relations
from werknetz_worker.supply.sweep import sweep
from werknetz_worker.watermarks import Watermarks

pytestmark = pytest.mark.asyncio
NOBODY = Watermarks(None)


@pytest_asyncio.fixture
async def books(database_url: str) -> AsyncIterator[Deliveries]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=6, timeout=10)
    yield Deliveries(pool)
    await pool.close()


async def work(books: Deliveries, now: float = 30) -> int:
    now_us = microseconds_of(day(now))
    return await dirty_relations(books.pool, NOBODY, now_us=now_us, seconds_max=60)


async def policy(books: Deliveries, supplier: str | None = None, **document: object) -> int:
    """Make a version that has always held."""
    number: int = await books.pool.fetchval(
        "INSERT INTO supply_policies (supplier_id, version, valid_from, document) VALUES"
        " ((SELECT id FROM partners WHERE key = $1),"
        " 1 + (SELECT count(*) FROM supply_policies), '2020-01-01Z', $2) RETURNING id",
        supplier,
        json.dumps({"early": "0h", "frozen_days": 0, "asn_expected": False, **document}),
    )
    return number


async def tell_a_story(books: Deliveries, relation: int, seed: int | None = None) -> None:
    """Call off, replace, ship and receive; in another order for each seed."""
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: books.call_off(relation, "A", 0, {5: 100.0, 6: 100.0, 9: 100.0}),
        lambda: books.call_off(relation, "B", 3, {5: 100.0, 6: 100.0, 9: 50.0, 12: 80.0}),
        lambda: books.ship(relation, "N1", 4, 100),
        lambda: books.ship(relation, "N2", 5, 120),
        lambda: books.receive(relation, 5.5, 100, "N1"),
        lambda: books.receive(relation, 7.5, 110, "N2"),
        lambda: books.receive(relation, 9.5, 200, "N9"),
    ]
    if seed is not None:
        random.Random(seed).shuffle(steps)
    for step in steps:
        await step()


async def test_from_facts_to_rows(books: Deliveries) -> None:
    relation = await books.relation()
    await policy(books, asn_expected=True)
    await tell_a_story(books, relation)
    assert await work(books) == 1
    call_offs = await books.rows("call_offs", "issued_at")
    assert [(r["document"], r["state"], r["entries"], r["quantity"]) for r in call_offs] == [
        ("A", "replaced", 3, 300),
        ("B", "in_force", 4, 330),
    ]
    assert call_offs[0]["in_force_to"] == day(3)
    lines = await books.rows("due_lines", "due_from")
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
    [cumulative] = await books.rows("cumulatives")
    assert (cumulative["demanded"], cumulative["received"]) == (330, 410)
    assert await books.kinds() == [
        "over_delivery",
        "quantity_difference",
        "receipt_without_shipment",
    ]
    shipments = await books.rows("shipments", "document")
    assert [(r["document"], r["state"]) for r in shipments] == [
        ("asn-N1", "received"),
        ("asn-N2", "partly_received"),
    ]
    assert await books.rows("dirty_relations") == []
    assert await work(books) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_order_in_which_it_was_written_does_not_matter(
    books: Deliveries, seed: int
) -> None:
    """Each relation is told in an order of its own, and reconciled in between."""
    await policy(books)
    straight = await books.relation("alfa", "4711")
    await tell_a_story(books, straight)
    await work(books)
    expected = await books.derived()
    for table in ("shipments", "due_lines", "call_offs", "transit_lines"):
        await books.pool.execute(f"DELETE FROM {table}")
    for table in ("call_off_entries", "shipment_lines", "receipt_lines", "findings"):
        await books.pool.execute(f"DELETE FROM {table}")
    await books.pool.execute("DELETE FROM business_events")
    await tell_a_story(books, straight, seed)
    await work(books, 8)  # some time in between, too
    await books.mark(straight)
    await work(books)
    assert await books.derived() == expected


async def test_a_deleted_event_is_as_if_it_had_never_been(books: Deliveries) -> None:
    await policy(books, asn_expected=True)
    relation = await books.relation()
    await books.call_off(relation, "A", 0, {5: 100.0})
    receipt = await books.receive(relation, 5.5, 100, "N1")
    await work(books)
    [finding] = await books.rows("findings")
    assert (finding["kind"], finding["cleared_at"]) == ("receipt_without_shipment", None)
    assert finding["event_ids"] == [receipt]
    assert "despatch advice" in finding["detail"]
    # The advice comes late: what was wrong is cleared, and its row says since when.
    advice = await books.ship(relation, "N1", 4, 100)
    await work(books)
    [cleared] = await books.rows("findings")
    assert cleared["cleared_at"] is not None
    assert cleared["first_seen_at"] == finding["first_seen_at"]
    await books.delete("shipment_lines", advice)
    await work(books)
    [again] = await books.rows("findings")
    assert (again["cleared_at"], again["first_seen_at"]) == (None, finding["first_seen_at"])
    assert await books.rows("shipments") == []
    assert await books.rows("transit_lines") == []
    await books.delete("receipt_lines", receipt)
    await work(books)
    [line] = await books.rows("due_lines")
    assert (line["on_time"], line["open_quantity"]) == (False, 100)


async def test_a_revision_does_not_make_a_call_off_outdated(books: Deliveries) -> None:
    await policy(books)
    relation = await books.relation()
    [event] = await books.call_off(relation, "A", 0, {5: 100.0})
    await books.call_off(relation, "B", 3, {9: 100.0})
    # A replay says better what the first call-off said, long after the second was known.
    await books.pool.execute(
        "INSERT INTO business_event_revisions (event_id, revision, at, mapping, body, known_from)"
        " SELECT event_id, revision, at, mapping, body, stored_at FROM business_events"
        " WHERE event_id = $1",
        event,
    )
    await books.pool.execute(
        "UPDATE business_events SET revision = 2, stored_at = clock_timestamp()"
        " WHERE event_id = $1",
        event,
    )
    await work(books)
    states = {row["document"]: row["state"] for row in await books.rows("call_offs")}
    assert states == {"A": "replaced", "B": "in_force"}
    assert await books.kinds() == []


async def test_a_policy_that_changes_measures_again(books: Deliveries) -> None:
    relation = await books.relation()
    await books.relation("beta", "4711")
    await books.call_off(relation, "A", 0, {5: 100.0})
    await books.receive(relation, 6.5, 100)
    first = await policy(books)
    await work(books)
    assert [r["on_time"] for r in await books.rows("due_lines")] == [False]
    own = await policy(books, "alfa", late="1d")
    # Marked in the transaction that wrote it, whoever wrote it, and only whom it concerns.
    assert [r["relation_id"] for r in await books.rows("dirty_relations")] == [relation]
    await work(books)
    assert [r["on_time"] for r in await books.rows("due_lines")] == [True]
    elements = {r["day"].day: r for r in await books.rows("supply_elements")}
    assert {r["policy_id"] for r in elements.values()} == {own}
    await books.pool.execute(
        "UPDATE supply_policies SET document = '{\"level\": 1}' WHERE id = $1", own
    )
    await work(books)  # one that cannot be read does not hold, and stops nothing
    assert [r["on_time"] for r in await books.rows("due_lines")] == [False]
    assert {r["policy_id"] for r in await books.rows("supply_elements")} == {first}


async def test_several_workers_at_once_do_it_once(books: Deliveries) -> None:
    await policy(books)
    relations = [
        await books.relation(supplier, f"{number}")
        for supplier in ("alfa", "beta", "gamma")
        for number in range(6)
    ]
    for relation in relations:
        await books.call_off(relation, f"A{relation}", 0, {5: 100.0, 6: 50.0})

    async def tell() -> None:
        for relation in relations:
            # One advice for several relations of each supplier.
            await books.ship(relation, f"N{relation % 2}", 4, 10)
            await books.receive(relation, 5.5, 100, f"N{relation % 2}")

    telling = asyncio.create_task(tell())
    while not telling.done():
        await asyncio.gather(*(work(books) for _ in range(4)))
    await telling
    while await books.pool.fetchval("SELECT count(*) FROM dirty_relations"):
        await asyncio.gather(*(work(books) for _ in range(4)))
    found = await books.derived()
    for relation in relations:
        await books.mark(relation)
    await work(books)
    assert await books.derived() == found
    assert len(await books.rows("due_lines")) == 2 * len(relations)


async def test_killed_in_between_leaves_all_as_it_was(
    books: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await policy(books)
    relation = await books.relation()
    await tell_a_story(books, relation)
    await work(books, 5)
    before = await books.derived()
    await books.receive(relation, 5.7, 30)
    replace = findings.replace

    async def killed(connection: asyncpg.Connection, *_: object) -> None:
        # The last step before the marks: everything is written, nothing committed.
        await books.pool.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
        while True:
            await connection.execute("SELECT 1")

    monkeypatch.setattr(findings, "replace", killed)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await work(books)
    monkeypatch.setattr(findings, "replace", replace)
    assert await books.derived() == before
    assert len(await books.rows("dirty_relations")) == 1
    await work(books)
    assert await books.derived() != before


async def test_one_that_cannot_be_reconciled_does_not_stop_the_others(
    books: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await policy(books)
    bad, good = await books.relation(), await books.relation(material="4712")
    for relation in (bad, good):
        await books.call_off(relation, "A", 0, {5: 100.0})
        await books.call_off(relation, "A", 0, {6: float("nan")})  # as some files have it
    reconciled = module.reconcile

    def breaks(relation: RelationFacts, terms: Terms) -> ReconciledRelation:
        if relation.material == "4711":
            raise ZeroDivisionError
        return reconciled(relation, terms)

    monkeypatch.setattr(module, "reconcile", breaks)
    assert await work(books) == 1
    assert [r["relation_id"] for r in await books.rows("due_lines")] == [good]
    assert [r["relation_id"] for r in await books.rows("dirty_relations")] == [bad]
    assert await work(books) == 0  # it waits
    monkeypatch.setattr(module, "reconcile", reconciled)
    await books.pool.execute("UPDATE dirty_relations SET marked_at = clock_timestamp()")
    assert await work(books) == 1
    assert len(await books.rows("due_lines")) == 2


async def test_what_is_marked_meanwhile_stays_marked(
    books: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await policy(books)
    relation = await books.relation()
    await books.call_off(relation, "A", 0, {5: 100.0})
    load = facts.load

    async def loads(connection: asyncpg.Connection, ids: list[int]) -> list[facts.Subject]:
        found = await load(connection, ids)
        await books.receive(relation, 5.5, 100)  # by another, right after the facts were read
        return found

    monkeypatch.setattr(facts, "load", loads)
    assert await work(books) == 1
    assert len(await books.rows("dirty_relations")) == 1
    monkeypatch.setattr(facts, "load", load)
    await work(books)
    assert [r["on_time"] for r in await books.rows("due_lines")] == [True]


async def test_a_shipment_serves_several_relations(books: Deliveries) -> None:
    await policy(books)
    one, other = await books.relation(), await books.relation(material="4712")
    parcel = {"document": "D1", "message": "m", "package_type": "carton"}
    await books.ship(one, "N1", 4, 10, handling_unit="C1", packed_in=["P1"], **parcel)
    await books.ship(other, "N1", 4, 20, handling_unit="C2", packed_in=["P1", "T1"], **parcel)
    await work(books, 4.5)
    [header] = await books.rows("shipments")
    assert (header["state"], header["line_count"]) == ("in_transit", 2)
    units = await books.rows("handling_units", "label")
    assert [(r["label"], r["parent_label"], r["package_type"]) for r in units] == [
        ("C1", "P1", "carton"),
        ("C2", "P1", "carton"),
        ("P1", "T1", None),
        ("T1", None, None),
    ]
    await books.receive(one, 5.5, 10, "N1")
    await work(books, 5.8)
    [partly] = await books.rows("shipments")
    assert (partly["id"], partly["state"]) == (header["id"], "partly_received")
    await books.receive(other, 6.5, 20, "N1")
    await work(books, 7)
    [received] = await books.rows("shipments")
    assert (received["state"], received["received_at"]) == ("received", day(6.5))


async def test_time_alone_changes_what_follows(books: Deliveries) -> None:
    await policy(books, late="1d")
    relation = await books.relation()
    await books.call_off(relation, "A", 0, {5: 100.0})
    await books.ship(relation, "N1", 4, 100, despatched_at=day(4.5))
    await work(books, 4.2)

    async def passed(now: float) -> bool:
        marked = await sweep(books.pool, microseconds_of(day(now)))
        await work(books, now)
        return bool(marked)

    async def state() -> str:
        return str((await books.rows("shipments"))[0]["state"])

    assert await state() == "announced"
    assert not await passed(4.3)
    assert await passed(4.6)
    assert await state() == "in_transit"
    assert not await passed(4.9)
    assert await passed(5.2)
    assert await state() == "overdue"
    assert await passed(6.1)  # due: demanded in the cumulative quantities
    assert (await books.rows("cumulatives"))[0]["demanded"] == 100
    assert (await books.rows("due_lines"))[0]["state"] == "open"
    assert await passed(7.0)
    assert (await books.rows("due_lines"))[0]["state"] == "measured"
    assert not await passed(7.01)
    assert await passed(7.1)  # what is late grows later
    assert (await books.rows("due_lines"))[0]["delay_s"] == pytest.approx(1.1 * 86_400)


async def test_what_was_lost_before_it_was_accepted_makes_lines_uncertain(
    books: Deliveries,
) -> None:
    await policy(books)
    relation = await books.relation()
    await books.call_off(relation, "A", 0, {5: 100.0, 9: 100.0})
    await work(books)
    await books.pool.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause)"
        " VALUES (gen_random_uuid(), 'alfa-edi', 'x', '{}', $1, $2, 'unrecoverable'),"
        " (gen_random_uuid(), 'alfa-edi', 'x', '{}', $3, $4, 'decode_error')",
        day(5.2),
        day(5.3),
        day(9.2),
        day(9.3),
    )
    assert await sweep(books.pool, microseconds_of(day(30))) == 1
    await work(books)
    lines = await books.rows("due_lines", "due_from")
    assert [r["is_uncertain"] for r in lines] == [True, False]
    elements = await books.rows("supply_elements")
    assert [(r["lines_due"], r["uncertain_lines"]) for r in elements] == [(1, 1), (1, 0)]
    # A hole in the heartbeat in which nothing was told may hide something; told later, it does not.
    await books.pool.execute("INSERT INTO outages VALUES ('alfa-edi', $1, $2)", day(9.5), day(9.6))
    await sweep(books.pool, microseconds_of(day(30)))
    await work(books)
    assert [r["is_uncertain"] for r in await books.rows("due_lines", "due_from")] == [True, True]
    await books.receive(relation, 9.55, 100)
    await work(books)
    assert [r["is_uncertain"] for r in await books.rows("due_lines", "due_from")] == [True, False]


async def test_bad_input_is_a_finding_each_and_stops_nothing(books: Deliveries) -> None:
    await policy(books, asn_expected=True)
    bad = await books.relation()
    since = {"cumulative_since": day(-60)}
    await books.call_off(bad, "B", 3, {5: 100.0, 6: 50.0}, cumulative_received=500.0, **since)
    await books.call_off(bad, "A", 1, {5: 70.0}, known=4)  # older than the one in force
    await books.receive(bad, 5.5, 500, "N7")  # without a shipment, and far too much
    await books.ship(bad, "N8", 5, 40)
    await books.receive(bad, 6.5, 30, "N8")  # other than announced
    await books.call_off(bad, "C", 8, {12: 10.0}, cumulative_received=100.0, **since)
    await books.ship(bad, "N9", 9, 5, document="D9", message="one")
    await books.ship(bad, "N9", 9, 5, document="D9", message="two")  # sent twice
    alone = await books.relation("beta", "999")
    await books.ship(alone, "N1", 4, 5)  # nobody has called it off
    unit = await books.relation("gamma", "1000")
    await books.call_off(unit, "A", 0, {5: 100.0}, unit="KGM")
    await books.fact(
        "receipt_lines", unit, day(5.5), message="m", document="G1", received_at=day(5.5),
        quantity=3.0, unit="MTR",  # does not fit: no base quantity
    )  # fmt: skip
    fine = await books.relation("delta", "1")
    await books.call_off(fine, "A", 0, {5: 100.0})
    await books.ship(fine, "N5", 4, 100)
    await books.receive(fine, 5.5, 100, "N5")
    assert await work(books) == 4
    assert await books.kinds() == [
        "cumulative_difference",
        "cumulative_step_back",
        "duplicate_document",
        "outdated_call_off",
        "over_delivery",
        "quantity_difference",
        "receipt_without_shipment",
        "shipment_without_call_off",
    ]
    for finding in await books.rows("findings"):
        assert finding["event_ids"], finding["kind"]
        assert finding["detail"].endswith("."), finding["detail"]
        assert (finding["subject"], finding["supplier_id"] is None) == ("relation", False)
    assert [r["on_time"] for r in await books.rows("due_lines") if r["relation_id"] == fine] == [
        True
    ]
