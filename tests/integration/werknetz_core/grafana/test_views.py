"""What the views for reports show: values of the formulas, whole stops, the calendar's shifts."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from plumbing.deploy_scripts import ROOT
from plumbing.servers import GRAFANA
from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.shift import Calendar
from werknetz.kpi.elements import Elements
from werknetz.kpi.formulas.oee import effectiveness, oee
from werknetz.kpi.formulas.quality import quality_ratio
from werknetz.kpi.formulas.working_time import availability
from werknetz.store.access.rights import GRAFANA_VIEWS
from werknetz.store.access.roles import SET_READER

from ..test_schema_entries import _migrate as migrate  # noqa: TID252 - the same schema
from ..test_schema_entries import database  # noqa: F401, TID252 - a fixture
from .seeded import OTHER, OWN, owner, reports  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio
MACHINE = f"{OWN}/m"
COLUMNS = """
SELECT c.relname AS view, a.attname AS column, col_description(c.oid, a.attnum) AS comment,
    obj_description(c.oid) AS of_view
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'grafana'::regnamespace AND c.relkind = 'v' ORDER BY 1, a.attnum"""
START_AT = """
SELECT count(*) FROM information_schema.columns WHERE table_schema = 'grafana'
    AND table_name IN ('v1_stock_days', 'v1_supplier_days') AND column_name = 'start_at'"""


async def test_every_column_is_documented(owner: asyncpg.Connection) -> None:  # noqa: F811
    page = (ROOT / "docs/reference/grafana-views.md").read_text()
    rows = await owner.fetch(COLUMNS)
    assert {f"grafana.{row['view']}" for row in rows} == set(GRAFANA_VIEWS)
    for row in rows:
        assert row["comment"], (row["view"], row["column"])
        section = page.partition(f"## `grafana.{row['view']}`\n")[2].partition("\n## ")[0]
        assert f"| `{row['column']}` | {row['comment']} |" in section, (row["view"], row["column"])
        assert row["of_view"] in section, row["view"]


async def test_nothing_but_the_views_of_the_own_plants(
    owner: asyncpg.Connection, reports: asyncpg.Connection  # noqa: F811
) -> None:  # fmt: skip
    readable = await owner.fetch(
        "SELECT n.nspname || '.' || c.relname AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname IN"
        " ('public', 'werknetz_api', 'grafana')"
        f" AND has_table_privilege('{GRAFANA}', c.oid, 'SELECT')"
    )
    assert {row["name"] for row in readable} == set(GRAFANA_VIEWS)
    for view in GRAFANA_VIEWS:
        rows = await reports.fetch(f"SELECT * FROM {view}")
        assert rows, view
        assert OTHER not in str(rows), view
    await owner.execute(SET_READER, GRAFANA, [])
    for view in GRAFANA_VIEWS:
        assert await reports.fetch(f"SELECT * FROM {view}") == [], view


async def test_ratios_are_those_of_the_formulas(reports: asyncpg.Connection) -> None:  # noqa: F811
    row = await reports.fetchrow(
        "SELECT * FROM grafana.v1_kpi_hours WHERE equipment = $1 AND planned_busy_s = 3600", MACHINE
    )
    assert row is not None
    hour = Elements(
        pbt_s=3600, apt_s=2400, adet_s=1200, judged_s=3600, judged_apt_s=2400,
        judged_pri_pq_s=2160, judged_pri_gq_s=1920, pace_apt_s=2400, pace_pri_pq_s=2160,
        quality_pq=36, quality_gq=32, pq=36, gq=32, sq=4,
    )  # fmt: skip
    for name, formula in (
        ("oee", oee), ("availability", availability), ("effectiveness", effectiveness),
        ("quality_ratio", quality_ratio),
    ):  # fmt: skip
        assert row[name] == pytest.approx(formula(hour)), name
    assert (row["good"], row["scrap"], row["energy_kwh"]) == (32, 4, 10)


async def test_a_stop_is_whole_and_has_the_reason_of_its_code_or_of_a_person(
    reports: asyncpg.Connection,  # noqa: F811
) -> None:
    rows = await reports.fetch("SELECT * FROM grafana.v1_stops ORDER BY start_at")
    assert [(row["state_name"], row["duration_s"], row["reason"]) for row in rows] == [
        ("malfunction", 1800, "g_jam"), ("starved", 900, "g_jam"), ("malfunction", 900, "g_tool"),
    ]  # fmt: skip
    assert (rows[0]["reason_en"], rows[2]["reason_de"], rows[2]["comment"]) == (
        "jam", "Werkzeug", "broken",
    )  # fmt: skip


async def test_shifts_are_those_of_the_calendar(
    owner: asyncpg.Connection, reports: asyncpg.Connection  # noqa: F811
) -> None:  # fmt: skip
    """Also over both changes of the clock, exceptions, and where a plant got a calendar later."""
    levels = []
    for number in (902, 901):
        versions = await owner.fetch(
            "SELECT valid_from, document::jsonb FROM shift_calendars WHERE equipment_id = $1",
            number,
        )
        levels.append(
            [(microseconds_of(at), Calendar.parse(_json(document))) for at, document in versions]
        )
    now = datetime.now(UTC)
    start, end = now - timedelta(days=395), now - timedelta(days=1)
    shifts = CalendarHistory.of(levels).shifts_between(microseconds_of(start), microseconds_of(end))
    rows = await reports.fetch(
        "SELECT shift, start_at, end_at FROM grafana.v1_shifts WHERE equipment = $1"
        " AND end_at > $2 AND start_at < $3 ORDER BY start_at", OWN, start, end,
    )  # fmt: skip
    assert [tuple(row) for row in rows] == [
        (shift.name, instant_of(shift.start_us), instant_of(shift.end_us)) for shift in shifts
    ]


async def test_an_upgrade_adds_the_views_and_a_downgrade_removes_them(
    database: asyncpg.Connection, database_url: str  # noqa: F811
) -> None:  # fmt: skip
    views = "SELECT count(*) FROM pg_views WHERE schemaname = 'grafana'"
    await migrate(database_url, upgrade_to="0034")
    assert await database.fetchval(views) == 5
    await migrate(database_url, upgrade_to="0041")
    assert await database.fetchval(views) == len(GRAFANA_VIEWS) - 1
    await migrate(database_url, upgrade_to="0043")
    assert await database.fetchval(views) == len(GRAFANA_VIEWS)
    assert await database.fetchval(START_AT) == 2
    await migrate(database_url, downgrade_to="0041")
    assert await database.fetchval(views) == len(GRAFANA_VIEWS) - 1
    assert await database.fetchval(START_AT) == 0
    await migrate(database_url, downgrade_to="0034")
    assert await database.fetchval(views) == 5


def _json(document: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(document)
    return loaded
