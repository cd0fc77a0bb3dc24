"""Orders and their operations out of what was told of a job's start and end."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from werknetz.store.session import WriteConnection
from werknetz_worker.projection.event_revisions import Told

_KINDS: Final = ("job_started", "job_finished")
# Both ends of a job are read again whichever of them came: so the order does not matter.
_OPERATIONS: Final = """
INSERT INTO operations (order_number, operation, equipment, equipment_id, material_id,
    planned_quantity, planned_run_s_per_item, planned_setup_s, planned_end_at, started_at,
    ended_at, good_quantity, scrap_quantity, rework_quantity, event_ids)
SELECT k.o, k.p, k.e, max(q.id), max(m.id),
    max((b.body->>'planned_quantity')::float8), max((b.body->>'planned_run_s_per_item')::float8),
    max((b.body->>'planned_setup_s')::float8),
    max(timestamptz 'epoch' + (b.body->>'planned_end_us')::bigint * interval '1 microsecond'),
    min(b.at) FILTER (WHERE b.kind = 'job_started'),
    max(b.at) FILTER (WHERE b.kind = 'job_finished'),
    sum((b.body->>'good_quantity')::float8), sum((b.body->>'scrap_quantity')::float8),
    sum((b.body->>'rework_quantity')::float8), array_agg(b.event_id ORDER BY b.event_id)
FROM unnest($1::text[], $2::text[], $3::text[]) AS k (o, p, e)
JOIN business_events b ON b.kind IN ('job_started', 'job_finished')
    AND b.body->>'order_number' = k.o AND coalesce(b.body->>'operation', '') = k.p
    AND b.body->>'equipment' = k.e
LEFT JOIN equipment q ON q.path = k.e
LEFT JOIN materials m ON m.number = b.body->>'material'
GROUP BY k.o, k.p, k.e"""
_REMOVE: Final = """
DELETE FROM operations WHERE event_ids && $1::uuid[]
    OR (order_number, operation, equipment) IN (
        SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))
RETURNING order_number, operation, equipment"""
_ORDERS: Final = """
WITH named AS (SELECT DISTINCT number FROM unnest($1::text[]) AS n (number)),
gone AS (
    DELETE FROM production_orders WHERE number IN (SELECT number FROM named)
    AND NOT EXISTS (SELECT FROM operations WHERE order_number = number))
INSERT INTO production_orders
    (number, material_id, planned_quantity, planned_end_at, started_at, finished_at)
SELECT o.order_number, max(o.material_id), max(o.planned_quantity), max(o.planned_end_at),
    min(o.started_at), CASE WHEN bool_and(o.ended_at IS NOT NULL) THEN max(o.ended_at) END
FROM operations o JOIN named ON named.number = o.order_number GROUP BY o.order_number
ON CONFLICT (number) DO UPDATE SET material_id = excluded.material_id,
    planned_quantity = excluded.planned_quantity, planned_end_at = excluded.planned_end_at,
    started_at = excluded.started_at, finished_at = excluded.finished_at"""

Key = tuple[str, str, str]  # order, operation, equipment


async def write_jobs(
    connection: WriteConnection, told: Sequence[Told], events: Sequence[UUID]
) -> None:
    """Derive anew the operations that the events name, or named before."""
    keys = {_key(one) for one in told if one.kind in _KINDS}
    there = {one.event_id for one in told}
    if not keys and there.issuperset(events):
        return
    wanted = sorted(keys)
    removed = await connection.fetch(_REMOVE, events, *_columns(wanted))
    wanted = sorted(keys | {(row[0], row[1], row[2]) for row in removed})
    if wanted:
        await connection.execute(_OPERATIONS, *_columns(wanted))
        await connection.execute(_ORDERS, [key[0] for key in wanted])


def _key(told: Told) -> Key:
    return (
        told.text("order_number") or "", told.text("operation") or "", told.text("equipment") or "",
    )  # fmt: skip


def _columns(keys: Sequence[Key]) -> list[list[str]]:
    return [[key[number] for key in keys] for number in range(3)]
