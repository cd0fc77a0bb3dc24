"""Statements that derive job runs and reports of machines from events."""

from typing import Final

MACHINES_BY_PATH: Final = """
SELECT n.path, coalesce(e.id, f.equipment_id) AS id,
    EXISTS (SELECT FROM equipment child
        WHERE child.parent_id = coalesce(e.id, f.equipment_id)) AS has_children
FROM unnest($1::text[]) AS n (path) LEFT JOIN equipment e ON e.path = n.path
LEFT JOIN former_paths f ON f.path = n.path
WHERE coalesce(e.id, f.equipment_id) IS NOT NULL"""

MOVED_EQUIPMENT: Final = """
SELECT id, valid_from, valid_to, moved_from, moved_to FROM equipment
WHERE moved_from IS NOT NULL OR moved_to IS NOT NULL"""

PLANTS: Final = "SELECT path FROM equipment WHERE level = 'plant' AND path = ANY($1::text[])"

MACHINES_OF_EVENTS: Final = """
SELECT equipment_id FROM machine_reports WHERE event_id = ANY($1::uuid[])
UNION SELECT equipment_id FROM job_runs WHERE event_ids && $1::uuid[]"""

DELETE_REPORTS: Final = """
DELETE FROM machine_reports WHERE event_id = ANY($1::uuid[])
RETURNING equipment_id, kind, at, until_at"""

DELETE_JOB_RUNS: Final = """
DELETE FROM job_runs WHERE event_ids && $1::uuid[]
    OR (equipment_id, order_number, operation) IN (
        SELECT * FROM unnest($2::int[], $3::text[], $4::text[]))
RETURNING equipment_id, order_number, operation, started_at, ended_at, planned_run_s_per_item"""

JOB_EVENTS_OF_ORDERS: Final = """
SELECT event_id, kind, at, body::text AS body FROM business_events
WHERE kind IN ('job_started', 'job_finished') AND withdrawn_at IS NULL
    AND body->>'order_number' = ANY($1::text[])"""

# Where a run by order number matters beyond its own time: the planned run time of an order that the
# machine's own signal names, and inspections of the order.
OTHER_INSTANTS_OF_ORDERS: Final = """
SELECT n.equipment_id, p.start_at AS at
FROM unnest($1::int[], $2::text[]) AS n (equipment_id, order_number)
JOIN orders o ON o.equipment_id = n.equipment_id AND o.order_number = n.order_number
JOIN state_pieces p ON p.equipment_id = n.equipment_id AND p.order_number = n.order_number
    AND p.start_at >= o.started_at - interval '15 minutes'
UNION
SELECT n.equipment_id, r.at FROM unnest($1::int[], $2::text[]) AS n (equipment_id, order_number)
JOIN machine_reports r ON r.equipment_id = n.equipment_id AND r.kind = 'quality_inspected'
    AND r.order_number = n.order_number"""

# The first report of a job and of each quantity, of each machine.
FIRST_REPORTS: Final = """
SELECT n.id, least(
    (SELECT j.started_at FROM job_runs j WHERE j.equipment_id = n.id AND j.started_at IS NOT NULL
        ORDER BY j.started_at LIMIT 1),
    (SELECT j.ended_at FROM job_runs j WHERE j.equipment_id = n.id AND j.ended_at IS NOT NULL
        ORDER BY j.ended_at LIMIT 1),
    (SELECT r.at FROM machine_reports r WHERE r.equipment_id = n.id
        AND r.kind = 'quality_inspected' ORDER BY r.at LIMIT 1)) AS first_at
FROM unnest($1::int[]) AS n (id)"""
