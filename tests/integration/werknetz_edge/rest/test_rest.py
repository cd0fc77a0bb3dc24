"""A real server that is slow, busy, wrong or killed; what it had is in the spool, once."""

import base64
import gzip
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import Response

from plumbing.hooks import lane_of
from plumbing.rest_polls import (
    ALL,
    NOW_US,
    ROWS,
    connector_of,
    next_delivery,
    read_numbers,
    read_polls,
    rows,
)
from plumbing.rest_source import RestSource, rest_source
from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.rest.connector import RestConnector

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def source() -> AsyncIterator[RestSource]:
    async with rest_source() as source:
        yield source


@pytest.mark.parametrize(
    ("style", "paging"),
    [
        ("token", ROWS["paging"]),
        ("link", {"style": "link", "path": "next"}),
        ("header", {"style": "link"}),
        ("page", {"style": "page", "parameter": "page", "size_parameter": "size", "size": 10}),
        ("offset", {"style": "offset", "parameter": "offset", "size": 10}),
    ],
)
async def test_every_page_of_every_style_is_read(
    source: RestSource, tmp_path: Path, style: str, paging: dict[str, Any]
) -> None:
    source.rows = rows(0, 35)
    parameters = {"since": "{cursor}", "size": "10", "style": style}
    endpoint = {**ROWS, "paging": paging, "parameters": parameters}
    connector = connector_of(source, tmp_path, endpoint)
    await connector.connect()
    assert await read_numbers(connector, 35) == list(range(35))
    assert await read_polls(connector, source) == []
    source.rows += rows(100, 5, NOW_US + 1_000)
    assert await read_numbers(connector, 5) == list(range(100, 105))
    await connector.close()


async def test_late_commits_are_read_and_duplicates_are_dropped(
    source: RestSource, tmp_path: Path
) -> None:
    source.rows = rows(0, 5)
    connector = connector_of(source, tmp_path, ROWS)
    await connector.connect()
    assert await read_numbers(connector, 5) == [0, 1, 2, 3, 4]
    await read_polls(connector, source)
    source.rows.insert(0, {"n": 77, "at_us": NOW_US - 500_000})  # committed late: within the lag
    assert await read_numbers(connector, 1) == [77]
    source.rows[1] = {"n": 0, "at_us": NOW_US + 10, "more": 1}  # changed, with the time of it
    assert await read_numbers(connector, 1) == [0]
    since = [int(request.query_params["since"]) for request in source.requests]
    assert (since[0], max(since) >= NOW_US - 1_000_000) == (0, True)
    await connector.close()


async def test_the_bookmark_is_saved_only_after_the_commit(
    source: RestSource, tmp_path: Path
) -> None:
    source.rows = rows(0, 25)
    connector = connector_of(source, tmp_path, ROWS)
    await connector.connect()
    deliveries = [await next_delivery(connector) for _ in range(3)]
    await read_polls(connector, source)  # another round, in which nothing is new
    assert not connector.bookmarks.path.exists()
    await connector.close()  # the edge is killed
    again = connector_of(source, tmp_path, ROWS)
    await again.connect()
    assert sorted(await read_numbers(again, 25)) == list(range(25))
    await read_polls(again, source)
    assert again.bookmarks.get("rows").cursor_us == NOW_US + 24
    await again.close()
    source.rows += rows(30, 1, NOW_US + 50)
    third = connector_of(source, tmp_path, ROWS)
    third.restore_checkpoints([mark for delivery in deliveries for mark in delivery.checkpoints])
    await third.connect()
    assert await read_numbers(third, 1) == [30]
    assert int(source.requests[-1].query_params["since"]) >= NOW_US - 1_000_000
    await third.close()


async def test_a_change_in_the_future_hides_nothing(source: RestSource, tmp_path: Path) -> None:
    source.rows = [{"n": 1, "at_us": NOW_US + 86_400_000_000}]
    connector = connector_of(source, tmp_path, ROWS)
    await connector.connect()
    assert await read_numbers(connector, 1) == [1]
    await read_polls(connector, source)
    source.rows.insert(0, {"n": 2, "at_us": time.time_ns() // 1_000})
    assert await read_numbers(connector, 1) == [2]
    await connector.close()


async def test_an_etag_avoids_a_second_response(source: RestSource, tmp_path: Path) -> None:
    source.rows = rows(0, 3)
    connector = connector_of(source, tmp_path, ALL)
    await connector.connect()
    assert await read_numbers(connector, 3) == [0, 1, 2]
    await read_polls(connector, source)
    assert source.requests[-1].headers["if-none-match"] == '"3"'
    source.rows += rows(9, 1)
    assert await read_numbers(connector, 1) == [9]
    await connector.close()


async def test_the_same_key_with_other_content_goes_to_quarantine_once(
    source: RestSource, tmp_path: Path
) -> None:
    source.rows = [{"n": 1, "at_us": 5, "qty": 1}]
    connector = connector_of(source, tmp_path, ALL | {"corrections": "quarantine"})
    await connector.connect()
    assert await read_numbers(connector, 1) == [1]
    source.rows = [{"n": 1, "at_us": 5, "qty": 2}, {"at_us": 6}]
    delivery = await next_delivery(connector)
    assert "other content" in delivery.unreadable[0].reason
    await delivery.acknowledge()
    assert await read_polls(connector, source) == []
    await connector.close()


async def test_a_snapshot_repeats_unchanged_values(source: RestSource, tmp_path: Path) -> None:
    source.rows = [{"n": 1, "at_us": 5}]
    readings = {"as": "readings", "readings": {"address": "stock", "values": ["n"]}}
    endpoint = {"path": "/rows", "records": "data.items", "period_s": 0.05, **readings}
    connector = connector_of(source, tmp_path, endpoint)
    await connector.connect()
    for _ in range(3):
        delivery = await next_delivery(connector)
        assert [reading.value for reading in delivery.readings] == [1]
        await delivery.acknowledge()
    await connector.close()


async def test_retry_after_is_respected(source: RestSource, tmp_path: Path) -> None:
    source.rows = rows(0, 1)
    source.canned_responses = [Response(status_code=429, headers={"Retry-After": "1"})]
    connector = connector_of(source, tmp_path, ROWS)
    started_s = time.monotonic()
    await connector.connect()
    assert "429; retry in 1 s" in connector.status.detail
    assert await read_numbers(connector, 1) == [0]
    assert time.monotonic() - started_s >= 1
    assert len(source.requests) >= 2
    assert connector.status.detail == ""
    await connector.close()


@pytest.mark.parametrize(
    ("response", "error", "message"),
    [
        (Response(status_code=401), ConfigurationRejected, "check `auth`"),
        (Response(status_code=403), ConfigurationRejected, "answers 403"),
        (
            Response(status_code=302, headers={"Location": "http://169.254.169.254/"}),
            ConfigurationRejected,
            "redirects to 'http://169.254.169.254/'",
        ),
        (Response(status_code=500), ConnectionLost, "answers 500"),
        (Response(b"x" * 20_000), ConfigurationRejected, "more than 10000 bytes"),
        (
            Response(gzip.compress(b"x" * 200_000), headers={"Content-Encoding": "gzip"}),
            ConfigurationRejected,
            "more than 10000 bytes",
        ),
        (Response(b"no", headers={"Content-Encoding": "gzip"}), ConnectionLost, "Error"),
    ],
)
async def test_responses_without_a_document_are_errors(
    source: RestSource, tmp_path: Path, response: Response, error: type[Exception], message: str
) -> None:
    source.canned_responses = [response]
    connector = connector_of(source, tmp_path, ROWS, body_max_bytes=10_000)
    with pytest.raises(error, match=message):
        await connector.connect()
    with pytest.raises(ConnectionLost):
        await connector.read()
    await connector.close()


async def test_an_unreadable_page_goes_to_quarantine_and_is_read_again(
    source: RestSource, tmp_path: Path
) -> None:
    source.rows = rows(0, 1)
    source.canned_responses = [Response(b"<html>maintenance</html>")] * 3
    connector = connector_of(source, tmp_path, ROWS)
    await connector.connect()
    delivery = await next_delivery(connector)
    assert delivery.unreadable[0].raw == b"<html>maintenance</html>"
    await delivery.acknowledge()
    assert await read_numbers(connector, 1) == [0]
    await connector.close()


async def round_of(connector: RestConnector) -> None:
    await connector.connect()
    await next_delivery(connector)


async def test_endless_paging_is_detected(source: RestSource, tmp_path: Path) -> None:
    source.canned_responses = [Response(b'{"data": {"items": []}, "next": "x"}')] * 8
    connector = connector_of(source, tmp_path, ROWS)
    with pytest.raises(ConfigurationRejected, match="the same as this one"):
        await round_of(connector)
    await connector.close()
    source.canned_responses = [
        Response(b'{"data": {"items": []}, "next": "%d"}' % number) for number in range(8)
    ]
    connector = connector_of(source, tmp_path, {**ROWS, "pages_max": 4})
    with pytest.raises(ConfigurationRejected, match="more than 4 pages"):
        await round_of(connector)
    await connector.close()


async def test_authentication_headers(
    source: RestSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.rows = rows(0, 1)
    monkeypatch.setenv("ERP_SECRET", "s3cret")
    secret = {"env": "ERP_SECRET"}
    basic = base64.b64encode(b"us:s3cret").decode()
    for auth, header, value in (
        ({"method": "basic", "user": "us", "secret": secret}, "authorization", f"Basic {basic}"),
        ({"method": "key", "secret": secret}, "authorization", "Bearer s3cret"),
        ({"method": "key", "secret": secret, "header": "X-Key"}, "x-key", "s3cret"),
    ):
        connector = connector_of(source, tmp_path, ROWS, auth=auth)
        await connector.connect()
        await connector.close()
        assert source.requests[-1].headers[header] == value
    gone = {"method": "key", "secret": {"file": str(tmp_path / "gone")}}
    with pytest.raises(ConfigurationRejected, match="cannot be read"):
        await connector_of(source, tmp_path, ROWS, auth=gone).connect()


async def test_a_token_is_fetched_once_and_again_after_a_401(
    source: RestSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.rows = rows(0, 1)
    monkeypatch.setenv("ERP_SECRET", "s3cret")
    auth = {
        "method": "oauth2", "token_url": f"{source.url}/token", "client_id": "us",
        "secret": {"env": "ERP_SECRET"}, "scope": "orders",
    }  # fmt: skip
    connector = connector_of(source, tmp_path, ROWS, auth=auth)
    await connector.connect()
    assert await read_numbers(connector, 1) == [0]
    await read_polls(connector, source)
    assert (source.tokens, source.requests[-1].headers["authorization"]) == (1, "Bearer token-1")
    source.canned_responses = [Response(status_code=401)]
    source.rows += rows(5, 1)
    assert await read_numbers(connector, 1) == [5]
    assert (source.tokens, source.requests[-1].headers["authorization"]) == (2, "Bearer token-2")
    await connector.close()


async def test_forbidden_hosts_get_no_request(source: RestSource, tmp_path: Path) -> None:
    connector = connector_of(source, tmp_path, ROWS, allow=[])
    with pytest.raises(ConfigurationRejected, match=r"is this host itself.*allow"):
        await connector.connect()
    assert source.requests == []
    local = connector_of(
        source, tmp_path, ROWS, url=f"http://localhost:{source.port}", allow=["127.0.0.1", "::1"]
    )
    await local.connect()
    await local.close()
    assert len(source.requests) == 1


async def test_after_a_restart_stored_rows_are_duplicates(
    source: RestSource, tmp_path: Path
) -> None:
    """With a real lane: the keys are on disk, a new process drops the rows."""
    source.rows = rows(0, 30)
    lane = lane_of(tmp_path)
    connector = connector_of(source, tmp_path, ROWS)
    await connector.connect()
    count = 0
    while count < 30:
        delivery = await next_delivery(connector)
        await lane.store(delivery)
        count += len(delivery.records)  # the last is not acknowledged: killed in between
    await connector.close()
    again = connector_of(source, tmp_path, ROWS)
    again.restore_checkpoints(await lane.on_disk(lane.spool.checkpoints))
    await again.connect()
    assert await read_polls(again, source) == []
    assert again.bookmarks.get("rows").cursor_us == NOW_US + 29
    await again.close()
    await lane.close()
