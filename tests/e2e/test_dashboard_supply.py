"""Supply in a real browser: what runs out, who knows of it, and the message behind a delivery."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from playwright.sync_api import Page, expect

from plumbing.browser import sign_in
from plumbing.first_rows import add_key, add_plants
from plumbing.platform import Platform
from plumbing.servers import run
from plumbing.supplyrows import event, fill_supply
from werknetz.connector.contract import Delivery, SourceMessage, SourceRecord, hash_message
from werknetz.connector.raw import encode_delivery
from werknetz.store.ingest.records import ADD_RAW_INPUT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MESSAGE = (
    b"UNA:+.? 'UNB+UNOC:3+77:14+4023456000000:14+261130:0931+1'UNH+1+DELFOR:D:96A:UN'"
    b"BGM+241+r1-2+9'LIN+1++M1:IN'QTY+113:120:PCE'UNT+5+1'UNZ+1+1'"
)


@pytest.fixture
def key(database_url: str) -> str:
    """May do everything, where stock of two plants runs out."""
    run(add_plants(database_url))
    run(_fill(database_url))
    return run(add_key(database_url, "planner", "admin"))


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT path, id FROM equipment WHERE level = 'plant'")
    plants = {row["path"].rpartition("/")[2].partition("-")[0]: row["id"] for row in rows}
    line = await connection.fetchval(
        "INSERT INTO equipment (path, level, name, parent_id)"
        " VALUES ('nordwerk/emden-1/line-2', 'line', 'line-2', $1) RETURNING id",
        plants["emden"],
    )
    supply = await fill_supply(
        connection, {name: plants[name] for name in ("emden", "zwick")}, line, datetime.now(UTC)
    )
    await connection.execute("UPDATE stock_items SET balance = 90, counted = true")
    await _add_message(connection, supply.ago(days=2))
    await connection.close()


async def _add_message(connection: asyncpg.Connection, at: datetime) -> None:
    """Store the message of the call-off, and the event that was read from it."""
    digest = hash_message(MESSAGE)
    record = SourceRecord("edi/77/DELFOR", {"material": "M1"}, b"i", message_hash=digest)
    message = SourceMessage("edi/77/interchange", MESSAGE, digest)
    raw = encode_delivery(Delivery(records=[record], messages=[message]), 1, "m@1")
    assert raw is not None
    spool_id = uuid4()
    await connection.execute("INSERT INTO connectors (id) VALUES ('group-edi')")
    await connection.execute(
        ADD_RAW_INPUT, "group-edi", spool_id, 1, at, at, at, raw.count, raw.mapping, raw.codec,
        raw.payload, raw.hashes,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, item,"
        " at, mapping, body, revision, raw_hash) VALUES ($1, 'delivery_called_off', 'group-edi',"
        " $2, 1, 'edi/77/DELFOR', 'UNH 1 LIN 1', $3, 'm@1', $4, 1, $5)",
        event("r1-2/0"), spool_id, at,
        '{"document": "r1-2", "material": "M1", "quantity": 120.0, "unit": "PCE"}', digest,
    )  # fmt: skip


def test_a_planner_acknowledges_a_warning_and_opens_the_message_behind_it(
    core: Platform, page: Page
) -> None:
    sign_in(page, core.key)
    page.goto("/warehouse/w-emden")
    _see_days_of_supply(page)
    _acknowledge(page)
    _open_message(page)


def _items(page: Page, path: str) -> list[dict[str, Any]]:
    """What the API answers to whoever is signed in on the page."""
    answer = page.request.get(path)
    assert answer.ok, answer.text()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _see_days_of_supply(page: Page) -> None:
    table = page.get_by_role("table", name="Parts, the first to run out first")
    row = table.get_by_role("row").filter(has_text="bracket")
    expect(row).to_contain_text("90 PCE")
    [supply] = _items(page, "/api/v1/days_of_supply?warehouse=w-emden")
    expect(row).to_contain_text(f"{supply['days_of_supply']:.1f} d")
    expect(row).to_contain_text("line-2")
    expect(page.get_by_role("group", name="Projected stock of M1")).to_be_visible()


def _acknowledge(page: Page) -> None:
    page.get_by_role("button", name="Acknowledge: M1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Comment").fill("lorry is in Bremen")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("lorry is in Bremen")).to_be_visible()
    [warning] = _items(page, "/api/v1/shortage_warnings?acknowledged=true")
    assert warning["acknowledgement"]["comment"] == "lorry is in Bremen"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Acknowledge: M1")).to_be_visible()
    assert _items(page, "/api/v1/shortage_warnings?acknowledged=true") == []


def _open_message(page: Page) -> None:
    page.get_by_role("link", name="Supplier Kirchhoff AG").first.click()
    expect(page).to_have_url(re.compile("supplier=kirchhoff"))
    page.get_by_role("link", name="Call-off of M1").first.click()
    dialog = page.get_by_role("dialog")
    segment = dialog.get_by_role("button", name="QTY+113:120:PCE'")
    expect(segment).to_be_visible()
    dialog.get_by_role("button", name="quantity").focus()
    expect(segment).to_have_class(re.compile("linked"))
