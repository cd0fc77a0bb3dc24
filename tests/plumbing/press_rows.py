"""A press that ran, stood still twice, counts good parts and no scrap: rows as ingest stores."""

from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from werknetz.domain.bucket import bucket_of, instant_of, microseconds_of
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

PLANT: Final = "nordwerk/emden-1"
PRESS: Final = f"{PLANT}/line-1/press-1"
HOURS: Final = 5
_CALENDAR: Final = (
    '{"time_zone": "Europe/Berlin", "cycle_days": 1, "anchor": "2026-01-05", "shifts": [{"name":'
    ' "all", "days": [0], "start": "00:00", "end": "24:00", "breaks": []}]}'
)
_ROWS: Final = f"""
INSERT INTO equipment (path, level, name, time_zone) VALUES
    ('nordwerk', 'enterprise', 'nordwerk', NULL), ('{PLANT}', 'plant', 'emden-1', 'Europe/Berlin'),
    ('{PLANT}/line-1', 'line', 'line-1', NULL), ('{PRESS}', 'machine', 'press-1', NULL);
UPDATE equipment e SET parent_id = p.id FROM equipment p
    WHERE p.path = regexp_replace(e.path, '/[^/]+$', '') AND p.id <> e.id;
INSERT INTO shift_calendars (equipment_id, valid_from, document)
    SELECT id, '2020-01-01Z', '{_CALENDAR}' FROM equipment WHERE path = '{PLANT}';
INSERT INTO reasons (code, kind, name_en, name_de, category, position) VALUES
    ('tool_worn', 'stop', 'Tool worn', 'Werkzeug verschlissen', 'adet', 900),
    ('dent', 'scrap', 'Dent', 'Delle', NULL, 901);
INSERT INTO connectors (id) VALUES ('c');
INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype, source, mapping)
    SELECT role, id, 'c', role, role, 'float', 's', 'm@1' FROM equipment,
    unnest(ARRAY['state', 'order', 'planned_run_time', 'good_count', 'scrap_count']) AS role
    WHERE path = '{PRESS}';
"""


async def add_press(url: str, now: datetime) -> None:
    """Add five hours of the press: idle after one, a malfunction after three."""
    start = now - timedelta(hours=HOURS)

    def at(hours: float) -> datetime:
        return start + timedelta(hours=hours)

    rows: list[tuple[str, datetime, float | None, str | None]] = [
        ("order", start, None, "A1"), ("planned_run_time", start, 60.0, None),
        ("state", start, 1.0, None), ("state", at(1), 3.0, "wait"), ("state", at(1.5), 1.0, None),
        ("state", at(3), 4.0, "E1"), ("state", at(3.2), 1.0, None),
        ("state", now - timedelta(seconds=30), 1.0, None),
        *(("good_count", at(n / 12), 4.0 * n, None) for n in range(12 * HOURS)),
        *(("scrap_count", at(n / 12), 0.0, None) for n in range(12 * HOURS)),
    ]  # fmt: skip
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ROWS)
        signals = dict(await connection.fetch("SELECT role, id FROM signals"))
        await connection.executemany(
            "INSERT INTO samples (signal_id, at, value, status, text) VALUES ($1, $2, $3, 0, $4)",
            [(signals[role], instant, value, text) for role, instant, value, text in rows],
        )
        await connection.execute(
            "INSERT INTO dirty_buckets (equipment_id, bucket_at) SELECT e.id, at FROM equipment e,"
            " generate_series($2::timestamptz, $3, interval '15 minutes') AS at WHERE path = $1"
            " ON CONFLICT DO NOTHING",
            PRESS, instant_of(bucket_of(microseconds_of(start))), now,
        )  # fmt: skip
    finally:
        await connection.close()
    await compute(url)


async def compute(url: str) -> None:
    """Compute what changed, as a worker does."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2, timeout=60) as pool:
        while await compute_dirty_buckets(
            pool, WatermarkPublisher(None), now_us=microseconds_of(datetime.now(UTC)), quiet_s=0.0
        ):
            pass
