"""Statements that write what each order has of the buckets of a machine."""

from typing import Final

# $1: the machine; $2, $3: the span.
DELETE_ORDER_ELEMENTS: Final = """
DELETE FROM order_elements WHERE equipment_id = $1 AND bucket_at >= $2 AND bucket_at < $3"""

INSERT_ORDER_ELEMENTS: Final = """
INSERT INTO order_elements (equipment_id, bucket_at, order_number, elements)
SELECT $1, n.bucket_at, n.order_number, n.elements::jsonb
FROM unnest($2::timestamptz[], $3::text[], $4::text[]) AS n (bucket_at, order_number, elements)"""

_PART: Final = (
    "CASE WHEN o.elements IS NULL THEN e.{0} ELSE coalesce((o.elements ->> '{0}')::float8, 0) END"
    " AS {0}"
)
_PARTS: Final = ", ".join(_PART.format(name) for name in ("gq", "pri_gq_s", "pq", "pri_pq_s"))

# The range of the planned run times of an order's items: it only becomes wider, so that readers can
# leave out orders in which no other one was in force. $1: the machine; $2, $3: the span.
WIDEN_RUN_TIMES: Final = f"""
UPDATE orders r SET run_s_min = least(r.run_s_min, w.low), run_s_max = greatest(r.run_s_max, w.high)
FROM (
    SELECT order_number, min(least(good_s, produced_s)) AS low,
        max(greatest(good_s, produced_s)) AS high
    FROM (
        SELECT order_number, CASE WHEN gq > 0 AND pri_gq_s > 0 THEN pri_gq_s / gq END AS good_s,
            CASE WHEN pq > 0 AND pri_pq_s > 0 THEN pri_pq_s / pq END AS produced_s
        FROM (
            SELECT o.order_number, {_PARTS} FROM order_elements o
            JOIN elements e ON e.equipment_id = o.equipment_id AND e.bucket_at = o.bucket_at
            WHERE o.equipment_id = $1 AND o.bucket_at >= $2 AND o.bucket_at < $3) AS parts
    ) AS standards
    GROUP BY 1) AS w
WHERE r.equipment_id = $1 AND r.order_number = w.order_number AND (r.run_s_min IS NULL
    OR w.low < r.run_s_min * (1 - 1e-12) OR w.high > r.run_s_max * (1 + 1e-12))
    AND w.low IS NOT NULL"""  # noqa: S608 - made of constants
