"""Statements over the findings of a machine: what its counters cannot have counted."""

from typing import Final

# What is computed is no failure any more.
# $1: equipment; $2: kinds; $3, $4: from (exclusive) and to; $5: keys that still hold. A conflict or
# a missing input is over once a later range has none.
CLEAR_FINDINGS: Final = """
UPDATE findings SET cleared_at = clock_timestamp()
WHERE equipment_id = $1 AND subject = 'machine' AND cleared_at IS NULL AND (
    kind = 'not_computed'
    OR (kind = ANY($2::text[]) AND (at > $3 OR kind = ANY('{signal_conflict,
        energy_factor_missing,quantity_not_reported,run_time_not_known}')) AND at <= $4
        AND key <> ALL($5::text[])))"""

UPSERT_FINDINGS: Final = """
INSERT INTO findings AS old (key, kind, subject, equipment_id, at, quantity, expected, actual,
    detail, sentence)
SELECT key, kind, 'machine', $1, at, quantity, expected, actual, detail, sentence::jsonb
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::float8[], $6::float8[], $7::float8[],
    $8::text[], $9::text[]) AS new (key, kind, at, quantity, expected, actual, detail, sentence)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET at = excluded.at, quantity = excluded.quantity,
    expected = excluded.expected, actual = excluded.actual, detail = excluded.detail,
    sentence = excluded.sentence, cleared_at = NULL
WHERE old.cleared_at IS NOT NULL
    OR (old.at, old.quantity, old.expected, old.actual, old.detail, old.sentence)
    IS DISTINCT FROM (excluded.at, excluded.quantity, excluded.expected, excluded.actual,
        excluded.detail, excluded.sentence)"""
