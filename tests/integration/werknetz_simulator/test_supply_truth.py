"""Two computations of the same supply, written apart: the platform's from bad messages,
and the truth's own from what happened. They must agree to the last piece and microsecond."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio

from plumbing.group_messages import call_offs_of, current_documents, receipts_of, shipments_of
from plumbing.group_supply import (
    CHOSEN,
    END,
    MIDDLE,
    START,
    GroupSupply,
    cumulatives,
    run_group_supply,
)
from werknetz.domain.bucket import instant_of
from werknetz.store.inventory.stock_levels import STOCK_AT
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.context.equipment_tree import EquipmentTreeCache
from werknetz_core.losses.attribution import compute_supply_caused_downtime
from werknetz_core.settings import CoreSettings
from werknetz_simulator.partners.expected import (
    cumulatives_at,
    days_of_supply,
    effective_call_offs,
    midnight_us,
    planned_hours,
    starved_spans,
    starved_time_us,
    stock_at,
    stock_outs,
)
from werknetz_simulator.partners.partners import CONSUMING_LINES, STARVING_RELATION, SupplierFirm
from werknetz_simulator.partners.timeline import LATE_DAYS
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US
from werknetz_simulator.plants.plant import PLANTS, ZWICK_2, PlantMachine
from werknetz_simulator.plants.starvation import starvation_windows
from werknetz_simulator.plants.truth import Truth

pytestmark = pytest.mark.asyncio
SEEDS = ("nordwerk", "another")
GATE_DAYS, QUARTER_US = 14, 15 * MINUTE_US
PER_HOUR, AHEAD_DAYS = 25, 60
FIRST_US = (LATE_DAYS + 1) * DAY_US + 4 * HOUR_US  # before it nothing is due that was called off
STOCK = """
SELECT w.code, m.number, s.quantity FROM ({}) AS s JOIN stock_items i ON i.id = s.stock_item_id
JOIN warehouses w ON w.id = i.warehouse_id JOIN materials m ON m.id = i.material_id"""
LINE = """
INSERT INTO line_materials (equipment_id, material_id, warehouse_id, quantity_per_item,
    items_per_hour)
SELECT e.id, m.id, w.id, 1, $4 FROM equipment e, materials m, warehouses w
WHERE e.path = $1 AND m.number = $2 AND w.code = $3"""


@pytest_asyncio.fixture(params=SEEDS)
async def supply(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[GroupSupply]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    yield await run_group_supply(pool, request.param)
    await pool.close()


async def test_the_platform_agrees_with_the_truth(
    supply: GroupSupply, database_url: str, redis_url: str
) -> None:
    await _is_badly_reported(supply)
    await _deliveries_agree(supply)
    await _sums_agree(supply)
    await _cumulatives_agree(supply)
    await _stock_agrees(supply)
    await _outs_agree(supply)
    await _starved_minutes_agree(supply)
    async with _api(supply, CoreSettings(database_url, redis_url, watermark_cache_s=0)) as get:
        await _days_of_supply_agree(supply, get)
        await _coverage_is_reported(supply, get)


async def _is_badly_reported(supply: GroupSupply) -> None:
    matches = dict(await supply.pool.fetch("SELECT kind, count(*) FROM findings GROUP BY kind"))
    assert {"outdated_call_off", "duplicate_document"} <= matches.keys()
    assert await supply.pool.fetchval("SELECT count(*) FROM business_event_revisions") > 100
    documents = supply.stream.messages
    late = [chosen for chosen in documents if chosen.received_us > chosen.document.at_us + DAY_US]
    assert len(late) > len(documents) // 20
    assert len(documents) > 4000


async def _deliveries_agree(supply: GroupSupply) -> None:
    """Line by line, also what nobody can be sure of."""
    judged = 0
    for relation in CHOSEN:
        rows = await supply.pool.fetch(
            "SELECT d.due_from, d.window_from, d.window_until, d.quantity, d.fulfilled_at, "
            "d.on_time, d.in_full, d.is_uncertain "
            "FROM due_lines d JOIN supply_relations r ON r.id = d.relation_id "
            "JOIN materials m ON m.id = r.material_id "
            "WHERE m.number = $1 AND d.state = 'measured' ORDER BY d.due_from",
            relation.material,
        )
        expected = zip(supply.lines(relation), supply.doubtful(relation), strict=True)
        assert [tuple(row) for row in rows] == [
            (
                *map(instant_of, (midnight_us(line.due), *line.window)), line.quantity,
                None if line.filled_us is None else instant_of(line.filled_us),
                line.on_time, line.in_full, doubtful,
            )
            for line, doubtful in expected
        ], relation  # fmt: skip
        judged += len(rows)
    assert judged > 300
    loser, _ = supply.stream.lost
    after = [line for line in supply.lines(loser) if line.window[0] > supply.gap[1]]
    # What is short stays short, and a finding says so.
    assert sum(supply.doubtful(loser)) > len(after) // 2


async def _sums_agree(supply: GroupSupply) -> None:
    """On time, in full and OTIF of each supplier are sums of elements; coverage says what is not
    certain of them."""
    for firm in {chosen.firm for chosen in CHOSEN}:
        row = await supply.pool.fetchrow(
            "SELECT sum(lines_due), sum(lines_on_time), sum(lines_in_full), sum(lines_otif), "
            "sum(uncertain_lines) FROM supply_elements e "
            "JOIN supply_relations r ON r.id = e.relation_id "
            "JOIN partner_identities i ON i.partner_id = r.supplier_id WHERE i.value = $1",
            firm.number,
        )
        expected = [
            line for chosen in CHOSEN if chosen.firm == firm for line in supply.lines(chosen)
        ]
        assert tuple(row)[:4] == (
            len(expected),
            sum(line.on_time for line in expected),
            sum(line.in_full for line in expected),
            sum(line.otif for line in expected),
        ), firm
        doubtful = [
            line for entry in CHOSEN if entry.firm == firm for line in supply.doubtful(entry)
        ]
        assert row[4] == sum(doubtful)


async def _cumulatives_agree(supply: GroupSupply) -> None:
    half = current_documents(supply.stream.until(MIDDLE))
    for at_us, received, matches in (
        (MIDDLE, half, supply.middle),
        (END, supply.received, await cumulatives(supply.pool)),
    ):
        for relation, documents in received.items():
            sums = cumulatives_at(
                effective_call_offs(call_offs_of(documents)),
                shipments_of(documents),
                receipts_of(documents),
                at_us,
            )
            expected = (sums.demanded, sums.received, sums.in_transit)
            assert matches[relation] == expected, (relation, at_us)


async def _stock_agrees(supply: GroupSupply) -> None:
    """At any moment, also as known when only the first half had arrived."""
    half = current_documents(supply.stream.until(MIDDLE))
    differs = 0
    for at_us in range(START + 2 * HOUR_US, END, 9 * DAY_US + 5 * HOUR_US):
        matches = await _stock(supply.pool, at_us, None)
        known_at_time = await _stock(supply.pool, at_us, supply.middle_at)
        for chosen in CHOSEN:
            place = chosen.warehouse.code, chosen.material
            assert matches[place] == stock_at(supply.truth[chosen], at_us), (chosen, at_us)
            assert known_at_time[place] == stock_at(half[chosen], at_us), (chosen, at_us)
            differs += matches[place] != known_at_time[place]
    assert differs > len(CHOSEN)


async def _stock(
    pool: asyncpg.Pool, at_us: int, known_at: datetime | None
) -> dict[tuple[str, str], float]:
    items = [row[0] for row in await pool.fetch("SELECT id FROM stock_items")]
    parameters = str(STOCK_AT)
    for number, name in enumerate((":items", ":at", ":known_at"), 1):
        parameters = parameters.replace(name, f"${number}")
    statement = STOCK.format(parameters)
    rows = await pool.fetch(statement, items, instant_of(at_us), known_at)
    return {(row[0], row[1]): row[2] for row in rows}


async def _outs_agree(supply: GroupSupply) -> None:
    for chosen in CHOSEN:
        rows = await supply.pool.fetch(
            "SELECT o.start_at, o.end_at FROM stock_outs o "
            "JOIN materials m ON m.id = o.material_id WHERE m.number = $1 ORDER BY o.start_at",
            chosen.material,
        )
        assert [tuple(row) for row in rows] == [
            (instant_of(start), None if end is None else instant_of(end))
            for start, end in stock_outs(supply.truth[chosen])
        ], chosen
    planted = [span for span in stock_outs(supply.truth[STARVING_RELATION]) if span[1] is not None]
    spans = starvation_windows(
        ZWICK_2, STARVING_RELATION.starved_line, supply.seed, START + FIRST_US, END
    )
    assert len(spans) > 60
    assert {span for span in spans if span[0] >= START + FIRST_US and span[1] <= END} <= {*planted}


async def _starved_minutes_agree(supply: GroupSupply) -> None:
    """Each minute of the line that stands leads to the one supplier that was late; no other."""
    span = END - GATE_DAYS * DAY_US, END
    truth = Truth(ZWICK_2, since_us=span[0], seed=supply.seed)
    await _machines_stand(supply.pool, truth, span)
    await supply.pool.execute(
        LINE,
        _line_path(),
        STARVING_RELATION.material,
        STARVING_RELATION.warehouse.code,
        float(PER_HOUR),
    )
    tree = await EquipmentTreeCache(supply.pool, refresh_s=60).refresh()
    nodes = [node for node in tree.subtree(ZWICK_2.path) if node.level == "machine"]
    async with supply.pool.acquire() as connection:
        answer = await compute_supply_caused_downtime(connection, tree, nodes, *span, END)
    line = [chosen for chosen in ZWICK_2.machines if chosen.line == STARVING_RELATION.starved_line]
    others = [chosen for chosen in ZWICK_2.machines if chosen not in line]
    missing = stock_outs(supply.truth[STARVING_RELATION])
    inside, outside = starved_time_us(truth, line, missing, span)
    elsewhere = sum(starved_time_us(truth, others, (), span))
    assert outside == 0
    assert inside > 20 * HOUR_US
    assert elsewhere > HOUR_US
    assert answer.attributed_us == inside
    assert answer.unattributed == {"no_line_material": elsewhere}
    by_supplier: dict[str, int] = {}
    for loss in answer.losses:
        (out,) = loss.stock_outs
        (name,) = {late.supplier for late in answer.late_deliveries[out.id]}
        by_supplier[name] = by_supplier.get(name, 0) + loss.machine_us
    assert by_supplier == {await _key_of(supply, STARVING_RELATION.firm): inside}


async def _key_of(supply: GroupSupply, firm: SupplierFirm) -> str:
    key: str = await supply.pool.fetchval(
        "SELECT p.key FROM partners p JOIN partner_identities i ON i.partner_id = p.id "
        "WHERE i.value = $1",
        firm.number,
    )
    return key


def _line_path() -> str:
    return next(
        chosen.path.rpartition("/")[0]
        for chosen in ZWICK_2.machines
        if chosen.line == STARVING_RELATION.starved_line
    )


async def _machines_stand(pool: asyncpg.Pool, truth: Truth, span: tuple[int, int]) -> None:
    """Write the starved pieces as the worker leaves them: cut at the quarter."""
    ids = {row[0]: row[1] for row in await pool.fetch("SELECT path, id FROM equipment")}
    records = [
        (ids[machine.path], instant_of(begin), instant_of(end), 6, "adet")
        for machine in ZWICK_2.machines
        for begin, end in _quarters(truth, machine, span)
    ]
    await pool.copy_records_to_table(
        "state_pieces", records=records,
        columns=("equipment_id", "start_at", "end_at", "state", "category"),
    )  # fmt: skip


def _quarters(
    truth: Truth, machine: PlantMachine, span: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    for start_us, until_us in starved_spans(truth, machine, span):
        begin_us = start_us
        while begin_us < until_us:
            end_us = min(begin_us - begin_us % QUARTER_US + QUARTER_US, until_us)
            yield begin_us, end_us
            begin_us = end_us


@asynccontextmanager
async def _api(supply: GroupSupply, settings: CoreSettings) -> AsyncIterator[Any]:
    """The API at the end of the simulated time."""
    app = create_app(settings, now_us=lambda: END)
    key = generate_key()
    await supply.pool.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'truth', 'viewer')",
        key.prefix, key.hash,
    )  # fmt: skip
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://core/api/v1") as client,
    ):

        async def get(path: str, **query: Any) -> Any:
            answer = await client.get(path, params=query, headers={"X-API-Key": key.key})
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield get


async def _days_of_supply_agree(supply: GroupSupply, get: Any) -> None:
    """Against what the lines will take by their shifts, at several moments."""
    for plant in PLANTS.values():
        await supply.pool.execute(
            "INSERT INTO shift_calendars (equipment_id, valid_from, document) "
            "SELECT id, '2020-01-01Z', $2 FROM equipment WHERE path = $1",
            plant.path, json.dumps(plant.plan.to_document()),
        )  # fmt: skip
    emden = next(chosen for chosen in CHOSEN if chosen.warehouse.plant == "emden-1")
    path = f"{emden.warehouse.path}/{CONSUMING_LINES['emden-1']}"
    await supply.pool.execute(LINE, path, emden.material, emden.warehouse.code, float(PER_HOUR))
    half = current_documents(supply.stream.until(MIDDLE))
    numbers = set()
    for at_us in range(START + 8 * DAY_US, END, 6 * DAY_US + 7 * HOUR_US):
        for chosen in (STARVING_RELATION, emden):
            plan = PLANTS[chosen.warehouse.plant].plan
            expected_rows = [PER_HOUR * hours for hours in planned_hours(plan, at_us, AHEAD_DAYS)]
            for known_at_time, documents in (
                (None, supply.truth[chosen]),
                (supply.middle_at, half[chosen]),
            ):
                query = {"known_at": known_at_time.isoformat()} if known_at_time else {}
                (matches,) = (
                    await get(
                        "days_of_supply", at=instant_of(at_us).isoformat(),
                        material=chosen.material,
                        days=AHEAD_DAYS, **query,
                    )
                )["items"]  # fmt: skip
                expected = days_of_supply(stock_at(documents, at_us), expected_rows)
                assert matches["days_of_supply"] == pytest.approx(expected, abs=1e-9), (
                    chosen,
                    at_us,
                )
                assert matches["stock"] == stock_at(documents, at_us)
                numbers.add(expected)
    assert len(numbers) > 20


async def _coverage_is_reported(supply: GroupSupply, get: Any) -> None:
    """On time, in full and OTIF as the API gives them, with the share that is certain."""
    for firm in {chosen.firm for chosen in CHOSEN}:
        key = await _key_of(supply, firm)
        answer = await get(
            "kpi_values", supplier=key, kpi=["otif", "on_time_delivery", "in_full"],
            start=instant_of(START).isoformat(), end=instant_of(END).isoformat(),
            granularity="none",
        )  # fmt: skip
        expected = [
            line for chosen in CHOSEN if chosen.firm == firm for line in supply.lines(chosen)
        ]
        doubtful = [
            line for entry in CHOSEN if entry.firm == firm for line in supply.doubtful(entry)
        ]
        matches = {item["kpi"]: item for item in answer["items"]}
        for kpi, good in (
            ("otif", [line.otif for line in expected]),
            ("on_time_delivery", [line.on_time for line in expected]),
            ("in_full", [line.in_full for line in expected]),
        ):
            assert matches[kpi]["value"] == pytest.approx(sum(good) / len(good), abs=1e-12)
            certain = 1 - sum(doubtful) / len(doubtful)
            assert matches[kpi]["coverage"] == pytest.approx(certain, abs=1e-12)
