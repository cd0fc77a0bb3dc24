"""What machines do now: stops that go on, and connectors that are silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.domain.state import MachineState
from werknetz.store.encoding.arrays import array_literal
from werknetz.store.losses.current import OPEN_INTERVALS, SILENT_CONNECTORS, STATES_SINCE
from werknetz.store.session import ReadConnection

_RECENT: Final = timedelta(hours=1)
_SINCE: Final = timedelta(days=7)
_STOPPED: Final = ("adet", "adot")


@dataclass(frozen=True, slots=True)
class OpenStop:
    equipment_id: int
    state: int
    code: str | None
    since: datetime


async def load_open_stops(
    connection: ReadConnection, ids: Sequence[int], now_us: int
) -> list[OpenStop]:
    """Return the stops in planned busy time that go on, the longest first."""
    now = instant_of(now_us)
    # The running bucket ends where it was last computed.
    open_from = instant_of(bucket_of(now_us) - BUCKET_US)
    stopped = await connection.fetch(
        OPEN_INTERVALS, array_literal(ids), now - _RECENT, open_from, _STOPPED
    )
    if not stopped:
        return []
    since = await connection.fetch(
        STATES_SINCE, [r["id"] for r in stopped], [r["state"] for r in stopped],
        [r["start_at"] for r in stopped], now - _SINCE,
    )  # fmt: skip
    starts = {row["id"]: row["since"] for row in since}
    stops = [OpenStop(r["id"], r["state"], r["code"], starts[r["id"]]) for r in stopped]
    return sorted(stops, key=lambda stop: stop.since)


async def load_silent_connectors(
    connection: ReadConnection, ids: Sequence[int]
) -> Mapping[int, list[str]]:
    """Return the connectors without a heartbeat by equipment that they serve."""
    silent: dict[int, list[str]] = {}
    for row in await connection.fetch(SILENT_CONNECTORS, array_literal(ids)):
        silent.setdefault(row["equipment_id"], []).append(row["connector_id"])
    return silent


def stop_document(stop: OpenStop, path: str, now_us: int) -> dict[str, Any]:
    return {
        "equipment": path,
        "state": MachineState(stop.state).label,
        "code": stop.code,
        "since": stop.since,
        "seconds": (instant_of(now_us) - stop.since).total_seconds(),
    }
