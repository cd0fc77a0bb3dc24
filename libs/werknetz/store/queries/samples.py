"""Reads samples of one signal: raw, aggregated by window, and time-weighted by window."""

from typing import Final

from werknetz.domain.status import UNCERTAIN
from werknetz.store.queries.sample_order import IN_ORDER, IN_REVERSE_ORDER

# Samples that a mean may use. The status is signed, so a bad one (0x8…) is negative. PostgreSQL
# sorts NaN above every number.
_FINITE: Final = """
    status >= 0 AND value IS NOT NULL
    AND value <> 'NaN' AND value <> 'Infinity' AND value <> '-Infinity'
"""
# Several samples may have the same time, so a cursor also counts how many of them were returned.
_PAGE: Final = """
SELECT at, value, status, server_at, text, (
    SELECT name || '@' || version FROM mapping_versions v WHERE v.id = mapping_id) AS mapping
FROM samples
WHERE signal_id = $1 AND at >= $2 AND at < $3
ORDER BY at {0}, {1} OFFSET $4 LIMIT $5"""
SAMPLES_ASCENDING: Final = _PAGE.format("ASC", IN_ORDER)
SAMPLES_DESCENDING: Final = _PAGE.format("DESC", IN_REVERSE_ORDER)

# The signals of equipment $1, at most $2 of them.
SIGNALS_OF_EQUIPMENT: Final = """
SELECT id, key, equipment_id, name, unit FROM signals
WHERE equipment_id = ANY($1::int[]) ORDER BY id LIMIT $2"""

COUNT_SAMPLES_UP_TO: Final = """
SELECT count(*) FROM (SELECT 1 FROM samples
    WHERE signal_id = $1 AND at >= $2 AND at < $3 LIMIT $4) AS limited"""

_AGGREGATES: Final = f"""
    count(*) AS count, min(value) AS min, avg(value) AS avg, max(value) AS max,
    sum(value) AS sum, (array_agg(value ORDER BY at, {IN_ORDER}))[1] AS first,
    (array_agg(value ORDER BY at DESC, {IN_REVERSE_ORDER}))[1] AS last,
    stddev_samp(value) AS stddev"""

AGGREGATES_BY_WIDTH: Final = f"""
SELECT date_bin($4, at, $2) AS start_at, {_AGGREGATES} FROM samples
WHERE signal_id = $1 AND {_FINITE} AND at >= $2 AND at < $3 GROUP BY 1 ORDER BY 1"""  # noqa: S608 - made of constants

AGGREGATES_BY_WINDOW: Final = f"""
SELECT w.n, {_AGGREGATES}
FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(start_at, end_at, n)
JOIN samples ON signal_id = $1 AND {_FINITE} AND at >= w.start_at AND at < w.end_at
GROUP BY w.n ORDER BY w.n"""  # noqa: S608 - made of constants

# Windows ascend, so the last one that starts at or before a sample is the only one it can be in.
BAD_BY_WINDOW: Final = """
SELECT n, count(*) AS bad_count FROM (
    SELECT at, width_bucket(at, $2::timestamptz[]) AS n FROM samples
    WHERE signal_id = $1 AND status < 0 AND at >= $4 AND at < $5) AS bad
WHERE at < ($3::timestamptz[])[n] GROUP BY n"""

# Samples and window edges are events on one time axis: each sets the value, or the window, that
# applies from it on. At the same time, ends come before starts and both before samples; of two
# samples with the same time the later one in the source's order applies. $7: the time of the last
# sample before the first window, so that not every day before it is looked at.
TIME_WEIGHTED_BY_WINDOW: Final = f"""
WITH edges AS (
    SELECT * FROM unnest($2::timestamptz[], $3::timestamptz[])
        WITH ORDINALITY AS w (start_at, end_at, n)
), events AS (
    (SELECT at, 2 AS kind, sequence, ctid AS row, NULL::bigint AS n, value, status FROM samples
     WHERE signal_id = $1 AND at >= $7 AND at < $4 ORDER BY at DESC, {IN_REVERSE_ORDER} LIMIT 1)
    UNION ALL SELECT at, 2, sequence, ctid, NULL, value, status FROM samples
        WHERE signal_id = $1 AND at >= $4 AND at < $5
    UNION ALL SELECT start_at, 1, NULL, NULL, n, NULL, NULL FROM edges
    UNION ALL SELECT end_at, 0, NULL, NULL, NULL, NULL, NULL FROM edges
), numbered AS (
    SELECT *, least(lead(at) OVER line, $6) AS until,
        count(*) FILTER (WHERE kind = 2) OVER line AS sample,
        count(*) FILTER (WHERE kind < 2) OVER line AS edge
    FROM events WINDOW line AS (ORDER BY at, kind, sequence NULLS FIRST, row)
), pieces AS (
    SELECT extract(epoch FROM until - at)::float8 AS seconds,
        first_value(n) OVER (PARTITION BY edge ORDER BY at, kind, sequence NULLS FIRST, row) AS n,
        first_value(value) OVER same AS value, first_value(status) OVER same AS status
    FROM numbered WINDOW same AS (PARTITION BY sample ORDER BY at, kind, sequence NULLS FIRST, row)
)
SELECT n, sum(value * seconds) FILTER (WHERE {_FINITE})
        / nullif(sum(seconds) FILTER (WHERE {_FINITE}), 0) AS time_weighted_avg,
    coalesce(sum(seconds) FILTER (WHERE status BETWEEN 0 AND {UNCERTAIN - 1}), 0)
        AS duration_good
FROM pieces WHERE n IS NOT NULL AND status IS NOT NULL AND seconds > 0 GROUP BY n"""  # noqa: S608 - made of constants
