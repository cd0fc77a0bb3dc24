"""Statements that sum facts over windows: inputs of KPIs that no worker computes.

$1: machines. $2, $3: starts and ends of the windows, numbered from 1. $4: the instant as of which
facts are known; the end of all time: now. Each window reads only its own facts.
"""

from typing import Final

_WINDOWS: Final = (
    "FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(start_at, end_at, n)"
)


def _restrict_to_known(alias: str) -> str:
    return (
        f"{alias}.known_from <= $4::timestamptz AND ({alias}.known_to IS NULL "
        f"OR {alias}.known_to > $4::timestamptz)"
    )


# A part counts when it is inspected for the first time. It is good if the first inspection of each
# of its characteristics is good.
INSPECTED_PARTS: Final = f"""
SELECT w.n, count(*)::float8 AS ip, (count(*) FILTER (WHERE p.is_good))::float8 AS gp
{_WINDOWS}
CROSS JOIN LATERAL (
    SELECT i.equipment_id, i.serial_number FROM inspections i
    WHERE i.equipment_id = ANY($1::int[]) AND i.at >= w.start_at AND i.at < w.end_at
        AND i.serial_number IS NOT NULL AND i.is_good IS NOT NULL AND {_restrict_to_known("i")}
        AND NOT EXISTS (SELECT FROM inspections b
            WHERE b.equipment_id = i.equipment_id AND b.serial_number = i.serial_number
                AND b.at < w.start_at AND b.is_good IS NOT NULL AND {_restrict_to_known("b")})
    GROUP BY i.equipment_id, i.serial_number) AS s
CROSS JOIN LATERAL (
    SELECT bool_and(f.is_good) AS is_good FROM (
        SELECT DISTINCT ON (c.characteristic) c.is_good FROM inspections c
        WHERE c.equipment_id = s.equipment_id AND c.serial_number = s.serial_number
            AND c.is_good IS NOT NULL AND {_restrict_to_known("c")}
        ORDER BY c.characteristic, c.at, c.event_id) AS f) AS p
GROUP BY w.n"""  # noqa: S608 - made of constants

# A record whose quantity does not fit the unit of its material counts as a unit of its own.
CONSUMED_MATERIAL: Final = f"""
SELECT w.n, count(*)::float8 AS consumptions, coalesce(sum(c.base_quantity), 0) AS cm,
    (count(DISTINCT coalesce(m.unit, '')) + count(*) FILTER (WHERE c.base_quantity IS NULL)
    )::float8 AS consumed_units
{_WINDOWS}
JOIN consumptions c ON c.equipment_id = ANY($1::int[]) AND c.at >= w.start_at AND c.at < w.end_at
    AND {_restrict_to_known("c")}
LEFT JOIN materials m ON m.id = c.material_id
GROUP BY w.n"""

# A quantity is entered for the time up to its instant, as counts are.
ENTERED_QUANTITIES: Final = f"""
SELECT w.n, q.role, count(*)::float8 AS entries, sum(q.quantity) AS quantity
{_WINDOWS}
JOIN quantity_entries q ON q.equipment_id = ANY($1::int[])
    AND q.at > w.start_at AND q.at <= w.end_at AND q.role = ANY($5::text[])
    AND {_restrict_to_known("q")}
GROUP BY w.n, q.role"""

CAPACITY: Final = f"""
SELECT w.n, sum(e.pot_s * c.items_per_hour / 3600) AS epc, sum(e.pot_s) AS epc_known_s,
    sum(e.pq) AS epc_pq
{_WINDOWS}
JOIN (SELECT equipment_id, items_per_hour, valid_from, coalesce(lead(valid_from)
        OVER (PARTITION BY equipment_id ORDER BY valid_from), 'infinity') AS valid_to
    FROM equipment_capacities WHERE equipment_id = ANY($1::int[])) AS c
    ON c.valid_from < w.end_at AND c.valid_to > w.start_at
JOIN elements e ON e.equipment_id = c.equipment_id
    AND e.bucket_at >= greatest(w.start_at, c.valid_from)
    AND e.bucket_at < least(w.end_at, c.valid_to)
GROUP BY w.n"""  # noqa: S608 - made of constants

# Also the records of the same people elsewhere: a person at two machines is there once. Of a
# record without an end the attended time is its length.
ATTENDANCE: Final = """
WITH own AS (
    SELECT DISTINCT r.person FROM machine_reports r
    WHERE r.kind = 'attendance_recorded' AND r.equipment_id = ANY($1::int[])
        AND r.at < $3 AND r.at >= $2::timestamptz - interval '2 days' AND r.person IS NOT NULL)
SELECT r.person, (date_part('epoch', r.at) * 1e6)::bigint AS start_us,
    (date_part('epoch', coalesce(r.until_at,
        r.at + r.attended_s * interval '1 second', least($4, $3))) * 1e6)::bigint AS end_us,
    r.attended_s, r.work_s, r.equipment_id = ANY($1::int[]) AS counts
FROM machine_reports r JOIN own ON own.person = r.person
WHERE r.kind = 'attendance_recorded' AND r.at < $3
    AND r.at >= $2::timestamptz - interval '2 days'
    AND coalesce(r.until_at, r.at + r.attended_s * interval '1 second', $4) > $2"""
"""Attendance that touches a span, $2 to $3; $4: now. A record lasts two days at most."""

ATTENDED_MACHINES: Final = f"""
SELECT DISTINCT w.n, r.equipment_id
{_WINDOWS}
JOIN machine_reports r ON r.kind = 'attendance_recorded' AND r.equipment_id = ANY($1::int[])
    AND r.at < w.end_at AND r.at >= w.start_at - interval '2 days' AND r.person IS NOT NULL
    AND coalesce(r.until_at, r.at + r.attended_s * interval '1 second', $4::timestamptz)
        > w.start_at"""
"""The machines at which somebody was in each window; $4: now."""

# $1: numbers of the targets, $2: their machines, $3: their characteristics; $4 to $6: number of
# the target, start and end of each window; $7: as of; $8: measurements of a subgroup.
_MEASURED: Final = """
WITH t AS (SELECT * FROM unnest($1::int[], $2::int[], $3::text[])
        AS t (part, equipment_id, characteristic)),
w AS (SELECT *, row_number() OVER (PARTITION BY part ORDER BY start_at) AS n
    FROM unnest($4::int[], $5::timestamptz[], $6::timestamptz[]) AS w (part, start_at, end_at)),
m AS (SELECT w.part, w.n, i.lower_limit, i.upper_limit,
        CASE WHEN i.lower_limit < i.upper_limit THEN
            (2 * i.value - i.lower_limit - i.upper_limit) / (i.upper_limit - i.lower_limit)
        WHEN i.lower_limit IS NULL THEN i.value - i.upper_limit
        WHEN i.upper_limit IS NULL THEN i.value - i.lower_limit END AS y,
        row_number() OVER (PARTITION BY w.part, w.n ORDER BY i.at, i.event_id) AS position
    FROM w JOIN t ON t.part = w.part
    JOIN inspections i ON i.equipment_id = t.equipment_id
        AND i.characteristic = t.characteristic AND i.value IS NOT NULL
        AND i.at >= w.start_at AND i.at < w.end_at
        AND i.known_from <= $7 AND (i.known_to IS NULL OR i.known_to > $7)),
groups AS (SELECT part, n, count(*) AS subgroups, sum(range) AS ranges FROM (
    SELECT part, n, max(y) - min(y) AS range FROM m
    GROUP BY part, n, (position - 1) / $8::int HAVING count(y) = $8::int) AS g
    GROUP BY part, n)"""
CHARACTERISTIC_SUMS: Final = f"""{_MEASURED}
SELECT m.part, m.n, count(*)::float8 AS measurements,
    (count(*) FILTER (WHERE y IS NULL))::float8 AS unlimited,
    (count(y) FILTER (WHERE lower_limit IS NOT NULL AND upper_limit IS NOT NULL))::float8
        AS two_sided,
    (count(y) FILTER (WHERE lower_limit IS NULL))::float8 AS upper_only,
    (count(y) FILTER (WHERE upper_limit IS NULL))::float8 AS lower_only,
    coalesce(sum(y), 0) AS deviation, coalesce(sum(y * y), 0) AS squares,
    coalesce(max(g.subgroups), 0)::float8 AS subgroups, coalesce(max(g.ranges), 0) AS ranges
FROM m LEFT JOIN groups g ON g.part = m.part AND g.n = m.n
GROUP BY m.part, m.n"""  # noqa: S608 - made of constants

HAS_CHARACTERISTIC: Final = """
SELECT EXISTS (SELECT FROM inspections WHERE equipment_id = $1 AND characteristic = $2
    AND value IS NOT NULL AND known_to IS NULL)"""

# $1: machines.
CHARACTERISTICS: Final = """
SELECT e.path AS equipment, i.characteristic, count(*) AS measurements, min(i.at) AS first_at,
    max(i.at) AS last_at,
    (array_agg(i.lower_limit ORDER BY i.at DESC))[1] AS lower_limit,
    (array_agg(i.upper_limit ORDER BY i.at DESC))[1] AS upper_limit,
    (array_agg(i.unit ORDER BY i.at DESC))[1] AS unit
FROM inspections i JOIN equipment e ON e.id = i.equipment_id
WHERE i.equipment_id = ANY($1::int[]) AND i.characteristic IS NOT NULL AND i.value IS NOT NULL
    AND i.known_to IS NULL
GROUP BY e.path, i.characteristic ORDER BY e.path, i.characteristic"""
