"""Statements over energy carriers, and over what is measured below a meter."""

from typing import Final

from werknetz.store.dirty import mark_buckets

# $1: path of an equipment; $2: carriers.
CARRIERS_OF_PATH: Final = """
SELECT c.carrier, e.path, (date_part('epoch', c.valid_from) * 1e6)::bigint AS valid_from_us,
    c.unit, c.kwh_per_unit, c.co2_kg_per_unit, c.delivered
FROM energy_carriers c JOIN equipment e ON e.id = c.equipment_id
WHERE ($1 = e.path OR starts_with($1, e.path || '/')) AND c.carrier = ANY($2)"""

HAS_CHILDREN: Final = "SELECT EXISTS (SELECT FROM equipment WHERE parent_id = $1)"

# $1: an equipment; $2, $3: a span.
_BELOW: Final = """
WITH RECURSIVE below AS (
    SELECT id FROM equipment WHERE parent_id = $1
    UNION ALL SELECT e.id FROM equipment e JOIN below b ON e.parent_id = b.id)"""

# One row a bucket that anything below has.
SUMS_BELOW: Final = f"""{_BELOW}
SELECT x.bucket_at, sum(x.energy_pq_known_s) AS energy_pq_known_s, sum(x.energy_pq) AS energy_pq,
    coalesce(sum(x.pq) FILTER (WHERE x.pq_known_s > 0), 0) AS reported_pq,
    coalesce(sum(x.pbt_s) FILTER (WHERE x.pq_known_s > 0), 0) AS reported_pbt_s
FROM below b JOIN elements x ON x.equipment_id = b.id
WHERE x.bucket_at >= $2 AND x.bucket_at < $3 GROUP BY x.bucket_at"""  # noqa: S608 - made of constants

# One row a bucket and carrier. $4: the carriers; the numbers are as they are stored.
CARRIERS_BELOW: Final = f"""{_BELOW}
SELECT x.bucket_at, c.key AS carrier, n.n::int AS n, sum(n.value::float8) AS value
FROM below b JOIN elements x ON x.equipment_id = b.id
CROSS JOIN LATERAL jsonb_each(x.carry -> 'energy') AS c (key, value)
CROSS JOIN LATERAL jsonb_array_elements_text(c.value) WITH ORDINALITY AS n (value, n)
WHERE x.bucket_at >= $2 AND x.bucket_at < $3 AND c.key = ANY($4::text[])
GROUP BY 1, 2, 3"""  # noqa: S608 - as above

# What changes at an equipment changes what the meters above it have to explain. $2: the buckets.
MARK_METERS_ABOVE: Final = mark_buckets("""
WITH RECURSIVE above AS (
    SELECT parent_id AS id FROM equipment WHERE id = $1
    UNION ALL SELECT e.parent_id FROM equipment e JOIN above a ON e.id = a.id)
SELECT a.id, b.at FROM above a CROSS JOIN unnest($2::timestamptz[]) AS b (at)
WHERE EXISTS (SELECT FROM signals s WHERE s.equipment_id = a.id AND s.role = 'energy')""")

# Buckets in which a factor holds: meters of the carrier at an equipment and below it. For a
# session; `until` null: without end.
MARK_METERS_OF_CARRIER: Final = mark_buckets("""
SELECT x.equipment_id, x.bucket_at FROM elements x JOIN equipment m ON m.id = x.equipment_id
WHERE (m.path = CAST(:path AS text) OR starts_with(m.path, CAST(:path AS text) || '/'))
    AND EXISTS (SELECT FROM signals s WHERE s.equipment_id = m.id AND s.role = 'energy'
        AND coalesce(s.carrier, 'electricity') = CAST(:carrier AS text))
    AND x.bucket_at >= date_bin(
        '15 minutes', CAST(:since AS timestamptz), timestamptz 'epoch')
    AND (CAST(:until AS timestamptz) IS NULL OR x.bucket_at <= CAST(:until AS timestamptz))""")

# $1: equipment with its meters; $2: path of the scope; $3, $4: a span. Entries that hold in it.
FACTORS_IN_SPAN: Final = """
SELECT f.carrier, f.equipment, f.valid_from, f.unit, f.kwh_per_unit, f.co2_kg_per_unit, f.delivered
FROM (SELECT c.*, e.path AS equipment, lead(c.valid_from) OVER (
        PARTITION BY c.equipment_id, c.carrier ORDER BY c.valid_from) AS valid_to
    FROM energy_carriers c JOIN equipment e ON e.id = c.equipment_id
    WHERE e.id = ANY($1::int[]) OR starts_with($2::text, e.path || '/')) AS f
WHERE f.valid_from < $4 AND (f.valid_to IS NULL OR f.valid_to > $3)
    AND f.carrier IN (SELECT coalesce(s.carrier, 'electricity') FROM signals s
        WHERE s.equipment_id = ANY($1::int[]) AND s.role = 'energy')
ORDER BY f.carrier, f.equipment, f.valid_from LIMIT 100"""
