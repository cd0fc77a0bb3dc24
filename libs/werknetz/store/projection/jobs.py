"""Statements that derive operations and orders from job events."""

from typing import Final

# Start and end of a job are always read together, so that their order of arrival does not matter.
INSERT_OPERATIONS: Final = """
INSERT INTO operations (order_number, operation, equipment, equipment_id, material_id,
    planned_quantity, planned_run_s_per_item, planned_setup_s, planned_end_at, started_at,
    ended_at, good_quantity, scrap_quantity, rework_quantity, event_ids)
SELECT k.o, k.p, k.e, max(q.id), max(coalesce(a.material_id, m.id)),
    max((b.body->>'planned_quantity')::float8), max((b.body->>'planned_run_s_per_item')::float8),
    max((b.body->>'planned_setup_s')::float8),
    max(timestamptz 'epoch' + (b.body->>'planned_end_us')::bigint * interval '1 microsecond'),
    min(b.at) FILTER (WHERE b.kind = 'job_started'),
    max(b.at) FILTER (WHERE b.kind = 'job_finished'),
    sum((b.body->>'good_quantity')::float8), sum((b.body->>'scrap_quantity')::float8),
    sum((b.body->>'rework_quantity')::float8), array_agg(b.event_id ORDER BY b.event_id)
FROM unnest($1::text[], $2::text[], $3::text[]) AS k (o, p, e)
JOIN business_events b ON b.kind IN ('job_started', 'job_finished') AND b.withdrawn_at IS NULL
    AND b.body->>'order_number' = k.o AND coalesce(b.body->>'operation', '') = k.p
    AND b.body->>'equipment' = k.e
LEFT JOIN equipment q ON q.path = k.e
LEFT JOIN materials m ON m.number = b.body->>'material'
LEFT JOIN material_numbers a ON a.kind = 'own' AND a.partner_id IS NULL
    AND a.number = b.body->>'material'
GROUP BY k.o, k.p, k.e"""

DELETE_OPERATIONS: Final = """
DELETE FROM operations WHERE event_ids && $1::uuid[]
    OR (order_number, operation, equipment) IN (
        SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))
RETURNING order_number, operation, equipment"""

UPSERT_PRODUCTION_ORDERS: Final = """
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
