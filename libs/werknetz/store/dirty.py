"""Marks of what must be computed again: buckets of machines, supply relations, and stock.

The marks in PostgreSQL are the truth (R15). A worker deletes a mark only if nobody has marked
again since it was read. Every statement that marks buckets is made by `mark_buckets`.
"""

from typing import Final

from werknetz.store.elements.retention import DROPPED_BEFORE
from werknetz.store.gaps import AFFECTED_MACHINES

_MARK_AGAIN: Final = "DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"


def mark_buckets(buckets: str, *, on_conflict: str = _MARK_AGAIN) -> str:
    """Return the statement that marks the (equipment_id, bucket_at) of a query.

    A bucket whose samples were dropped is not marked: it keeps what was computed. Marks are
    written in one order, so that two writers of the same buckets never wait for each other.
    """
    return f"""
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT DISTINCT new.equipment_id, new.bucket_at FROM ({buckets}) AS new (equipment_id, bucket_at)
WHERE new.bucket_at >= coalesce(({DROPPED_BEFORE}), '-infinity')
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at) {on_conflict}"""  # noqa: S608 - made of constants


# $1: equipment ids; $2: numbers of buckets since 1970.
MARK_BUCKETS: Final = mark_buckets("""
SELECT new.equipment_id, timestamptz 'epoch' + new.bucket * interval '15 minutes'
FROM unnest($1::int[], $2::bigint[]) AS new (equipment_id, bucket)""")

# Where a gap starts and ends, at the machines that it affects. $3: the instants.
MARK_BUCKETS_AT_GAP_EDGES: Final = mark_buckets(f"""
SELECT machine.equipment_id,
    date_bin('15 minutes', greatest(edge.at, machine.first_at), timestamptz 'epoch')
FROM ({AFFECTED_MACHINES}) AS machine CROSS JOIN unnest($3::timestamptz[]) AS edge (at)
WHERE machine.first_at IS NOT NULL AND edge.at <= clock_timestamp()""")  # noqa: S608 - made of constants

# The buckets that (:start, :end] touches at one machine; without data nothing comes of it.
MARK_BUCKETS_BETWEEN: Final = mark_buckets("""
SELECT CAST(:equipment_id AS int), bucket_at FROM generate_series(
    date_bin('15 minutes', CAST(:start AS timestamptz), timestamptz 'epoch'),
    CAST(:end AS timestamptz), interval '15 minutes') AS bucket_at""")

# The buckets of an equipment, with everything below it, since an instant; for a session.
MARK_BUCKETS_BELOW: Final = mark_buckets("""
SELECT e.equipment_id, e.bucket_at FROM elements e JOIN equipment m ON m.id = e.equipment_id
WHERE (m.path = CAST(:path AS text) OR starts_with(m.path, CAST(:path AS text) || '/'))
    AND e.bucket_at >= date_bin('15 minutes', CAST(:since AS timestamptz), timestamptz 'epoch')""")

# Where machines at or below an equipment stopped with a code, unless a nearer mapping decides; a
# fault that begins just before may be judged anew. For a session.
MARK_BUCKETS_OF_CODE: Final = mark_buckets("""
SELECT p.equipment_id, around.bucket_at FROM state_pieces p
JOIN equipment m ON m.id = p.equipment_id
CROSS JOIN LATERAL generate_series(
    date_bin('15 minutes', p.start_at - make_interval(secs => :before_s), timestamptz 'epoch'),
    p.end_at - interval '1 microsecond', interval '15 minutes') AS around (bucket_at)
WHERE (m.path = CAST(:path AS text) OR starts_with(m.path, CAST(:path AS text) || '/'))
    AND p.code = CAST(:code AS text) AND p.state <> 0
    AND NOT EXISTS (SELECT FROM reason_codes c JOIN equipment q ON q.id = c.equipment_id
        WHERE c.kind = 'stop' AND c.state_code = p.code AND c.known_to IS NULL
            AND starts_with(q.path, CAST(:path AS text) || '/')
            AND (m.path = q.path OR starts_with(m.path, q.path || '/')))""")

# What people entered with a reason. For a session.
MARK_BUCKETS_OF_ENTRIES: Final = mark_buckets("""
SELECT e.equipment_id, around.bucket_at FROM state_entries e CROSS JOIN LATERAL generate_series(
    date_bin('15 minutes', e.start_at, timestamptz 'epoch'),
    least(e.end_at, now()) - interval '1 microsecond', interval '15 minutes') AS around (bucket_at)
WHERE e.reason = CAST(:reason AS text) AND e.known_to IS NULL""")

# $1: path of an equipment, with everything below it; $2: since when.
MARK_BUCKETS_UNDER_PATH: Final = mark_buckets("""
SELECT e.equipment_id, e.bucket_at FROM elements e JOIN equipment m ON m.id = e.equipment_id
WHERE (m.path = $1 OR starts_with(m.path, $1 || '/')) AND e.bucket_at >= $2""")

# For every machine that has elements: the bucket after its last, up to now, and those that
# were computed before they had settled, however long no worker ran since.
MARK_BUCKETS_AFTER_TIME: Final = mark_buckets(
    """
SELECT e.equipment_id, e.bucket_at FROM elements e
WHERE e.provisional AND e.bucket_at <= $1
UNION
SELECT m.id, next.bucket_at FROM equipment m
CROSS JOIN LATERAL (
    SELECT e.bucket_at, e.provisional FROM elements e
    WHERE e.equipment_id = m.id AND e.bucket_at <= $1
    ORDER BY e.bucket_at DESC LIMIT 1) AS last
CROSS JOIN LATERAL (
    VALUES (last.bucket_at), (least(last.bucket_at + interval '15 minutes', $1))
) AS next (bucket_at)
WHERE last.bucket_at > $1::timestamptz - interval '400 days'
    AND (next.bucket_at > last.bucket_at OR last.provisional)
    AND (m.valid_to IS NULL OR next.bucket_at < m.valid_to)
    AND (EXISTS (SELECT FROM signals s WHERE s.equipment_id = m.id AND s.role = ANY($2))
        OR EXISTS (SELECT FROM job_runs r WHERE r.equipment_id = m.id)
        OR EXISTS (SELECT FROM machine_reports r WHERE r.equipment_id = m.id)
        OR EXISTS (SELECT FROM state_entries r WHERE r.equipment_id = m.id))""",
    on_conflict="DO NOTHING",
)

# $1: now; $2: since when a bucket is recent.
DIRTY_MACHINES: Final = """
SELECT d.equipment_id, coalesce(e.path, d.equipment_id::text) AS path,
    max(d.bucket_at) >= $2 AS is_recent
FROM dirty_buckets d LEFT JOIN equipment e ON e.id = d.equipment_id WHERE d.bucket_at <= $1
GROUP BY d.equipment_id, e.path ORDER BY min(d.marked_at)"""

# Those with recent buckets alone; $1 and $2 as above.
DIRTY_RECENTLY: Final = """
SELECT d.equipment_id, coalesce(e.path, d.equipment_id::text) AS path
FROM dirty_buckets d LEFT JOIN equipment e ON e.id = d.equipment_id
WHERE d.bucket_at <= $1 AND d.bucket_at >= $2
GROUP BY d.equipment_id, e.path ORDER BY min(d.marked_at)"""

DIRTY_BUCKETS_OF_MACHINE: Final = """
SELECT bucket_at, marks, extract(epoch FROM clock_timestamp() - marked_at)::float8 AS age
FROM dirty_buckets WHERE equipment_id = $1 AND bucket_at <= $2 ORDER BY bucket_at"""

# Skips rows that the ingest writer has locked: it marks them again anyway.
DELETE_BUCKET_MARKS: Final = """
DELETE FROM dirty_buckets WHERE equipment_id = $1 AND bucket_at IN (
    SELECT d.bucket_at FROM dirty_buckets d
    JOIN unnest($2::timestamptz[], $3::bigint[]) AS seen (bucket_at, marks)
        ON d.bucket_at = seen.bucket_at AND d.marks = seen.marks
    WHERE d.equipment_id = $1 FOR UPDATE OF d SKIP LOCKED)"""

DEFERRED_S: Final = 300

DIRTY_SUPPLIERS: Final = """
SELECT r.supplier_id FROM dirty_relations d JOIN supply_relations r ON r.id = d.relation_id
WHERE d.marked_at <= clock_timestamp()
GROUP BY r.supplier_id ORDER BY min(d.marked_at), r.supplier_id"""

LOCK_SUPPLIERS: Final = """
SELECT id FROM unnest($2::int[]) AS id WHERE pg_try_advisory_xact_lock($1, id)"""

DIRTY_RELATIONS_OF_SUPPLIERS: Final = """
SELECT d.relation_id, d.marks FROM dirty_relations d
JOIN supply_relations r ON r.id = d.relation_id
WHERE r.supplier_id = ANY($1) AND d.marked_at <= clock_timestamp()
ORDER BY d.marked_at, d.relation_id LIMIT $2"""

# How much there is to reconcile: the facts of each relation.
SIZES_OF_RELATIONS: Final = """
SELECT r.id, (SELECT count(*) FROM call_off_entries f
        WHERE f.relation_id = r.id AND f.known_to IS NULL)
    + (SELECT count(*) FROM shipment_lines f WHERE f.relation_id = r.id AND f.known_to IS NULL)
    + (SELECT count(*) FROM receipt_lines f WHERE f.relation_id = r.id AND f.known_to IS NULL)
FROM unnest($1::int[]) AS r (id)"""

# Skips rows that the projector has locked: it marks them again anyway.
DELETE_RELATION_MARKS: Final = """
DELETE FROM dirty_relations WHERE relation_id IN (
    SELECT d.relation_id FROM dirty_relations d
    JOIN unnest($1::int[], $2::bigint[]) AS seen (relation_id, marks)
        ON d.relation_id = seen.relation_id AND d.marks = seen.marks
    FOR UPDATE OF d SKIP LOCKED)"""

# A relation that cannot be reconciled waits, so that the others go on; a new mark ends the wait.
DEFER_RELATIONS: Final = f"""
UPDATE dirty_relations d SET marked_at = clock_timestamp() + interval '{DEFERRED_S} s'
FROM unnest($1::int[], $2::bigint[]) AS seen (relation_id, marks)
WHERE d.relation_id = seen.relation_id AND d.marks = seen.marks"""  # noqa: S608 - made of constants

DEFER_RELATION: Final = f"""
UPDATE dirty_relations SET marked_at = clock_timestamp() + interval '{DEFERRED_S} s'
WHERE relation_id = $1"""  # noqa: S608 - made of constants

# Marks of relations that do not exist any more.
DELETE_ORPHANED_RELATION_MARKS: Final = """
DELETE FROM dirty_relations d
WHERE NOT EXISTS (SELECT FROM supply_relations r WHERE r.id = d.relation_id)"""

_STILL_LATE: Final = "1 hour"  # how often the delay of an open late line is updated

_LOOK_BACK: Final = "10 minutes"  # at gaps; the sweep runs every 30 s

# `as_of`: when the relation was reconciled last; an instant between it and now has passed since.
# $1: now; $2: microseconds after which a partial receipt counts as final.
MARK_RELATIONS_AFTER_DEADLINES: Final = f"""
INSERT INTO dirty_relations AS old (relation_id)
SELECT id FROM (
    SELECT c.relation_id AS id FROM cumulatives c WHERE EXISTS (
        SELECT FROM due_lines l WHERE l.relation_id = c.relation_id
            AND ((l.window_until > c.as_of AND l.window_until <= $1)
                OR (l.due_until > c.as_of AND l.due_until <= $1)
                OR (l.delay_s IS NOT NULL AND l.fulfilled_at IS NULL
                    AND c.as_of < $1 - interval '{_STILL_LATE}')))
    UNION
    SELECT c.relation_id FROM cumulatives c JOIN transit_lines t ON t.relation_id = c.relation_id
    WHERE t.open_quantity > 0 AND (
        (t.arrives_at >= c.as_of AND t.arrives_at < $1)
        OR (t.received_at + $2::bigint * interval '1 microsecond' > c.as_of
            AND t.received_at + $2::bigint * interval '1 microsecond' <= $1))
    UNION
    SELECT s.relation_id FROM shipments h
    JOIN shipment_lines s ON s.supplier_id = h.supplier_id AND s.document = h.document
    WHERE h.state = 'announced' AND coalesce(h.despatched_at, h.announced_at) <= $1
        AND s.known_to IS NULL AND s.relation_id IS NOT NULL
) AS passed ORDER BY id
ON CONFLICT (relation_id) DO NOTHING"""  # noqa: S608 - made of constants

# After a gap or an outage that opened, closed or was backfilled since a relation was reconciled.
MARK_RELATIONS_AFTER_GAPS: Final = f"""
WITH changed AS MATERIALIZED (
    SELECT connector_id, max(changed_at) AS changed_at FROM (
        SELECT connector_id, changed_at FROM gaps
        WHERE changed_at > clock_timestamp() - interval '{_LOOK_BACK}'
        UNION ALL
        SELECT connector_id, changed_at FROM outages
        WHERE changed_at > clock_timestamp() - interval '{_LOOK_BACK}') AS changes
    GROUP BY connector_id)
INSERT INTO dirty_relations AS old (relation_id)
SELECT DISTINCT c.relation_id FROM changed
JOIN business_events b ON b.connector_id = changed.connector_id
    AND b.kind IN ('delivery_called_off', 'shipment_announced', 'goods_received')
CROSS JOIN LATERAL (
    SELECT relation_id FROM call_off_entries WHERE event_id = b.event_id
    UNION SELECT relation_id FROM shipment_lines WHERE event_id = b.event_id
    UNION SELECT relation_id FROM receipt_lines WHERE event_id = b.event_id) AS f
JOIN cumulatives c ON c.relation_id = f.relation_id AND c.computed_at <= changed.changed_at
ORDER BY 1
ON CONFLICT (relation_id) DO NOTHING"""  # noqa: S608 - made of constants

_SHARD_OF_STOCK: Final = "(warehouse_id::bigint * 31 + material_id) % 32"

# Shards with stock to reconcile, the oldest mark first.
DIRTY_STOCK_SHARDS: Final = f"""
SELECT {_SHARD_OF_STOCK} AS shard, count(*) AS marks FROM dirty_stock
WHERE marked_at <= clock_timestamp() GROUP BY 1 ORDER BY min(marked_at), 1"""  # noqa: S608 - made of constants

# $1: shards that are locked; $2: how many.
DIRTY_STOCK: Final = f"""
SELECT warehouse_id, material_id, from_at, marks FROM dirty_stock
WHERE marked_at <= clock_timestamp() AND {_SHARD_OF_STOCK} = ANY($1::bigint[])
ORDER BY marked_at, warehouse_id, material_id LIMIT $2"""  # noqa: S608 - made of constants

# Skips rows that the projector has locked: it marks them again anyway.
DELETE_STOCK_MARKS: Final = """
DELETE FROM dirty_stock WHERE (warehouse_id, material_id) IN (
    SELECT d.warehouse_id, d.material_id FROM dirty_stock d
    JOIN unnest($1::int[], $2::int[], $3::bigint[]) AS seen (warehouse_id, material_id, marks)
        USING (warehouse_id, material_id, marks) FOR UPDATE OF d SKIP LOCKED)"""

# Stock that cannot be reconciled waits, so that the rest is not tried again with it each time.
DEFER_STOCK: Final = """
UPDATE dirty_stock d SET marked_at = clock_timestamp() + interval '5 minutes'
FROM unnest($1::int[], $2::int[], $3::bigint[]) AS seen (warehouse_id, material_id, marks)
WHERE d.warehouse_id = seen.warehouse_id AND d.material_id = seen.material_id
    AND d.marks = seen.marks"""

DEFER_ONE_STOCK: Final = """
UPDATE dirty_stock SET marked_at = clock_timestamp() + interval '5 minutes'
WHERE warehouse_id = $1 AND material_id = $2"""

# What time alone changes: a new day began, or a stock-out goes on.
MARK_STOCK_AFTER_TIME: Final = """
INSERT INTO dirty_stock (warehouse_id, material_id, from_at)
SELECT warehouse_id, material_id, from_at FROM (
    SELECT DISTINCT ON (d.warehouse_id, d.material_id) d.warehouse_id, d.material_id,
        d.day::timestamp AT TIME ZONE coalesce(e.time_zone, s.time_zone, 'UTC') AS from_at,
        d.day, d.computed_at,
        ($1::timestamptz AT TIME ZONE coalesce(e.time_zone, s.time_zone, 'UTC'))::date AS today,
        EXISTS (SELECT FROM stock_outs o WHERE o.warehouse_id = d.warehouse_id
            AND o.material_id = d.material_id AND o.end_at IS NULL) AS is_out
    FROM stock_days d JOIN warehouses w ON w.id = d.warehouse_id
    LEFT JOIN equipment e ON e.id = w.equipment_id
    LEFT JOIN sites p ON p.id = w.site_id LEFT JOIN equipment s ON s.id = p.equipment_id
    WHERE d.day >= $1::date - 400
    ORDER BY d.warehouse_id, d.material_id, d.day DESC) AS last
WHERE day < today OR (is_out AND computed_at < $1 - interval '15 minutes')
ORDER BY 1, 2 ON CONFLICT (warehouse_id, material_id) DO NOTHING"""

MARK_RELATIONS: Final = """
INSERT INTO dirty_relations AS old (relation_id) SELECT * FROM unnest($1::int[])
ON CONFLICT (relation_id) DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""

MARK_STOCK: Final = """
INSERT INTO dirty_stock AS old (warehouse_id, material_id, from_at)
SELECT i.warehouse_id, i.material_id, min(n.at)
FROM unnest($1::int[], $2::timestamptz[]) AS n (item, at) JOIN stock_items i ON i.id = n.item
GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (warehouse_id, material_id) DO UPDATE SET marks = old.marks + 1,
    from_at = least(old.from_at, excluded.from_at), marked_at = clock_timestamp()"""

# What workers have to compute by now, of machines that exist.
BACKLOG: Final = """
SELECT e.path AS equipment, count(*) AS buckets, min(d.bucket_at) AS first_bucket,
    max(d.bucket_at) AS last_bucket, min(d.marked_at) AS waiting_since,
    extract(epoch FROM clock_timestamp() - min(d.marked_at))::float8 AS waiting_s
FROM dirty_buckets d JOIN equipment e ON e.id = d.equipment_id
WHERE d.bucket_at <= clock_timestamp() GROUP BY e.path ORDER BY min(d.marked_at), e.path"""
