"""Rows of real files and tables down to the core: identity, revision and withdrawal (M1–M4)."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from plumbing.edges import Edges, running_edges
from plumbing.sftp import SftpServer
from plumbing.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]
EXAMPLE = Path(__file__).resolve().parents[3] / "deploy/edge/examples/tables-sftp.yaml"
HEADER = "Lieferschein;Position;Material;Menge;Einheit;Charge;Versand;Ankunft\n"
IN_FORCE = (
    "SELECT connector_id, body FROM business_events WHERE withdrawn_at IS NULL"
    " ORDER BY connector_id, at, event_id"
)
COUNTS = ("stored", "duplicates", "revisions", "withdrawn", "ignored", "quarantined")


@dataclass
class Plant:
    """A core, and edges that are processes of their own."""

    folder: Path
    core: Edges
    stack: ExitStack
    server: SftpServer
    edges: dict[str, Edges] = field(default_factory=dict)

    def start(self, connector: str, protocol: str, options: Any, mapping: Any) -> None:
        folder = self.folder / connector
        folder.mkdir()
        urls = self.core.database_url, self.core.redis_url
        edge = self.edges[connector] = self.stack.enter_context(running_edges(folder, *urls))
        edge.write(connector, protocol, options, mapping)
        edge.start("edge")

    def start_supplier(self, connector: str, identity: str | None = None, **source: Any) -> None:
        """Start an edge of the example, on its own folder of the SFTP server."""
        example: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
        (self.server.folder / connector).mkdir(exist_ok=True)
        inbox = {
            "sftp": self.server.inbox(path=f"/{connector}"), "pattern": "asn_*.csv",
            "settle_s": 0, "poll_s": 0.1,
        }  # fmt: skip
        (asn,) = example["options"]["sources"]
        asn = {k: v for k, v in (asn | source).items() if v is not None}
        mapping = example["mapping"] | {"name": connector}
        if identity is not None:
            mapping["identity"] = {"scope": identity}
        options = {"inbox": inbox, "sources": [asn]}
        self.start(connector, "tables", options, mapping)

    def put(self, connector: str, name: str, *rows: str, header: str = HEADER) -> None:
        part = self.server.folder / connector / f"{name}.part"
        part.write_text(header + "".join(f"{row}\n" for row in rows))
        part.rename(part.with_suffix(""))

    async def until_taken(self, connector: str, count: int) -> dict[str, int]:
        """Wait until a connector has taken so many rows; return its books, which balance.

        Heartbeats are taken and stored, too: they are not counted here.
        """
        where = f"WHERE connector_id = '{connector}'"
        beats = (
            "(SELECT count(*) FROM samples JOIN signals ON signals.id = samples.signal_id"
            f" WHERE signals.key = 'connector:{connector}:heartbeat')"
        )
        taken_rows = f"SELECT coalesce(max(taken), 0) - {beats} FROM connector_books {where}"
        assert await self.core.until(taken_rows, count) == count
        (books,) = await self.core.query(
            f"SELECT *, stored - {beats} AS rows FROM connector_books {where}"
        )
        assert books["taken"] == sum(books[name] for name in COUNTS)
        counts = {name: books[name] for name in COUNTS if books[name]} | {"stored": books["rows"]}
        return {name: number for name, number in counts.items() if number}

    async def quantities(self, name: str = "quantity") -> list[tuple[str, float]]:
        rows = await self.core.query(IN_FORCE)
        return [(row["connector_id"], json.loads(row["body"])[name]) for row in rows]


def row(note: int, position: int, material: str, quantity: float | str) -> str:
    return f"{note};{position};{material};{quantity};PCE;C1;24.11.2025 06:00;25.11.2025 06:00"


@pytest_asyncio.fixture
async def plant(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Plant]:
    with ExitStack() as stack:
        (tmp_path / "core").mkdir()
        (tmp_path / "server").mkdir()
        server = SftpServer(tmp_path / "server")
        await server.start()
        urls = database_url, redis_url
        core = stack.enter_context(running_edges(tmp_path / "core", *urls))
        core.start("ingest")
        yield Plant(tmp_path, core, stack, server)
        await server.stop()


async def test_two_suppliers_may_use_the_same_document_numbers(plant: Plant) -> None:
    for supplier in ("supplier-a", "supplier-b"):
        plant.start_supplier(supplier)
    plant.put("supplier-a", "asn_1.csv", row(1001, 10, "BOLT", 500))
    plant.put("supplier-b", "asn_1.csv", row(1001, 10, "PLATE", 7), row(1002, 10, "PLATE", 8))
    assert await plant.until_taken("supplier-a", 1) == {"stored": 1}
    assert await plant.until_taken("supplier-b", 2) == {"stored": 2}
    expected = [("supplier-a", 500), ("supplier-b", 7), ("supplier-b", 8)]
    assert sorted(await plant.quantities()) == expected
    plant.put("supplier-a", "asn_2.csv", row(1001, 10, "BOLT", 450))
    books = await plant.until_taken("supplier-a", 2)
    assert books == {"stored": 1, "revisions": 1}
    assert sorted(await plant.quantities()) == [("supplier-a", 450), *expected[1:]]
    (former,) = await plant.core.query("SELECT body FROM business_event_revisions")
    assert json.loads(former["body"])["quantity"] == 500


async def test_a_file_of_the_same_name_corrects_rows_without_a_key(plant: Plant) -> None:
    plant.start_supplier("supplier-a", key=None)
    plant.put("supplier-a", "asn_1.csv", row(1, 10, "A", 500), row(1, 20, "B", 7))
    assert await plant.until_taken("supplier-a", 2) == {"stored": 2}
    plant.put("supplier-a", "asn_1.csv", row(1, 10, "A", 450))
    books = await plant.until_taken("supplier-a", 4)
    assert books == {"stored": 2, "revisions": 1, "withdrawn": 1}
    assert await plant.quantities() == [("supplier-a", 450)]
    plant.put("supplier-a", "asn_1.csv", row(1, 10, "A", 500), row(1, 20, "B", 7))  # as at first
    await plant.until_taken("supplier-a", 6)
    assert sorted(await plant.quantities()) == [("supplier-a", 7), ("supplier-a", 500)]


@pytest.mark.parametrize(("identity", "in_force"), [(None, 20_648), ("partner", 10_324)])
async def test_one_file_through_two_connectors(
    plant: Plant, identity: str | None, in_force: int
) -> None:
    rows = [row(n // 10, n % 10, "BOLT", n) for n in range(10_324)]
    for supplier in ("supplier-a", "supplier-b"):
        plant.start_supplier(supplier, identity)
        plant.put(supplier, "asn_1.csv", *rows)
        books = await plant.until_taken(supplier, 10_324)
        repeats = identity is not None and supplier == "supplier-b"
        assert books == {"duplicates" if repeats else "stored": 10_324}
    count = "SELECT count(*) FROM business_events WHERE withdrawn_at IS NULL"
    assert await plant.core.until(count, in_force) == in_force


async def test_a_snapshot_withdraws_missing_rows(plant: Plant) -> None:
    plant.start_supplier("supplier-a", snapshot=True, empty="refuse")
    plant.put("supplier-a", "asn_1.csv", *(row(n, 10, "BOLT", n) for n in range(1, 6)))
    await plant.until_taken("supplier-a", 5)
    plant.put("supplier-a", "asn_2.csv", row(2, 10, "BOLT", 2), row(3, 10, "BOLT", 33))
    await plant.core.until(
        "SELECT count(*) FROM business_events WHERE withdrawal_reason = 'missing'", 3
    )
    assert sorted(await plant.quantities()) == [("supplier-a", 2), ("supplier-a", 33)]
    plant.put("supplier-a", "asn_3.csv")
    await plant.core.until("SELECT count(*) FROM quarantine", 1)
    assert len(await plant.quantities()) == 2
    await until((plant.server.folder / "supplier-a/failed/asn_3.csv").exists, within_s=60)


RECEIPT = {
    "source": "receipts", "kind": "goods_received",
    "fields": {
        "document": "doc", "line": "line", "material": "material", "quantity": "quantity",
        "supplier": {"constant": "1"}, "delivery_note": "doc",
    },
}  # fmt: skip
MOVE = {
    "source": "moves", "kind": "stock_moved",
    "fields": {
        "document": "id", "material": "material", "quantity": "quantity",
        "warehouse": {"constant": "w"},
    },
}  # fmt: skip


async def test_changed_and_deleted_rows_of_a_database(plant: Plant) -> None:
    file = plant.folder / "erp.db"

    def execute(*statements: str) -> None:
        db = sqlite3.connect(file)
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()

    execute(
        "CREATE TABLE receipts (id INTEGER PRIMARY KEY, doc TEXT, line TEXT, material TEXT, "
        "quantity REAL, changed TEXT)",
        "CREATE TABLE moves (id INTEGER PRIMARY KEY, material TEXT, quantity REAL)",
        "INSERT INTO receipts VALUES (1, 'D1', '10', 'BOLT', 10.5, '2025-11-24 12:00:00')",
        "INSERT INTO receipts VALUES (2, 'D2', '10', 'BOLT', 3, '2025-11-24 12:00:00')",
        "INSERT INTO moves VALUES (1, 'BOLT', 100), (2, 'BOLT', -30), (3, 'BOLT', 50)",
    )
    sources = [
        {"name": "receipts", "table": "receipts", "id": "id", "changed_at": "changed",
         "deletions_every_s": 0.2},
        {"name": "moves", "table": "moves", "id": "id", "deletions_every_s": 0.2},
    ]  # fmt: skip
    options = {"url": f"sqlite:///{file}", "poll_s": 0.1, "sources": sources}
    mapping = {"name": "erp", "version": 1, "time_zone": "UTC", "events": [RECEIPT, MOVE]}
    plant.start("supplier-erp", "sql", options, mapping)
    assert await plant.until_taken("supplier-erp", 5) == {"stored": 5}
    execute("UPDATE receipts SET quantity = 11, changed = '2025-11-24 12:00:01' WHERE id = 1")
    books = await plant.until_taken("supplier-erp", 6)
    assert books == {"stored": 5, "revisions": 1}
    execute("ALTER TABLE moves ADD COLUMN remark TEXT")
    books = await plant.until_taken("supplier-erp", 9)
    assert books == {"stored": 5, "revisions": 1, "duplicates": 3}
    execute(
        "UPDATE moves SET remark = 'seen' WHERE id = 1",
        "DELETE FROM receipts WHERE id = 2",
        "DELETE FROM moves WHERE id = 2",
    )
    books = await plant.until_taken("supplier-erp", 12)
    assert books == {"stored": 5, "revisions": 1, "duplicates": 4, "withdrawn": 2}
    assert sorted(value for _, value in await plant.quantities()) == [11, 50, 100]
    execute("INSERT INTO receipts VALUES (2, 'D2', '10', 'BOLT', 3, '2025-11-24 12:00:00')")
    await plant.until_taken("supplier-erp", 13)
    assert sorted(value for _, value in await plant.quantities()) == [3, 11, 50, 100]
