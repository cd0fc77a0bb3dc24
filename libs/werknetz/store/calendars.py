"""Statements over shift calendars, and the marks of what a change of them changes."""

from typing import Final

from werknetz.store.dirty import mark_buckets

# One change of calendars at a time: each is checked against all others.
LOCK_CALENDARS: Final = "LOCK TABLE shift_calendars IN SHARE ROW EXCLUSIVE MODE"

# The span of the buckets of equipment (:ids).
SPAN_OF_BUCKETS: Final = """
SELECT (extract(epoch FROM min(x.first_at)) * 1e6)::bigint AS start_us,
    (extract(epoch FROM max(x.last_at)) * 1e6)::bigint AS end_us,
    array_agg(q.id ORDER BY q.id) FILTER (WHERE x.first_at IS NOT NULL) AS ids
FROM unnest(CAST(:ids AS int[])) AS q (id)
CROSS JOIN LATERAL (SELECT min(bucket_at) AS first_at, max(bucket_at) AS last_at
    FROM elements WHERE equipment_id = q.id) AS x"""

# The stored buckets of :ids in the spans :starts to :ends.
MARK_BUCKETS_OF_SPANS: Final = mark_buckets("""
SELECT e.equipment_id, e.bucket_at FROM unnest(CAST(:ids AS int[])) AS q (id)
CROSS JOIN unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    AS span (start_at, end_at)
JOIN elements e ON e.equipment_id = q.id
    AND e.bucket_at >= span.start_at AND e.bucket_at < span.end_at""")
