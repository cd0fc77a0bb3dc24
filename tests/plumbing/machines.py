"""Machines in a database as the ingest writer leaves them: signals, samples, dirty marks."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
ROLES: Final = ("state", "order", "planned_run_time", "good_count", "scrap_count")
Sample = tuple[str, int, float | None, str | None]  # role, instant, value, text

_MARK: Final = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at) VALUES ($1, $2)
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""


class Plant:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.signals: dict[tuple[int, str], int] = {}

    async def machine(self, path: str, roles: Sequence[str] = ROLES) -> int:
        """Add a machine, and what is above it, with one signal a role."""
        segments = path.split("/")
        parent = None
        for depth in range(1, len(segments) + 1):
            above = "/".join(segments[:depth])
            level = ("enterprise", "plant", "area", "line", "machine")[depth - 1]
            parent = await self.pool.fetchval(
                """INSERT INTO equipment (path, level, name, parent_id) VALUES ($1, $2, $3, $4)
                ON CONFLICT (path) DO UPDATE SET name = excluded.name RETURNING id""",
                above, level, segments[depth - 1], parent,
            )  # fmt: skip
        await self.pool.execute("INSERT INTO connectors (id) VALUES ('c') ON CONFLICT DO NOTHING")
        assert isinstance(parent, int)
        for role in roles:
            self.signals[parent, role] = await self.pool.fetchval(
                """INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype,
                    source, mapping, counter_reset)
                VALUES ($1, $2, 'c', $3, $3, 'float', 's', 'm@1', 'to_zero') RETURNING id""",
                f"{path}:{role}", parent, role,
            )  # fmt: skip
        return parent

    async def calendar(self, path: str, document: dict[str, Any], since_us: int) -> None:
        await self.pool.execute(
            """INSERT INTO shift_calendars (equipment_id, valid_from, document)
            SELECT id, $2, $3::jsonb FROM equipment WHERE path = $1""",
            path, instant_of(since_us), json.dumps(document),
        )  # fmt: skip

    async def samples(self, machine: int, samples: Iterable[Sample]) -> None:
        """Keep samples and mark what they make dirty, in one transaction."""
        sample_list = list(samples)
        rows = [
            (self.signals[machine, role], instant_of(at), value, 0, None, text)
            for role, at, value, text in sample_list
        ]
        buckets = {bucket_of(at) for _, at, _, _ in sample_list}
        buckets |= {bucket_of(at - 120 * SECOND) for _, at, _, _ in sample_list}
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.copy_records_to_table(
                "samples",
                records=rows,
                columns=["signal_id", "at", "value", "status", "server_at", "text"],
            )
            await connection.executemany(
                _MARK, [(machine, instant_of(bucket)) for bucket in sorted(buckets)]
            )

    async def elements(self, machine: int) -> list[asyncpg.Record]:
        return await self.pool.fetch(
            "SELECT * FROM elements WHERE equipment_id = $1 ORDER BY bucket_at", machine
        )


def timeline(start_us: int, buckets: int, *, seed: int = 1) -> list[Sample]:
    """A machine that produces, stands still now and then, and counts what it makes."""
    rows: list[Sample] = [
        ("order", start_us, None, "A1"),
        ("planned_run_time", start_us, 20.0, None),
    ]
    for n in range(buckets):
        at = start_us + n * BUCKET_US
        stop = at + (3 + (n * 7 + seed) % 9) * MINUTE
        length = (30 + (n * 37 + seed * 11) % 400) * SECOND
        rows += [
            ("state", at, 1.0, "run"),
            ("state", stop, float((2, 4, 5, 6)[(n + seed) % 4]), "stop"),
            ("state", stop + length, 1.0, "run"),
        ]
        rows += [
            ("good_count", at + second * SECOND, float(n * 30 + number), None)
            for number, second in enumerate(range(0, 900, 30))
        ]
        rows.append(("scrap_count", at + 600 * SECOND, float(n), None))
        if n % 5 == 4:
            rows.append(("order", at + 7 * MINUTE, None, f"A{n}"))
    return rows
