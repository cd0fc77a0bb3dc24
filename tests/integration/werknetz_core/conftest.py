"""A small plant in the database, and the API in the process, with its own clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest_asyncio
from fastapi import FastAPI

from plumbing.servers import API, OWNER, ROWS_KEY, url_as
from plumbing.shared_routes import shared_routes
from werknetz.domain.bucket import microseconds_of
from werknetz.store.session import Database, PoolOptions
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings

NOW = datetime.fromisoformat("2026-11-20T10:07:00+00:00")  # a Friday; 11:07 in Emden
PLANT = "nordwerk/emden-1"
LINE = f"{PLANT}/body/line-2"
PRESS, ROBOT = f"{LINE}/press-3", f"{LINE}/robot-14"
OTHER = "nordwerk/zwick-2/mill/line-1/mill-1"
EVENT_ID = UUID("6f0c1d2e-0000-4000-8000-000000000001")
CALENDAR = """{"time_zone": "Europe/Berlin", "cycle_days": 7, "anchor": "2026-01-05", "shifts": [
    {"name": "early", "days": [0,1,2,3,4], "start": "06:00", "end": "14:00",
     "breaks": [["10:00","10:30"]]},
    {"name": "late", "days": [0,1,2,3,4], "start": "14:00", "end": "22:00"}]}"""


@dataclass
class World:
    app: FastAPI
    client: httpx2.AsyncClient
    database: asyncpg.Connection
    ids: dict[str, int]
    url: str  # of the owner of the tables; the API has a role that may less
    owner: Database
    now: list[datetime] = field(default_factory=lambda: [NOW])

    async def get(self, path: str, key: str = "viewer", **options: object) -> httpx2.Response:
        headers = {"X-API-Key": self.keys[key], **options.pop("headers", {})}  # type: ignore[dict-item] # a test's dict
        return await self.client.get(f"/api/v1{path}", headers=headers, **options)  # type: ignore[arg-type] # as above

    keys: dict[str, str] = field(default_factory=dict)


@pytest_asyncio.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    # Half a second, as users have, is too short for a machine that runs other tests.
    settings = CoreSettings(
        database_url, redis_url, watermark_cache_s=0, wrong_keys_per_min=0, redis_timeout_s=10
    )
    async with open_world(settings) as opened:
        yield opened


@asynccontextmanager
async def open_world(settings: CoreSettings) -> AsyncIterator[World]:
    now = [NOW]
    url = url_as(settings.database_url, OWNER)
    settings = replace(settings, database_url=url_as(url, API), rows_key=ROWS_KEY)
    with shared_routes():
        app = create_app(settings, now_us=lambda: microseconds_of(now[0]))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    database = await asyncpg.connect(url)
    owner = Database(url, PoolOptions("test", 4, 60))
    ids, keys = await fill(database)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://core") as client,
    ):
        yield World(app, client, database, ids, url, owner, now, keys)
    await owner.close()
    await database.close()
    await asyncio.sleep(0)


async def fill(database: asyncpg.Connection) -> tuple[dict[str, int], dict[str, str]]:
    ids: dict[str, int] = {}
    levels = ("enterprise", "plant", "area", "line", "machine")
    for machine in (PRESS, ROBOT, OTHER):
        parts = machine.split("/")
        for depth, level in enumerate(levels, start=1):
            path = "/".join(parts[:depth])
            if path in ids:
                continue
            ids[path] = await database.fetchval(
                "INSERT INTO equipment (path, level, name, parent_id, time_zone)"
                " VALUES ($1, $2, $3, $4, $5) RETURNING id",
                path,
                level,
                parts[depth - 1],
                ids.get(path.rpartition("/")[0]),
                "Europe/Berlin" if level == "plant" else None,
            )
    await database.execute(
        "INSERT INTO shift_calendars (equipment_id, valid_from, document)"
        " VALUES ($1, '2020-01-01Z', $2)",
        ids[PLANT],
        CALENDAR,
    )
    await _fill_connector(database, ids)
    return ids, await _fill_keys(database)


async def _fill_keys(database: asyncpg.Connection) -> dict[str, str]:
    keys = {}
    for name, role, plants, expires in (
        ("viewer", "viewer", None, None),
        ("engineer", "engineer", None, None),
        ("planner", "planner", None, None),
        ("admin", "admin", None, None),
        ("emden", "viewer", [PLANT], None),
        ("zwick", "admin", ["nordwerk/zwick-2"], None),
        ("past", "viewer", None, NOW - timedelta(days=1)),
    ):
        key = generate_key()
        keys[name] = key.key
        await database.execute(
            "INSERT INTO api_keys (prefix, hash, name, role, plants, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            key.prefix,
            key.hash,
            name,
            role,
            plants,
            expires,
        )
    return keys


async def _fill_connector(database: asyncpg.Connection, ids: dict[str, int]) -> None:
    await database.execute("INSERT INTO connectors (id) VALUES ('emden-opcua'), ('zwick-mqtt')")
    for path, connector in ((PRESS, "emden-opcua"), (ROBOT, "emden-opcua"), (OTHER, "zwick-mqtt")):
        ids[f"{path}#temperature"] = await database.fetchval(
            "INSERT INTO signals (key, equipment_id, connector_id, name, role, unit, datatype,"
            " source, mapping) VALUES ($1, $2, $3, 'temperature', 'process_value', 'degC',"
            " 'float', 'ns=2;s=T', 'm@1') RETURNING id",
            f"{path}/temperature",
            ids[path],
            connector,
        )
    await database.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, cause)"
        " VALUES ($1, 'emden-opcua', 's', '{}', '2026-11-20T08:00Z', 'spool full'),"
        " ($2, 'zwick-mqtt', 's', '{}', '2026-11-20T09:00Z', 'queue overflow')",
        uuid4(),
        uuid4(),
    )
    await database.execute(
        "INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, at,"
        " mapping, body) VALUES ($1, 'stock_counted', 'zwick-mqtt', $2, 9, 'zwick/wms',"
        " '2026-11-20T09:30Z', 'm@1', '{\"material\": \"M1\", \"quantity\": 4.0}')",
        EVENT_ID,
        uuid4(),
    )
    await database.execute(
        "INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, at)"
        " VALUES ('emden-opcua', $1, 7, 'ns=2;s=X', 'not a number', '\\x00ff', 2, now()),"
        " ('zwick-mqtt', $1, 8, 't', 'not JSON', '\\x7b', 20000000, now())",
        uuid4(),
    )


async def add_bucket(
    world: World, path: str, at: str, *, seconds: float = 900, apt: float = 720, pq: float = 60
) -> None:
    """A bucket of planned busy time with ten seconds planned per item and no scrap."""
    await world.database.execute(
        "INSERT INTO elements (equipment_id, bucket_at, pot_s, pbt_s, apt_s, adet_s, pq, gq,"
        " pri_pq_s, samples, late_samples, carry, provisional, computed_at,"
        " pri_gq_s, plan_known_s, pq_known_s, gq_known_s, sq_known_s,"
        " quantity_known_s, quantity_known_pot_s, quantity_known_calendar_s, judged_s,"
        " judged_apt_s, judged_pri_pq_s, judged_pri_gq_s, pace_known_s, pace_apt_s,"
        " pace_pri_pq_s, quality_known_s, quality_pq, quality_gq, quality_pri_known_s,"
        " quality_pri_pq_s, quality_pri_gq_s)"
        " VALUES ($1, $2, $3, $3, $4, $5, $6, $6, $7, 10, 1, '{}', false, $2,"
        " $7, $3, $3, $3, $3, $3, $3, $3, $3, $4, $7, $7, $3, $4, $7, $3, $6, $6, $3, $7, $7)",
        world.ids[path],
        datetime.fromisoformat(at),
        seconds,
        apt,
        seconds - apt,
        pq,
        pq * 10,
    )


Adding = Callable[..., object]
