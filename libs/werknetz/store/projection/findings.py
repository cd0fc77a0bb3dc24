"""Statements over the findings of single events."""

from typing import Final

UPSERT_FINDINGS: Final = """
INSERT INTO findings (key, kind, subject, material_id, at, detail, event_ids, sentence)
SELECT key, kind, 'event', material_id, at, detail, ARRAY[event_id], sentence::jsonb
FROM unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::text[], $6::uuid[],
    $7::text[]) AS n (key, kind, material_id, at, detail, event_id, sentence)
ON CONFLICT (key) DO UPDATE SET at = excluded.at, detail = excluded.detail,
    sentence = excluded.sentence, material_id = excluded.material_id, cleared_at = NULL"""

# $1: events; $2: kinds; $3: keys that still hold.
CLEAR_FINDINGS: Final = """
UPDATE findings SET cleared_at = clock_timestamp()
WHERE subject = 'event' AND cleared_at IS NULL AND event_ids[1] = ANY($1::uuid[])
    AND kind = ANY($2::text[]) AND starts_with(key, 'event/') AND key <> ALL($3::text[])"""

REPROJECT_EVENTS: Final = "INSERT INTO events_to_project (event_id) SELECT unnest($1::uuid[])"

UPSERT_SHARED_NUMBER_FINDING: Final = """
INSERT INTO findings (key, kind, subject, at, detail, event_ids, sentence)
VALUES ($1, 'ambiguous_material', 'event', $2, $3, $4::uuid[], $5::text::jsonb)
ON CONFLICT (key) DO UPDATE SET cleared_at = NULL, detail = excluded.detail,
    sentence = excluded.sentence, event_ids = (
    SELECT array_agg(DISTINCT id ORDER BY id)
    FROM unnest(findings.event_ids || excluded.event_ids) AS id)"""

# Events that waited until their material number was assigned.
REPROJECT_AMBIGUOUS_EVENTS: Final = """
INSERT INTO events_to_project (event_id)
SELECT DISTINCT unnest(event_ids) FROM findings f
JOIN business_events e ON e.event_id = f.event_ids[1]
WHERE f.kind = 'ambiguous_material' AND f.cleared_at IS NULL AND f.subject = 'event'
    AND e.body->>'supplier_material' = ANY($1::text[]) AND starts_with(f.key, 'event/')"""
