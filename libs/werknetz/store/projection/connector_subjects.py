"""Statements that record of which relations, warehouses and machines a connector delivers facts."""

from typing import Final

# In one order, so that two transactions with the same rows cannot deadlock.
ADD_SUBJECTS: Final = """
INSERT INTO connector_subjects (connector_id, relation_id, warehouse_id, equipment_id)
SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[])
    AS n (connector_id, relation_id, warehouse_id, equipment_id)
ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING"""

# $1: events. Runs and reports are derived by statements, so their machines are read.
MACHINES_OF_EVENTS: Final = """
SELECT n.event_id, r.equipment_id FROM unnest($1::uuid[]) AS n (event_id)
JOIN machine_reports r ON r.event_id = n.event_id
UNION
SELECT e.event_id, r.equipment_id FROM job_runs r CROSS JOIN LATERAL unnest(r.event_ids)
    AS e (event_id)
WHERE r.event_ids && $1::uuid[] AND e.event_id = ANY($1::uuid[])"""
