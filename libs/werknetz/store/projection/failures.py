"""Statements over the findings of what the worker could not compute."""

from typing import Final

# $4: equipment; $5: relation; $6, $7: warehouse and material. Each may be null. $8: the sentence.
UPSERT_FAILURE: Final = """
INSERT INTO findings AS old (key, kind, subject, at, detail, equipment_id, relation_id,
    supplier_id, warehouse_id, material_id, sentence)
SELECT $1, 'not_computed', $2, clock_timestamp(), $3, $4, r.id, r.supplier_id, $6,
    coalesce(r.material_id, $7), $8::text::jsonb
FROM (SELECT) AS one LEFT JOIN supply_relations r ON r.id = $5
ON CONFLICT (key) DO UPDATE SET detail = excluded.detail, sentence = excluded.sentence,
    cleared_at = NULL,
    at = CASE WHEN old.cleared_at IS NULL THEN old.at ELSE excluded.at END
WHERE old.cleared_at IS NOT NULL OR (old.detail, old.sentence)
    IS DISTINCT FROM (excluded.detail, excluded.sentence)"""

CLEAR_FAILURES: Final = """
UPDATE findings SET cleared_at = clock_timestamp()
WHERE key = ANY($1::text[]) AND cleared_at IS NULL"""
