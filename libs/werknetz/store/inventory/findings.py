"""Statements over the findings of stock."""

from typing import Final

UPSERT_FINDINGS: Final = """
INSERT INTO findings AS old (key, kind, subject, stock_item_id, warehouse_id, material_id, site_id,
    at, expected, actual, detail, event_ids, sentence)
SELECT key, kind, 'stock', item, warehouse_id, material_id, site_id, at, expected, actual, detail,
    array_remove(ARRAY[before_id, event_id], NULL), sentence::jsonb
FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::int[], $6::int[], $7::timestamptz[],
    $8::float8[], $9::float8[], $10::text[], $11::uuid[], $12::uuid[], $13::text[])
    AS n (key, kind, item, warehouse_id, material_id, site_id, at, expected, actual, detail,
        before_id, event_id, sentence)
ON CONFLICT (key) DO UPDATE SET at = excluded.at, expected = excluded.expected,
    actual = excluded.actual, detail = excluded.detail, event_ids = excluded.event_ids,
    sentence = excluded.sentence, cleared_at = NULL
WHERE old.cleared_at IS NOT NULL
    OR (old.at, old.expected, old.actual, old.detail, old.event_ids, old.sentence)
    IS DISTINCT FROM (excluded.at, excluded.expected, excluded.actual, excluded.detail,
        excluded.event_ids, excluded.sentence)"""

CLEAR_FINDINGS: Final = """
UPDATE findings f SET cleared_at = clock_timestamp()
FROM unnest($1::int[], $2::timestamptz[]) AS n (item, since)
WHERE f.stock_item_id = n.item AND f.at >= n.since AND f.kind = ANY($3) AND f.subject = 'stock'
    AND f.cleared_at IS NULL AND f.key <> ALL($4::text[])"""
