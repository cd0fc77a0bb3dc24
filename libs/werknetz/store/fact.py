"""Statements that keep what an apply brings beside samples: marks, quarantine, backfill."""

from typing import Final

# Sorted by the caller: whoever marks the same buckets locks them in the same order.
MARK_DIRTY: Final = """
INSERT INTO dirty_buckets (equipment_id, bucket_at)
SELECT new.equipment_id, timestamptz 'epoch' + new.bucket * interval '15 minutes'
FROM unnest($1::int[], $2::bigint[]) AS new (equipment_id, bucket)
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = dirty_buckets.marks + 1, marked_at = clock_timestamp()"""

QUARANTINE: Final = """
INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, mapping, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""

STAGE: Final = "samples_staged"
MAKE_STAGE: Final = """
CREATE TEMP TABLE IF NOT EXISTS samples_staged (LIKE samples) ON COMMIT DELETE ROWS"""

# History may overlap with itself and with what came live: the same instant with the same value
# is the same sample.  The bounds spare the planner all other days.
INSERT_STAGED: Final = """
INSERT INTO samples
SELECT DISTINCT ON (new.signal_id, new.at, new.value, new.text) new.* FROM samples_staged new
WHERE NOT EXISTS (
    SELECT FROM samples old
    WHERE old.signal_id = new.signal_id AND old.at = new.at AND old.at BETWEEN $1 AND $2
        AND old.value IS NOT DISTINCT FROM new.value AND old.text IS NOT DISTINCT FROM new.text)
ORDER BY new.signal_id, new.at, new.value, new.text"""

CLEAR_STAGE: Final = "DELETE FROM samples_staged"
