"""Statements over the findings of relations."""

from typing import Final

CREATE_STAGE: Final = """
CREATE TEMP TABLE IF NOT EXISTS findings_staged (
    key text, kind text, relation_id int, supplier_id int, material_id int, site_id int,
    at timestamptz, quantity float8, expected float8, actual float8, detail text, event_ids uuid[],
    sentence text
) ON COMMIT DELETE ROWS"""

CLEAR_STAGE: Final = "DELETE FROM findings_staged"

# Keys are sorted, so that two writers of the same rows lock them in the same order.
UPSERT_FINDINGS: Final = """
INSERT INTO findings AS old (key, kind, subject, relation_id, supplier_id, material_id, site_id, at,
    quantity, expected, actual, detail, event_ids, sentence)
SELECT key, kind, 'relation', relation_id, supplier_id, material_id, site_id, at, quantity,
    expected, actual, detail, event_ids, sentence::jsonb
FROM findings_staged ORDER BY key
ON CONFLICT (key) DO UPDATE SET at = excluded.at, quantity = excluded.quantity,
    expected = excluded.expected, actual = excluded.actual, detail = excluded.detail,
    sentence = excluded.sentence, event_ids = excluded.event_ids,
    supplier_id = excluded.supplier_id, material_id = excluded.material_id,
    site_id = excluded.site_id, cleared_at = NULL
WHERE old.cleared_at IS NOT NULL
    OR (old.at, old.quantity, old.expected, old.actual, old.detail, old.event_ids,
        old.sentence)
    IS DISTINCT FROM (excluded.at, excluded.quantity, excluded.expected, excluded.actual,
        excluded.detail, excluded.event_ids, excluded.sentence)"""

CLEAR_FINDINGS: Final = """
UPDATE findings f SET cleared_at = clock_timestamp()
WHERE f.relation_id = ANY($1) AND f.kind = ANY($2) AND f.subject = 'relation'
    AND f.cleared_at IS NULL
    AND NOT EXISTS (SELECT FROM findings_staged s WHERE s.key = f.key)"""
