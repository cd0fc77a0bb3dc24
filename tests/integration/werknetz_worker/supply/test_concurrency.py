"""Several workers, workers that are killed, and relations that fail."""

import asyncio

import asyncpg
import pytest

from plumbing.deliveries import Deliveries
from werknetz.kpi.supply.facts import RelationFacts, Terms
from werknetz.kpi.supply.relation import ReconciledRelation
from werknetz_worker.supply import facts, findings
from werknetz_worker.supply import reconcile as module

from .conftest import add_policy, reconcile_all, send_history

pytestmark = pytest.mark.asyncio


async def test_several_workers_do_the_work_once(deliveries: Deliveries) -> None:
    await add_policy(deliveries)
    relations = [
        await deliveries.create_relation(supplier, f"{number}")
        for supplier in ("alfa", "beta", "gamma")
        for number in range(6)
    ]
    for relation in relations:
        await deliveries.call_off(relation, f"A{relation}", 0, {5: 100.0, 6: 50.0})

    async def send() -> None:
        for relation in relations:
            # One advice for several relations of each supplier.
            await deliveries.ship(relation, f"N{relation % 2}", 4, 10)
            await deliveries.receive(relation, 5.5, 100, f"N{relation % 2}")

    telling = asyncio.create_task(send())
    while not telling.done():
        await asyncio.gather(*(reconcile_all(deliveries) for _ in range(4)))
    await telling
    while await deliveries.pool.fetchval("SELECT count(*) FROM dirty_relations"):
        await asyncio.gather(*(reconcile_all(deliveries) for _ in range(4)))
    counts = await deliveries.load_derived_rows()
    for relation in relations:
        await deliveries.mark(relation)
    await reconcile_all(deliveries)
    assert await deliveries.load_derived_rows() == counts
    assert len(await deliveries.load_rows("due_lines")) == 2 * len(relations)


async def test_a_killed_worker_changes_nothing(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_policy(deliveries)
    relation = await deliveries.create_relation()
    await send_history(deliveries, relation)
    await reconcile_all(deliveries, 5)
    before = await deliveries.load_derived_rows()
    await deliveries.receive(relation, 5.7, 30)
    replace = findings.replace_findings

    async def kill_backend(connection: asyncpg.Connection, *_: object) -> None:
        # The last step before the marks: everything is written, nothing committed.
        await deliveries.pool.execute(
            "SELECT pg_terminate_backend($1)", connection.get_server_pid()
        )
        while True:
            await connection.execute("SELECT 1")

    monkeypatch.setattr(findings, "replace_findings", kill_backend)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await reconcile_all(deliveries)
    monkeypatch.setattr(findings, "replace_findings", replace)
    assert await deliveries.load_derived_rows() == before
    assert len(await deliveries.load_rows("dirty_relations")) == 1
    await reconcile_all(deliveries)
    assert await deliveries.load_derived_rows() != before


async def test_a_failing_relation_does_not_stop_the_others(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_policy(deliveries)
    bad, good = (
        await deliveries.create_relation(),
        await deliveries.create_relation(material="4712"),
    )
    for relation in (bad, good):
        await deliveries.call_off(relation, "A", 0, {5: 100.0})
        await deliveries.call_off(relation, "A", 0, {6: float("nan")})  # as some files have it
    reconciled = module.reconcile

    def breaks(relation: RelationFacts, terms: Terms) -> ReconciledRelation:
        if relation.material == "4711":
            raise ZeroDivisionError
        return reconciled(relation, terms)

    monkeypatch.setattr(module, "reconcile", breaks)
    assert await reconcile_all(deliveries) == 1
    assert [r["relation_id"] for r in await deliveries.load_rows("due_lines")] == [good]
    assert [r["relation_id"] for r in await deliveries.load_rows("dirty_relations")] == [bad]
    assert await reconcile_all(deliveries) == 0  # it waits
    monkeypatch.setattr(module, "reconcile", reconciled)
    await deliveries.pool.execute("UPDATE dirty_relations SET marked_at = clock_timestamp()")
    assert await reconcile_all(deliveries) == 1
    assert len(await deliveries.load_rows("due_lines")) == 2


async def test_a_mark_set_meanwhile_stays(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_policy(deliveries)
    relation = await deliveries.create_relation()
    await deliveries.call_off(relation, "A", 0, {5: 100.0})
    load = facts.load_relations

    async def loads(connection: asyncpg.Connection, ids: list[int]) -> list[facts.RelationSubject]:
        subjects = await load(connection, ids)
        await deliveries.receive(relation, 5.5, 100)  # by another, right after the facts were read
        return subjects

    monkeypatch.setattr(facts, "load_relations", loads)
    assert await reconcile_all(deliveries) == 1
    assert len(await deliveries.load_rows("dirty_relations")) == 1
    monkeypatch.setattr(facts, "load_relations", load)
    await reconcile_all(deliveries)
    assert [r["on_time"] for r in await deliveries.load_rows("due_lines")] == [True]
