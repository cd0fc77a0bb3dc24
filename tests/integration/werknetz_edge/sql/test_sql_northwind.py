"""The Northwind database, polled with the example edge file while both ends are killed."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbing.edges import Edges, running_edges
from plumbing.servers import SESSION_SERVERS, run
from plumbing.shared import find_shared_file
from werknetz_demo.embedded.postgres import Postgres

pytestmark = [pytest.mark.slow]
EXAMPLE = Path(__file__).resolve().parents[4] / "deploy/edge/examples/northwind-sql.yaml"
COUNT = "SELECT count(*) FROM business_events"
EVENTS = 2_155 + 809 + 77

LATE_OR_NOT = """
WITH called AS (
  SELECT body->>'document' AS document, max((body->>'due_until_us')::int8) AS due_until_us
  FROM business_events WHERE kind LIKE 'delivery_called_off%' GROUP BY 1),
shipped AS (
  SELECT body->>'document' AS document, min((body->>'despatched_us')::int8) AS at_us
  FROM business_events WHERE kind LIKE 'shipment_announced%' GROUP BY 1)
SELECT count(*) AS orders,
  count(*) FILTER (WHERE at_us < due_until_us) AS on_time,
  count(*) FILTER (WHERE at_us IS NULL) AS open
FROM called LEFT JOIN shipped USING (document)
"""
STOCK = """
SELECT count(*), sum((body->>'quantity')::float8), sum((body->>'on_order_quantity')::float8)
FROM business_events WHERE kind LIKE 'stock_counted%'
"""


@pytest.fixture
def supplier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server of its own, so that it can be killed."""
    server = Postgres(tmp_path_factory.mktemp("supplier"), throwaway=True)
    run(server.start())
    SESSION_SERVERS.append(server)
    yield server
    SESSION_SERVERS.remove(server)
    run(server.stop())


def _write(stage: Edges, url: str) -> None:
    edge_file: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
    options = edge_file["options"] | {"url": url, "poll_s": 0.3, "page_rows": 50}
    del options["password_file"]
    stage.write(edge_file["connector"], "sql", options, edge_file["mapping"])


def test_its_numbers_are_right_after_kills_of_both_ends(
    tmp_path: Path, supplier: Postgres, database_url: str, redis_url: str,
    run_sql: Callable[[str, str], None],
) -> None:  # fmt: skip
    script = find_shared_file("erp/northwind.sql").read_text(encoding="utf-8")
    run_sql(supplier.url, script)
    with running_edges(tmp_path, database_url, redis_url) as stage:
        _write(stage, supplier.url)
        stage.start("ingest", "edge")
        run(_kill_both_ends(stage, supplier))
        numbers = run(_numbers(stage))
    assert numbers == {
        "lines": 2_155,
        "orders": 830,
        "on_time": 772,
        "open": 21,
        "products": 77,
        "in_stock": 3_119,
        "on_order": 780,
        "quarantine": 0,
    }


def test_changes_in_the_database_become_events(
    tmp_path: Path, supplier: Postgres, database_url: str, redis_url: str,
    run_sql: Callable[[str, str], None],
) -> None:  # fmt: skip
    run_sql(supplier.url, find_shared_file("erp/northwind.sql").read_text(encoding="utf-8"))
    with running_edges(tmp_path, database_url, redis_url) as stage:
        _write(stage, supplier.url)
        stage.start("ingest", "edge")
        run(stage.until(COUNT, EVENTS))
        revisions = "SELECT count(*) FROM business_event_revisions"
        for number, stock in enumerate((40, 39, 40)):
            run_sql(
                supplier.url, f"UPDATE products SET units_in_stock = {stock} WHERE product_id = 1"
            )
            run(stage.until(revisions, number + 1))
        body = run(stage.query("SELECT body FROM business_event_revisions ORDER BY revision"))
        last = "SELECT body FROM business_events WHERE kind LIKE $1 AND body->>'material' = '1'"
        (current,) = run(stage.query(last, "stock_counted%"))
        assert run(stage.until(COUNT, EVENTS)) == EVENTS  # revisions are no further facts
    former = [json.loads(row["body"])["quantity"] for row in body]
    assert [*former, json.loads(current["body"])["quantity"]] == [39, 40, 39, 40]


async def _kill_both_ends(stage: Edges, supplier: Postgres) -> None:
    """Kill the source during a poll, restart it, then kill the edge."""
    await stage.until(COUNT, 300, every_s=0.02)
    supplier.kill()
    await asyncio.sleep(0.5)
    await supplier.start()
    await stage.until(COUNT, 1_500, every_s=0.02)
    stage.kill("edge")
    stage.start("edge")
    await stage.until(COUNT, EVENTS)
    await asyncio.sleep(1.5)  # two more polls: they must add nothing
    assert await stage.until(COUNT, EVENTS) == EVENTS


async def _numbers(stage: Edges) -> dict[str, int]:
    (late,) = await stage.query(LATE_OR_NOT)
    (stock,) = await stage.query(STOCK)
    (lines,) = await stage.query(f"{COUNT} WHERE kind LIKE 'delivery_called_off%'")
    (bad,) = await stage.query("SELECT count(*) FROM quarantine")
    return {
        "lines": lines[0], **dict(late), "products": stock[0], "in_stock": int(stock[1]),
        "on_order": int(stock[2]), "quarantine": bad[0],
    }  # fmt: skip
