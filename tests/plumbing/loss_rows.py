"""Rows of elements and state intervals that belong together, as the worker leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from werknetz.domain.state import MachineState
from werknetz.store.tables import ELEMENT_COLUMNS

S = MachineState
QUARTER = timedelta(minutes=15)
_PARTS = {
    S.BLOCKED: "blocked_s", S.STARVED: "starved_s", S.SUSPENDED: "suspended_s",
    S.REPAIR: "malfunction_s", S.IDLE: "idle_s", S.OFF: "idle_s",
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """`minutes` of a machine in a state; the category follows from it and the order."""

    minutes: float
    state: MachineState = S.PRODUCING
    code: str | None = None
    order: str | None = "A-1"
    minor: bool = False
    off: bool = False  # outside of shifts

    @property
    def category(self) -> str:
        if self.off:
            return "off_shift"
        if self.state is S.MAINTENANCE:
            return "pdot"
        if self.state is S.UNKNOWN:
            return "unknown"
        if self.order is None:
            return "adot"
        return {S.PRODUCING: "apt", S.SETUP: "aust"}.get(self.state, "adet")


@dataclass(frozen=True)
class Made:
    """Parts of a bucket: each takes `run_s` as planned."""

    good: float = 0
    scrap: float = 0
    run_s: float = 10.0
    is_judged: bool = True
    start_up: float = 0  # of the scrap, what was made in a start-up
    more: dict[str, float] = field(default_factory=dict)


async def add_time(
    database: asyncpg.Connection,
    equipment_id: int,
    start: str,
    pieces: Sequence[Piece],
    parts: Made | None = None,
) -> None:
    """Insert buckets and intervals from `start`, a quarter, on; parts belong to the first one."""
    at = datetime.fromisoformat(start)
    buckets: dict[datetime, dict[str, float]] = {}
    for piece in pieces:
        end = at + timedelta(minutes=piece.minutes)
        while at < end:
            bucket = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
            until = min(end, bucket + QUARTER)
            await database.execute(
                "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code,"
                " order_number) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                equipment_id, at, until, int(piece.state), piece.category, piece.code, piece.order,
            )  # fmt: skip
            _add(buckets.setdefault(bucket, {}), piece, (until - at).total_seconds())
            at = until
    for number, (bucket, columns) in enumerate(sorted(buckets.items())):
        if number == 0 and parts is not None:
            _add_parts(columns, parts)
        await _insert(database, equipment_id, bucket, _judge(columns, parts))


def _add(columns: dict[str, float], piece: Piece, seconds: float) -> None:
    names = ["off_shift_s"] if piece.off else ["pot_s", f"{piece.category}_s"]
    if not piece.off and piece.category != "pdot":
        names.append("pbt_s")
    if piece.category == "adet":
        is_fault = piece.state is S.MALFUNCTION
        fault = "minor_stop_s" if piece.minor else "malfunction_s"
        names.append(fault if is_fault else _PARTS[piece.state])
    for name in names:
        columns[name] = columns.get(name, 0.0) + seconds


def _add_parts(columns: dict[str, float], parts: Made) -> None:
    produced = parts.good + parts.scrap
    columns |= {
        "pq": produced, "gq": parts.good, "sq": parts.scrap,
        "pri_pq_s": produced * parts.run_s, "pri_gq_s": parts.good * parts.run_s,
        "judged_pri_pq_s": produced * parts.run_s, "judged_pri_gq_s": parts.good * parts.run_s,
        "pace_pri_pq_s": produced * parts.run_s,
        "start_up_sq": parts.start_up, "start_up_pri_sq_s": parts.start_up * parts.run_s,
        **parts.more,
    }  # fmt: skip


def _judge(columns: dict[str, float], parts: Made | None) -> dict[str, Any]:
    """Add what is known: everything of the machine, or nothing of its quantities."""
    busy, unknown = columns.get("pbt_s", 0.0), columns.get("unknown_s", 0.0)
    calendar = columns.get("pot_s", 0.0) + columns.get("off_shift_s", 0.0)
    columns["plan_known_s"] = calendar
    if parts is None or parts.is_judged:
        columns |= {
            "judged_s": busy - unknown, "judged_apt_s": columns.get("apt_s", 0.0),
            "judged_aust_s": columns.get("aust_s", 0.0), "quantity_known_s": busy,
            "pace_known_s": busy, "pace_apt_s": columns.get("apt_s", 0.0),
            "pq_known_s": calendar, "gq_known_s": calendar, "sq_known_s": calendar,
        }  # fmt: skip
    else:
        columns |= {"judged_pri_pq_s": 0.0, "judged_pri_gq_s": 0.0, "start_up_pri_sq_s": 0.0}
    return columns


async def _insert(
    database: asyncpg.Connection, equipment_id: int, bucket: datetime, columns: dict[str, Any]
) -> None:
    assert columns.keys() <= set(ELEMENT_COLUMNS)
    names = sorted(columns)
    places = ", ".join(f"${number}" for number in range(3, 3 + len(names)))
    await database.execute(
        f"INSERT INTO elements (equipment_id, bucket_at, carry, provisional, {', '.join(names)})"
        f" VALUES ($1, $2, '{{}}', false, {places})",
        equipment_id, bucket, *(columns[name] for name in names),
    )  # fmt: skip
