"""Counts values by their quality."""

from typing import Final

from werknetz.domain.status import UNCERTAIN

# $1 and $2: machines, and the number of the equipment that each counts for. The status is signed,
# so a bad one (0x8…) is negative.
VALUES_BY_QUALITY: Final = f"""
SELECT m.owner, count(*) FILTER (WHERE x.status BETWEEN 0 AND {UNCERTAIN - 1}) AS good,
    count(*) FILTER (WHERE x.status >= {UNCERTAIN}) AS uncertain,
    count(*) FILTER (WHERE x.status < 0) AS bad
FROM unnest($1::int[], $2::int[]) AS m (equipment_id, owner)
JOIN signals s ON s.equipment_id = m.equipment_id
JOIN samples x ON x.signal_id = s.id AND x.at >= $3 AND x.at < $4
GROUP BY m.owner"""  # noqa: S608 - made of constants

# About how many rows a day of samples has, as the planner knows it.
SAMPLES_OF_A_DAY: Final = """
SELECT coalesce(max(c.reltuples), 0)::bigint FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('public.samples')"""
