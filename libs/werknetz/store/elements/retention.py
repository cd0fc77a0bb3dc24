"""Statements about days of samples that were dropped."""

from typing import Final

HAS_DIRTY_BUCKETS: Final = (
    "SELECT EXISTS (SELECT FROM dirty_buckets WHERE bucket_at >= $1 AND bucket_at < $2)"
)

SET_DROPPED_BEFORE: Final = """
INSERT INTO retentions AS old (table_name, dropped_before) VALUES ($1, $2)
ON CONFLICT (table_name)
DO UPDATE SET dropped_before = greatest(old.dropped_before, excluded.dropped_before)"""

DROPPED_BEFORE: Final = "SELECT dropped_before FROM retentions WHERE table_name = 'samples'"
