"""Each query of each dashboard runs with the rights of Grafana's user, and answers something."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from plumbing.deploy_scripts import FOLDER, ROOT, load_script

from .seeded import OTHER, OWN, owner, reports, tables_of  # noqa: F401 - fixtures

DASHBOARDS = sorted((FOLDER / "grafana/dashboards").glob("*.json"))
VALUES = {"equipment": [OWN, f"{OWN}/m"], "plant": [OWN], "signal": [f"{OWN}/m:temperature"]}
FROM, TO = "now() - interval '26 hours'", "now()"


def expand(sql: str) -> str:
    """Replace the macros and variables that Grafana replaces."""
    sql = re.sub(r"\$__timeFilter\(([^)]+)\)", rf"\1 BETWEEN {FROM} AND {TO}", sql)
    sql = re.sub(
        r"\$__timeGroup\(([^,]+), '15m'\)",
        r"to_timestamp(floor(extract(epoch FROM \1) / 900) * 900)",
        sql,
    )
    sql = sql.replace("$__timeFrom()", f"({FROM})").replace("$__timeTo()", f"({TO})")
    for name, values in VALUES.items():
        quoted = ", ".join(f"'{value}'" for value in values)
        sql = sql.replace(f"${{{name}:sqlstring}}", quoted)
    assert "$" not in sql, sql
    return sql


def queries() -> list[Any]:
    return [
        pytest.param(panel["targets"][0], id=f"{file.stem}: {panel['title']}")
        for file in DASHBOARDS
        for panel in json.loads(file.read_text())["panels"]
    ]


def test_the_files_are_those_of_the_generator() -> None:
    load_script("build_dashboard")  # puts the folder on the path
    import grafana.make_dashboards as generator

    assert len(DASHBOARDS) == len(generator.DASHBOARDS)
    assert generator.main(["--check"]) == 0


def test_queries_name_views_for_reports_alone() -> None:
    for param in queries():
        sql = param.values[0]["rawSql"]
        assert tables_of(sql), sql
        assert all(name.startswith("grafana.v1_") for name in tables_of(sql)), sql


def test_no_file_names_another_host_or_plugin() -> None:
    core = {"timeseries", "table", "barchart", "stat", "state-timeline"}
    for file in DASHBOARDS:
        text = file.read_text()
        assert "http" not in text
        assert {panel["type"] for panel in json.loads(text)["panels"]} <= core
    provisioning = ROOT / "deploy/grafana/provisioning"
    assert (
        "password: $__file{/run/secrets/"
        in (provisioning / "datasources/werknetz.yaml").read_text()
    )


@pytest.mark.asyncio
async def test_every_query_answers_rows_of_the_own_plant_in_the_right_types(
    reports: asyncpg.Connection,  # noqa: F811
) -> None:
    for param in queries():
        target = param.values[0]
        rows = await reports.fetch(expand(target["rawSql"]))
        assert rows, param.id
        assert OTHER not in str(rows), param.id
        if target["format"] == "time_series":
            assert isinstance(rows[0]["time"], datetime), param.id
            assert isinstance(rows[0]["metric"], str), param.id
            assert all(isinstance(row["value"], float | int | Decimal) for row in rows), param.id


@pytest.mark.asyncio
async def test_lost_time_of_a_machine_counts_once_also_where_its_plant_is_chosen_too(
    reports: asyncpg.Connection,  # noqa: F811
) -> None:
    machine = f"equipment = '{OWN}/m' AND start_at BETWEEN {FROM} AND {TO}"
    for title, view, value in (
        ("Lost time by loss", "v1_losses", "seconds"),
        ("Lost time by day and loss", "v1_loss_days", "value"),
    ):
        (lost_s,) = await reports.fetchrow(
            f"SELECT sum(seconds) FROM grafana.{view} WHERE {machine}"
        )
        rows = await reports.fetch(sql_of("werknetz-losses", title))
        assert lost_s != 0
        assert sum(row[value] for row in rows) == pytest.approx(lost_s), title


@pytest.mark.asyncio
async def test_days_are_those_of_the_plant_whatever_the_zone_of_the_session(
    reports: asyncpg.Connection,  # noqa: F811
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for dashboard, title in (
        ("werknetz-losses", "Lost time by day and loss"),
        ("werknetz-supply", "Stock by day"),
        ("werknetz-supply", "On time and in full by supplier"),
    ):
        answers = []
        for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12"):
            await reports.execute(f"SET TimeZone = '{zone}'")
            answers.append(await reports.fetch(sql_of(dashboard, title)))
        assert answers[0], title
        assert answers[0] == answers[1] == answers[2], title
        days = [row["time"].astimezone(berlin) for row in answers[0] if "time" in row]
        assert {(day.hour, day.minute) for day in days} <= {(0, 0)}, title


def sql_of(dashboard: str, title: str) -> str:
    [target] = [p.values[0] for p in queries() if p.id == f"{dashboard}: {title}"]
    return expand(target["rawSql"])


@pytest.mark.asyncio
async def test_variables_offer_the_own_plant(reports: asyncpg.Connection) -> None:  # noqa: F811
    for file in DASHBOARDS:
        for variable in json.loads(file.read_text())["templating"]["list"]:
            values = [row[0] for row in await reports.fetch(variable["query"])]
            assert values, (file.name, variable["name"])
            assert all(value.startswith(OWN) for value in values)
