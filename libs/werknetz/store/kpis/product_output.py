"""Statements about the output of orders and the standard times at which it is valued."""

from typing import Final

from werknetz.store.kpis.products import PRODUCT_OF_ORDER

# Where the order changes within a bucket, what it has of it is stored; else it has the bucket.
_PART: Final = (
    "CASE WHEN o.elements IS NULL THEN e.{0} ELSE coalesce((o.elements ->> '{0}')::float8, 0) END"
    " AS {0}"
)
_NAMES: Final = ("judged_pri_gq_s", "judged_pri_pq_s", "pri_gq_s", "pri_pq_s", "gq", "pq")
_PARTS: Final = ", ".join(_PART.format(name) for name in _NAMES)

# The standard time of an item in a part of a bucket; null: nothing was made, or it is unknown.
_STANDARD: Final = """CASE WHEN gq > 0 AND pri_gq_s > 0 THEN pri_gq_s / gq
        WHEN pq > 0 AND pri_pq_s > 0 THEN pri_pq_s / pq END"""
_STANDARD_OF_PRODUCED: Final = """CASE WHEN pq > 0 AND pri_pq_s > 0 THEN pri_pq_s / pq
        WHEN gq > 0 AND pri_gq_s > 0 THEN pri_gq_s / gq END"""

# Good and produced items in judged time, and their planned run time, by machine, window and order.
# The items are divided bucket by bucket, so that a standard may change at any time.
# $1: equipment ids. $2, $3: starts and ends of windows, in order and without overlaps.
_OUTPUT: Final = f"""
SELECT equipment_id, n, order_number, sum(judged_pri_gq_s) AS good_s,
    sum(judged_pri_pq_s) AS produced_s,
    coalesce(sum(judged_pri_gq_s / ({_STANDARD})), 0) AS good_items,
    coalesce(sum(judged_pri_pq_s / ({_STANDARD_OF_PRODUCED})), 0) AS produced_items
FROM (
    SELECT o.equipment_id, o.bucket_at, o.order_number,
        width_bucket(o.bucket_at, $2::timestamptz[]) AS n, {_PARTS}
    FROM {{orders}} o JOIN elements e
        ON e.equipment_id = o.equipment_id AND e.bucket_at = o.bucket_at
    WHERE o.equipment_id = ANY($1::int[]) AND o.bucket_at >= ($2::timestamptz[])[1]
        AND o.bucket_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]) AS parts
WHERE bucket_at < ($3::timestamptz[])[n]
GROUP BY 1, 2, 3"""  # noqa: S608 - made of constants

OUTPUT_OF_MACHINES: Final = _OUTPUT.format(orders="order_elements")
# $4, $5: machines and numbers of orders.
OUTPUT_OF_ORDERS: Final = _OUTPUT.format(
    orders="""(SELECT s.* FROM unnest($4::int[], $5::text[]) AS q (equipment_id, order_number)
        JOIN order_elements s USING (equipment_id, order_number))"""
)

# Orders with their product and the range of their standards; null: no item has counted, or it is
# not known. $1: equipment ids; $2: running at this time or later.
ORDERS_SINCE: Final = f"""
SELECT equipment_id, order_number, started_at, run_s_min, run_s_max, {PRODUCT_OF_ORDER} AS product
FROM orders q
WHERE equipment_id = ANY($1::int[]) AND (ended_at IS NULL OR ended_at >= $2)"""  # noqa: S608 - made of constants

# The first standard time of orders, and when they first made something: that of the first bucket
# that the order has alone, in which no other order's standard is in force for a moment, else of the
# first one that it shares. $1: equipment; $2: order numbers; $3: since when.
FIRST_STANDARDS: Final = f"""
SELECT DISTINCT ON (equipment_id, order_number) equipment_id, order_number, {_STANDARD} AS run_s,
    min(bucket_at) OVER (PARTITION BY equipment_id, order_number) AS first_at
FROM (
    SELECT o.equipment_id, o.bucket_at, o.order_number,
        o.elements IS NOT NULL AS is_shared, {_PARTS}
    FROM unnest($1::int[], $2::text[]) AS q (equipment_id, order_number)
    JOIN order_elements o USING (equipment_id, order_number)
    JOIN elements e ON e.equipment_id = o.equipment_id AND e.bucket_at = o.bucket_at
    WHERE o.bucket_at >= $3) AS parts
WHERE ({_STANDARD}) > 0
ORDER BY equipment_id, order_number, is_shared, bucket_at"""  # noqa: S608 - made of constants

# The machine that a machine was before it was moved in the tree. $1: equipment ids.
FORMER_MACHINES: Final = """
WITH RECURSIVE moves AS (
    SELECT id, moved_from AS former, 1 AS depth FROM equipment
    WHERE id = ANY($1::int[]) AND moved_from IS NOT NULL
    UNION ALL
    SELECT m.id, e.moved_from, depth + 1 FROM moves m JOIN equipment e ON e.id = m.former
    WHERE e.moved_from IS NOT NULL AND depth < 1000
)
SELECT id, former FROM moves ORDER BY id, depth"""

TARGET_STANDARDS: Final = """
SELECT equipment_id, product, run_s FROM target_standards WHERE target_id = $1"""
