"""Connectors over the API: rate, clocks, certificates, configuration, reasons, changes, ETag."""

import asyncio
import time
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

from werknetz.link.redis import STATUS_TTL_S, status_key
from werknetz.link.report import CertificateReport, ConnectorReport, Fault, StateReport
from werknetz.link.wire import TERMINAL_STATES, Status, status_to_hash

from .conftest import World

pytestmark = pytest.mark.asyncio
DAY_US = 86_400_000_000
NAME = "emden-opcua"


def status_of(now_us: int, report: ConnectorReport | None, **fields: Any) -> Status:
    status = Status(
        state="running", detail="", protocol="opcua", backlog=3, lag_s=0.5,
        last_good_us=now_us - 2_000_000, epoch=1, acked=1, last_seq=4, spool_id="x",
        spool_bytes=9, pid=1, version="0.3", rss_bytes=5, at_us=now_us,
        details={"values": "12", "clock_offset_s": "+0.250", "host_id": "007", "session": "new"},
        mapping="body@1", mapping_state="own", report=report,
    )  # fmt: skip
    return msgspec.structs.replace(status, **fields)


async def publish(world: World, status: Status, left_s: float = STATUS_TTL_S) -> None:
    redis: Redis = world.app.state.context.redis
    await redis.delete(status_key(NAME))
    await redis.hset(status_key(NAME), mapping=status_to_hash(status))  # type: ignore[arg-type]
    if status.state not in TERMINAL_STATES:
        await redis.pexpire(status_key(NAME), int(left_s * 1000))


async def show(world: World, language: str = "en") -> Any:
    response = await world.get(f"/connectors/{NAME}", headers={"Accept-Language": language})
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_connector_shows_rate_clocks_and_certificates(world: World) -> None:
    now_us = world.app.state.context.now_us()
    report = ConnectorReport(
        now_us, rate_s=12.5, rate_window_s=60, source_offset_s=0.25, explores=["10.0.0.0/8"],
        certificates=[
            CertificateReport("server", now_us + 30 * DAY_US + 1_000_000, "CN=press", "ab"),
            CertificateReport("own", now_us - DAY_US // 2),
        ],
    )  # fmt: skip
    await publish(world, status_of(now_us, report), left_s=STATUS_TTL_S - 3)
    view = await show(world)
    assert (view["rate_per_s"], view["rate_window_s"], view["clock_skew_s"]) == (12.5, 60, 0.25)
    assert view["edge_clock_skew_s"] == pytest.approx(3, abs=1)  # sent 3 s ago with the time of now
    assert [c["days_left"] for c in view["certificates"]] == [30, -1]
    assert view["certificate_days_left"] == -1
    assert view["details"] == {
        "values": 12, "clock_offset_s": 0.25, "host_id": "007", "session": "new",
    }  # fmt: skip
    assert (view["kind"], view["errors"], view["explores"]) == ("live", [], ["10.0.0.0/8"])
    assert view["last_good_age_s"] == pytest.approx(2, abs=1)


async def test_an_edge_that_reports_less_is_shown_too(world: World) -> None:
    now_us = world.app.state.context.now_us()
    await publish(world, status_of(now_us, None, state="connecting", detail="connect: no route"))
    view = await show(world)
    assert (view["rate_per_s"], view["clock_skew_s"], view["certificates"]) == (None, None, [])
    assert (view["backlog"], view["details"]["values"], view["changes"]) == (3, 12, [])
    (error,) = view["errors"]
    assert (error["code"], error["detail"]) == ("connector.reported", "connect: no route")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [({"protocol": "history"}, "history"), ({"state": "finished"}, "history"), ({}, "live")],
)
async def test_a_feed_of_history_is_named(world: World, fields: dict[str, str], kind: str) -> None:
    await publish(world, status_of(world.app.state.context.now_us(), None, **fields))
    assert (await show(world))["kind"] == kind


async def test_reasons_are_sentences_in_the_language_of_the_caller(world: World) -> None:
    now_us = world.app.state.context.now_us()
    fault = Fault("connector.connection_refused")
    detail = "connect: [Errno 111] Connection refused"
    report = ConnectorReport(
        now_us, fault=fault,
        changes=[
            StateReport(now_us - 9_000_000, "running"),
            StateReport(now_us, "connecting", detail, fault),
        ],
    )  # fmt: skip
    await publish(world, status_of(now_us, report, state="connecting", detail=detail))
    english, german = await show(world), await show(world, "de")
    assert english["errors"][0] == {
        "code": "connector.connection_refused", "fields": {}, "detail": detail,
        "text": "The source does not accept connections at this address.",
        "hint": "Check that the server runs, and that address and port are right.",
    }  # fmt: skip
    assert german["errors"][0]["text"].startswith("Die Quelle nimmt")
    assert [change["state"] for change in english["changes"]] == ["connecting", "running"]
    assert english["changes"][0]["error"] == english["errors"][0]
    listed = (await world.get("/connectors")).json()["items"][0]
    assert "changes" not in listed  # of the detail alone: a poll of all stays small


async def test_a_reason_of_a_later_edge_keeps_its_technical_detail(world: World) -> None:
    now_us = world.app.state.context.now_us()
    for fault in (Fault("connector.of_later"), Fault("no_group"), Fault("connector.no_endpoint")):
        report = ConnectorReport(now_us, fault=fault)
        await publish(world, status_of(now_us, report, state="failed", detail="why"))
        (error,) = (await show(world))["errors"]
        assert (error["code"], error["detail"]) == ("connector.reported", "why")


async def test_silent_edges_silent_sources_and_alarms_have_own_codes(
    world: World,
) -> None:
    assert (await show(world))["errors"][0]["code"] == "connector.edge_silent"
    now_us = world.app.state.context.now_us()
    await publish(world, status_of(now_us, None, state="silent", mapping_state="out_of_sync"))
    await world.database.execute("UPDATE connectors SET alarm = 'fork' WHERE id = $1", NAME)
    codes = [error["code"] for error in (await show(world))["errors"]]
    assert codes == [
        "connector.source_silent", "connector.spool_alarm", "connector.mapping_differs",
    ]  # fmt: skip


async def test_no_edge_is_called_silent_while_redis_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_us = world.app.state.context.now_us()
    await publish(world, status_of(now_us, None))
    await world.database.execute("UPDATE connectors SET alarm = 'fork' WHERE id = $1", NAME)
    monkeypatch.setattr(Pipeline, "execute", refuse)
    view = await show(world, "de")
    assert [error["code"] for error in view["errors"]] == [
        "connector.status_unknown", "connector.spool_alarm",
    ]  # fmt: skip
    assert "nicht bekannt" in view["detail"]
    assert "nicht bekannt" in view["errors"][0]["text"]


async def refuse(*_: object, **__: object) -> None:
    raise RedisConnectionError("refused")


async def test_the_mapping_in_use_is_compared_with_the_active_one(world: World) -> None:
    now_us = world.app.state.context.now_us()
    active, former = b"\x01" * 16, b"\x02" * 16
    await world.database.execute(
        "INSERT INTO mapping_versions (name, version, digest, document, state) VALUES"
        " ('body', 2, $1, '', 'active'), ('body', 1, $2, '', 'used')",
        active, former,
    )  # fmt: skip
    await world.database.execute(
        "UPDATE connectors SET mapping_id = (SELECT id FROM mapping_versions WHERE name = 'body'"
        " AND version = 1) WHERE id = $1",
        NAME,
    )
    states = []
    for label, digest in (("body@1", former), ("body@2", active), ("body@2", former)):
        report = ConnectorReport(now_us, mapping_digest=digest.hex())
        await publish(world, status_of(now_us, report, mapping=label))
        configuration = (await show(world))["configuration"]
        states.append(configuration["state"])
        assert configuration["active"] == {"mapping": "body@2", "digest": active.hex()}
        assert configuration["used"] == {"mapping": label, "digest": digest.hex()}
    assert states == ["out_of_sync", "in_sync", "out_of_sync"]
    # An older edge reports no digest, and what is stored of the connector is another version.
    for label, state in (("body@2", "in_sync"), ("body@1", "out_of_sync")):
        await publish(world, status_of(now_us, None, mapping=label))
        assert (await show(world))["configuration"]["state"] == state, label
    await world.database.execute("UPDATE mapping_versions SET state = 'used'")
    assert (await show(world))["configuration"]["state"] == "own"


async def test_what_has_not_changed_is_answered_with_304(world: World) -> None:
    stopped = status_of(1, None, state="stopped", last_good_us=None)
    await publish(world, stopped)
    for path in ("/connectors", f"/connectors/{NAME}", "/gaps"):
        etag = (await world.get(path)).headers["etag"]
        again = await world.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b""), path
        assert (await world.get(f"{path}?knid=a")).status_code == 422
    await publish(world, msgspec.structs.replace(stopped, backlog=4))
    await asyncio.sleep(0)
    changed = await world.get("/connectors", headers={"If-None-Match": etag})
    assert changed.status_code == 200


async def test_many_connectors_are_read_in_one_round_trip(world: World) -> None:
    names = [f"feed-{number}" for number in range(200)]
    await world.database.execute("INSERT INTO connectors (id) SELECT unnest($1::text[])", names)
    began = time.perf_counter()
    items = (await world.get("/connectors?limit=500")).json()["items"]
    assert len(items) >= 200
    assert time.perf_counter() - began < 2
