"""Statements over what divides a bucket into five minutes: elements, state pieces, counters.

$1: equipment; $2, $3: a span of whole buckets.
"""

from functools import lru_cache
from typing import Final


@lru_cache(maxsize=256)
def elements_by_bucket(names: frozenset[str]) -> str:
    """Return the statement that reads these elements of each bucket."""
    return f"""
SELECT equipment_id, bucket_at, provisional, computed_at, {", ".join(sorted(names))}
FROM elements WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
ORDER BY equipment_id, bucket_at"""  # noqa: S608 - our own names


# With those of the bucket before, which show what goes on.
PIECES: Final = """
SELECT equipment_id, (extract(epoch FROM start_at) * 1e6)::bigint AS start_us,
    (extract(epoch FROM end_at) * 1e6)::bigint AS end_us, state, category,
    order_number IS NOT NULL AS has_order
FROM state_pieces WHERE equipment_id = ANY($1::int[])
    AND start_at >= $2::timestamptz - interval '15 minutes' AND start_at < $3
ORDER BY equipment_id, start_at"""

# The value of each signal at each edge of five minutes: the last one, of the last day. $4: roles.
VALUES_AT_EDGES: Final = """
SELECT s.equipment_id, s.id, s.role, s.counter_kind, e.n, x.value
FROM signals s
CROSS JOIN generate_series($2::timestamptz, $3::timestamptz, interval '5 minutes')
    WITH ORDINALITY AS e (at, n)
CROSS JOIN LATERAL (
    SELECT value FROM samples WHERE signal_id = s.id AND at <= e.at
        AND at > e.at - interval '1 day' AND status >= 0
        AND value > '-Infinity' AND value < 'Infinity'
    ORDER BY at DESC, sequence DESC NULLS LAST LIMIT 1) AS x
WHERE s.equipment_id = ANY($1::int[]) AND s.role = ANY($4::text[])
    AND NOT s.counter_interpolate AND s.counter_kind = 'cumulative'
ORDER BY s.id, e.n"""

# What counters of single increments counted, by the five minutes that end with it.
INCREMENTS: Final = """
SELECT s.equipment_id, s.id, s.role, ceil(extract(epoch FROM x.at - $2::timestamptz) / 300)::bigint
    AS n, sum(x.value) AS value
FROM signals s JOIN samples x ON x.signal_id = s.id AND x.at > $2 AND x.at <= $3
    AND x.status >= 0 AND x.value > '-Infinity' AND x.value < 'Infinity'
WHERE s.equipment_id = ANY($1::int[]) AND s.role = ANY($4::text[]) AND s.counter_kind = 'increment'
GROUP BY 1, 2, 3, 4"""
