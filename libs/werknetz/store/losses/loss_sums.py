"""Statements that sum elements and stops by machine and window, each row read once."""

from typing import Final

from werknetz.store.tables import ELEMENT_COLUMNS

# $1: equipment ids. $2, $3: starts and ends of windows, in order and without overlaps. A bucket
# between two windows belongs to none. `n` counts from 1.
ELEMENTS_BY_MACHINE: Final = f"""
SELECT equipment_id, n, bool_or(provisional) AS provisional, max(computed_at) AS computed_at,
    {", ".join(f"sum({name}) AS {name}" for name in ELEMENT_COLUMNS)}
FROM (
    SELECT width_bucket(bucket_at, $2::timestamptz[]) AS n, e.* FROM elements e
    WHERE equipment_id = ANY($1::int[])
        AND bucket_at >= ($2::timestamptz[])[1]
        AND bucket_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]) AS numbered
WHERE bucket_at < ($3::timestamptz[])[n]
GROUP BY equipment_id, n"""  # noqa: S608 - our own names

# The time and number of stops: intervals that are no production time. A stop counts in the window
# in which it begins; changes of order or bucket do not divide it. A fault is minor if the whole of
# it is shorter than the machine's threshold ($5, in s, in the order of $1), so pieces are read from
# the longest threshold ($4) before the first window to as long after the last.
_STOPS: Final = """
WITH machines AS (
    SELECT * FROM unnest($1::int[], $5::float8[]) AS m (equipment_id, minor_stop_s)
), pieces AS (
    SELECT p.*, p.state IN (4, 9) AS is_fault,
        lag(p.end_at) OVER w = p.start_at AS joins,
        lag(p.state) OVER w AS former_state, lag(p.category) OVER w AS former_category,
        lag(p.code) OVER w AS former_code
    FROM state_pieces p
    WHERE p.equipment_id = ANY($1::int[]) AND p.category <> 'apt'
        AND p.start_at >= ($2::timestamptz[])[1] - $4::interval
        AND p.start_at < ($3::timestamptz[])[cardinality($3::timestamptz[])] + $4::interval
    WINDOW w AS (PARTITION BY p.equipment_id ORDER BY p.start_at)
), numbered AS (
    SELECT *, width_bucket(start_at, $2::timestamptz[]) AS n,
        (joins AND state = former_state AND category = former_category
            AND code IS NOT DISTINCT FROM former_code) IS NOT TRUE AS begins,
        count(*) FILTER (WHERE (joins AND is_fault AND former_state IN (4, 9)) IS NOT TRUE)
            OVER (PARTITION BY equipment_id ORDER BY start_at) AS run
    FROM pieces
), judged AS (
    SELECT *, extract(epoch FROM sum(end_at - start_at) OVER (PARTITION BY equipment_id, run))
        AS run_s
    FROM numbered
)
SELECT j.equipment_id, j.n, j.category, j.state,
    j.is_fault AND j.run_s < m.minor_stop_s AS is_minor, j.code, {order_number} AS order_number,
    (sum(extract(epoch FROM j.end_at - j.start_at)) * 1000000)::bigint AS us,
    count(*) FILTER (WHERE j.begins) AS stops
FROM judged j JOIN machines m USING (equipment_id)
WHERE j.n > 0 AND j.start_at < ($3::timestamptz[])[j.n]
GROUP BY 1, 2, 3, 4, 5, 6, 7"""

STOPS_BY_MACHINE: Final = _STOPS.format(order_number="NULL::text")
STOPS_BY_ORDER: Final = _STOPS.format(order_number="j.order_number")

# Delays without material: supply-caused downtime is a part of these.
STARVED_DELAYS: Final = """
SELECT equipment_id, start_at, end_at, state, code, order_number FROM state_pieces
WHERE equipment_id = ANY($1::int[]) AND state IN (6, 7) AND category = 'adet'
    AND start_at >= $2 AND start_at < $3
ORDER BY equipment_id, start_at"""

_ORDER_PART: Final = (
    "CASE WHEN o.elements IS NULL THEN e.{0} ELSE coalesce((o.elements ->> '{0}')::float8, 0) END"
)

# What orders have of production time, speed and scrap, in µs. As above.
LOSSES_BY_ORDER: Final = f"""
SELECT equipment_id, n, order_number,
    (sum(judged_s - net_s) * 1000000)::bigint AS speed,
    (sum(apt_s - judged_s) * 1000000)::bigint AS speed_not_judged,
    (sum(net_s - good_s - start_up_s) * 1000000)::bigint AS scrap,
    (sum(start_up_s) * 1000000)::bigint AS start_up
FROM (
    SELECT o.equipment_id, o.bucket_at, width_bucket(o.bucket_at, $2::timestamptz[]) AS n,
        o.order_number, {_ORDER_PART.format("apt_s")} AS apt_s,
        {_ORDER_PART.format("judged_apt_s")} AS judged_s,
        {_ORDER_PART.format("judged_pri_pq_s")} AS net_s,
        {_ORDER_PART.format("judged_pri_gq_s")} AS good_s,
        {_ORDER_PART.format("start_up_pri_sq_s")} AS start_up_s
    FROM order_elements o JOIN elements e
        ON e.equipment_id = o.equipment_id AND e.bucket_at = o.bucket_at
    WHERE o.equipment_id = ANY($1::int[]) AND o.bucket_at >= ($2::timestamptz[])[1]
        AND o.bucket_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]) AS shares
WHERE bucket_at < ($3::timestamptz[])[n]
GROUP BY 1, 2, 3"""  # noqa: S608 - made of constants

# Scrap for which people gave a reason, as its part of the planned run time of the scrap of its
# bucket, in µs: of start-ups and of other production alike, because people enter parts when they
# find them. An instant that is an edge belongs to the bucket that ends with it. Without an order it
# is of the one that has the whole bucket. As above.
SCRAP_BY_REASON: Final = """
SELECT equipment_id, n, order_number, reason,
    (sum(start_up_s * share) * 1000000)::bigint AS start_up,
    (sum((scrap_s - start_up_s) * share) * 1000000)::bigint AS scrap,
    sum(sq * share) AS quantity
FROM (
    SELECT entered.*, least(quantity / greatest(sq, of_bucket), 1) AS share FROM (
        SELECT e.equipment_id, e.bucket_at, width_bucket(e.bucket_at, $2::timestamptz[]) AS n,
            q.reason, coalesce(q.order_number, (
                SELECT min(o.order_number) FROM order_elements o
                WHERE o.equipment_id = e.equipment_id AND o.bucket_at = e.bucket_at
                HAVING count(*) = 1 AND bool_and(o.elements IS NULL))) AS order_number,
            q.quantity, e.sq,
            sum(q.quantity) OVER (PARTITION BY e.equipment_id, e.bucket_at) AS of_bucket,
            e.judged_pri_pq_s - e.judged_pri_gq_s AS scrap_s, e.start_up_pri_sq_s AS start_up_s
        FROM quantity_entries q JOIN elements e ON e.equipment_id = q.equipment_id
            AND q.at > e.bucket_at AND q.at <= e.bucket_at + interval '15 minutes'
        WHERE q.equipment_id = ANY($1::int[]) AND q.role = 'scrap_count' AND q.known_to IS NULL
            AND q.reason IS NOT NULL AND q.quantity > 0 AND e.judged_pri_pq_s > e.judged_pri_gq_s
            AND e.bucket_at >= ($2::timestamptz[])[1]
            AND e.bucket_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]) AS entered
    ) AS shares
WHERE bucket_at < ($3::timestamptz[])[n]
GROUP BY 1, 2, 3, 4"""
