"""What a row of a REST source is: its key, its corrections, its deletion, and its cursor (M11)."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import Response

from plumbing.rest_polls import (
    ALL,
    NOW_US,
    ROWS,
    connector_of,
    next_delivery,
    read_numbers,
    read_polls,
    read_until,
)
from plumbing.rest_source import RestSource, rest_source
from werknetz.connector.contract import ConnectionLost, SourceRecord
from werknetz_edge.rest.config import RestConfig
from werknetz_edge.rest.connector import RestConnector

pytestmark = pytest.mark.asyncio
PLAIN = {"path": "/rows", "records": "data.items", "key": "n", "period_s": 0.05}  # without ETag
LISTING = ALL | {"deletions": True}


@pytest_asyncio.fixture
async def source() -> AsyncIterator[RestSource]:
    async with rest_source() as source:
        yield source


async def read_records(connector: RestConnector, count: int) -> list[SourceRecord]:
    records: list[SourceRecord] = []
    while len(records) < count:
        delivery = await next_delivery(connector)
        records += delivery.records
        await delivery.acknowledge()
    return records


@pytest.mark.parametrize("endpoint", [PLAIN, ROWS], ids=["listing", "cursor"])
async def test_a_changed_row_keeps_its_key_and_has_a_later_version(
    source: RestSource, tmp_path: Path, endpoint: dict[str, Any]
) -> None:
    source.rows = [{"n": 1, "at_us": NOW_US, "qty": 500}, {"n": 2, "at_us": NOW_US, "qty": 1}]
    connector = connector_of(source, tmp_path, endpoint)
    await connector.connect()
    first, other = await read_records(connector, 2)
    for quantity in (450, 500):  # and back to the first state
        source.rows[0] = {"n": 1, "at_us": source.rows[0]["at_us"] + 1, "qty": quantity}
        (changed,) = await read_records(connector, 1)
        assert changed.key == first.key != other.key
        assert changed.can_revise
        assert changed.fields["qty"] == quantity
        if endpoint is ROWS:
            assert changed.version == source.rows[0]["at_us"]
    await connector.close()


async def test_a_row_without_its_key_goes_to_quarantine(source: RestSource, tmp_path: Path) -> None:
    source.rows = [{"at_us": 5}, {"n": "", "at_us": 5}, {"n": 1, "at_us": 5}]
    connector = connector_of(source, tmp_path, ALL)
    await connector.connect()
    delivery = await next_delivery(connector)
    assert [r.fields["n"] for r in delivery.records] == [1]
    assert {r.reason for r in delivery.unreadable} == {"its key (n) is missing"}
    await delivery.acknowledge()
    assert await read_polls(connector, source) == []
    await connector.close()


async def test_an_endpoint_without_a_key_is_noted_in_the_status(
    source: RestSource, tmp_path: Path
) -> None:
    source.rows = [{"n": 1, "at_us": 5}]
    connector = connector_of(source, tmp_path, {"path": "/all", "period_s": 0.05})
    await connector.connect()
    assert await read_numbers(connector, 1) == [1]
    assert "set `key`" in connector.status.findings["rows without key"]
    await connector.close()


async def test_missing_rows_of_a_complete_listing_end(source: RestSource, tmp_path: Path) -> None:
    source.rows = [{"n": n, "at_us": n} for n in range(3)]
    connector = connector_of(source, tmp_path, LISTING)
    await connector.connect()
    records = await read_records(connector, 3)
    keys = {record.fields["n"]: record.key for record in records}
    assert {record.group for record in records} == {b"listing"}

    async def next_end() -> set[bytes]:
        delivery = await next_delivery(connector)
        assert not delivery.records
        await delivery.acknowledge()
        (end,) = delivery.group_ends
        assert (end.source, end.group, end.reason) == ("rest/rows", b"listing", "missing")
        return set(end.keys)

    assert await next_end() == set(keys.values())
    assert await read_polls(connector, source) == []  # the same rows again
    row = source.rows.pop(1)
    assert await next_end() == {keys[0], keys[2]}
    source.rows.append(row)  # it comes back as it was
    (again,) = await read_records(connector, 1)
    assert again.key == keys[1]
    assert await next_end() == set(keys.values())
    source.rows.clear()
    assert await next_end() == set()
    await connector.close()


@pytest.mark.parametrize(
    "response",
    [
        Response(status_code=500),
        Response(status_code=204),
        Response(b""),
        Response(b'[{"n": 1'),
        Response(b'[{"n": 1}, {"m": 2}]'),  # a row without its key
        Response(b'{"error": "try later"}'),
    ],
    ids=["error", "no content", "empty", "cut off", "a row without key", "another document"],
)
async def test_a_partial_listing_withdraws_nothing(
    source: RestSource, tmp_path: Path, response: Response
) -> None:
    source.rows = [{"n": n, "at_us": n} for n in range(3)]
    connector = connector_of(source, tmp_path, LISTING)
    await connector.connect()
    await read_records(connector, 3)
    await (await next_delivery(connector)).acknowledge()
    source.canned_responses = [response]
    ends = []
    last = len(source.requests) + 8
    with suppress(ConnectionLost):
        while len(source.requests) < last:
            for delivery in await read_polls(connector, source, last - len(source.requests)):
                ends += delivery.group_ends
                await delivery.acknowledge()
    assert not source.canned_responses
    assert ends == []
    await connector.close()


@pytest.mark.parametrize("is_refilled", [True, False])
async def test_a_listing_that_loses_most_rows_is_confirmed(
    source: RestSource, tmp_path: Path, *, is_refilled: bool
) -> None:
    source.rows = [{"n": n, "at_us": n} for n in range(10)]
    connector = connector_of(source, tmp_path, PLAIN | {"deletions": True, "period_s": 2})
    await connector.connect()
    await read_records(connector, 10)
    await (await next_delivery(connector)).acknowledge()
    rows, source.rows = source.rows, source.rows[:4]
    assert await read_until(connector, lambda: "rows missing" in connector.status.findings) == []
    if is_refilled:
        source.rows = rows
        assert (
            await read_until(connector, lambda: "rows missing" not in connector.status.findings)
            == []
        )
    else:
        (end,) = (await next_delivery(connector)).group_ends
        assert len(end.keys) == 4
    assert "rows missing" not in connector.status.findings
    await connector.close()


@pytest.mark.parametrize(
    "more",
    [
        {"key": []},
        {"parameters": {"since": "{cursor}"}, "changed_at": {"path": "at"}},
        {"snapshot": True},
        {"as": "readings", "readings": {"address": "a"}},
    ],
)
async def test_deletions_need_a_complete_listing_with_keys(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="`deletions`"):
        RestConfig.model_validate({"url": "https://erp", "endpoints": {"rows": LISTING | more}})


LOCAL = ROWS | {
    "changed_at": {"path": "at", "format": "%Y-%m-%d %H:%M:%S", "zone": "Europe/Berlin"},
    "cursor": {"format": "%Y-%m-%d %H:%M:%S", "zone": "Europe/Berlin", "lag_s": 60},
    "parameters": {"local": "{cursor}"},
    "paging": None,
}


async def test_the_repeated_hour_is_read_twice(source: RestSource, tmp_path: Path) -> None:
    source.rows = [{"n": 1, "at_us": 1, "at": "2025-10-26 02:58:00"}]
    connector = connector_of(source, tmp_path, LOCAL)
    await connector.connect()
    assert await read_numbers(connector, 1) == [1]
    await read_polls(connector, source)
    assert source.requests[-1].query_params["local"] <= "2025-10-26 02:00:00"
    source.rows.append({"n": 2, "at_us": 2, "at": "2025-10-26 03:02:00"})
    assert await read_numbers(connector, 1) == [2]
    await read_polls(connector, source)
    recent = [request.query_params["local"] for request in source.requests[-2:]]
    assert "2025-10-26 03:01:00" in recent
    await connector.close()


async def test_rows_that_the_cursor_cannot_order_are_counted(
    source: RestSource, tmp_path: Path
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    rows = [
        {"n": 1, "at": None}, {"n": 2, "at": ""}, {"n": 3},
        {"n": 4, "at": tomorrow.isoformat()}, {"n": 5, "at": "2025-11-24T12:00:00Z"},
    ]  # fmt: skip
    source.canned_responses = [Response(json.dumps(rows))] * 50
    endpoint = ALL | {"changed_at": {"path": "at"}, "parameters": {"since": "{cursor}"}}
    connector = connector_of(source, tmp_path, endpoint)
    await connector.connect()
    records = await read_records(connector, 5)
    versions = [record.version for record in records]
    assert versions == [None, None, None, None, 1_763_985_600_000_000]
    await read_polls(connector, source)
    assert connector.status.findings["rows without time"].startswith("3 rows have no at")
    assert connector.status.findings["rows future"].startswith("1 rows are dated in the future")
    assert connector.bookmarks.get("rows").cursor_us == 1_763_985_600_000_000
    await connector.close()


async def test_a_change_that_is_committed_later_than_the_lag_is_found(
    source: RestSource, tmp_path: Path
) -> None:
    source.rows = [{"n": 1, "at_us": NOW_US}]
    connector = connector_of(source, tmp_path, ROWS)
    await connector.connect()
    assert await read_numbers(connector, 1) == [1]
    source.rows.insert(0, {"n": 2, "at_us": NOW_US - 600_000_000})  # ten minutes, the lag is 1 s
    assert await read_numbers(connector, 1) == [2]
    await connector.close()


def hash_parts(*parts: bytes) -> bytes:
    texts = (len(part).to_bytes(8, "big") + part for part in parts)
    return blake2b(b"".join(texts), digest_size=16).digest()


def former_checkpoint(row: dict[str, int]) -> bytes:
    """Return what the spool of version 0.1 holds of a row: key, time of change, and content."""
    key = hash_parts(b"key", b"rest/rows", str(row["n"]).encode())
    content = json.dumps(row, sort_keys=True, separators=(",", ":")).encode()
    identity = hash_parts(key, str(row["at_us"]).encode())
    return identity + blake2b(content, digest_size=8).digest()


async def test_a_bookmark_of_version_0_1_goes_on(source: RestSource, tmp_path: Path) -> None:
    """Rows that it stored are not read again, also not by a round that begins far before it."""
    source.rows = [{"n": 1, "at_us": NOW_US - 600_000_000}, {"n": 2, "at_us": NOW_US}]
    bookmark = {"cursor_us": NOW_US, "url": "", "etag": "", "modified": ""}
    connector = connector_of(source, tmp_path, ROWS)
    connector.bookmarks.path.write_text(json.dumps({"rows": bookmark}))
    connector.restore_checkpoints([former_checkpoint(source.rows[1])])
    await connector.connect()
    assert await read_polls(connector, source, 30) == []  # more than a dozen rounds
    source.rows.append({"n": 3, "at_us": NOW_US + 5})
    assert await read_numbers(connector, 1) == [3]
    await connector.close()
