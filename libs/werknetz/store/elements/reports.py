"""Statements that read what people and other systems report about a machine.

$1: the machine; $2, $3: the range. Instants are read as microseconds since 1970.
"""

from typing import Final

_US: Final = "(date_part('epoch', {}) * 1e6)::bigint"
_AT, _START, _END = _US.format("at"), _US.format("start_at"), _US.format("end_at")
_UNTIL: Final = _US.format("until_at")

HAS_REPORTS: Final = """
SELECT EXISTS (SELECT FROM state_entries WHERE equipment_id = $1)
    OR EXISTS (SELECT FROM quantity_entries WHERE equipment_id = $1)
    OR EXISTS (SELECT FROM machine_reports WHERE equipment_id = $1)
    OR EXISTS (SELECT FROM job_runs WHERE equipment_id = $1)"""

# Of entries that overlap the one with the higher id is in force. A reason of the plant goes before
# one of the standard with the same code.
STATE_ENTRIES: Final = f"""
SELECT {_START}, {_END}, state, reason, is_planned, coalesce((
    SELECT r.category = 'adot' FROM reasons r LEFT JOIN equipment p ON p.id = r.equipment_id
    WHERE r.code = e.reason AND r.kind = 'stop' AND (p.id IS NULL
        OR starts_with((SELECT path FROM equipment WHERE id = $1), p.path || '/'))
    ORDER BY p.id NULLS LAST LIMIT 1), false) AS without_order
FROM state_entries e
WHERE equipment_id = $1 AND known_to IS NULL AND start_at < $3 AND end_at > $2
    AND start_at < end_at
ORDER BY id"""  # noqa: S608 - made of constants

# Others are of planned scrap and material: no element of a machine.
QUANTITY_ENTRIES: Final = f"""
SELECT role, {_AT}, quantity FROM quantity_entries
WHERE equipment_id = $1 AND known_to IS NULL AND at >= $2 AND at <= $3
    AND right(role, 6) = '_count' ORDER BY at, id"""  # noqa: S608 - made of constants

# Those that begin in the range, those that end later than its start, and the last one without an
# end before it. An open one is ended by the next state of the machine.
REPORTED_STATES: Final = f"""
SELECT {_AT}, {_UNTIL}, state, code FROM (
    SELECT * FROM machine_reports
    WHERE equipment_id = $1 AND kind = 'state_changed' AND at >= $2 AND at < $3
    UNION ALL
    SELECT * FROM machine_reports
    WHERE equipment_id = $1 AND kind = 'state_changed' AND at < $2 AND until_at > $2
    UNION ALL
    (SELECT * FROM machine_reports
    WHERE equipment_id = $1 AND kind = 'state_changed' AND at < $2 AND until_at IS NULL
    ORDER BY at DESC, event_id DESC LIMIT 1)) AS reported
ORDER BY at, event_id"""  # noqa: S608 - made of constants

# A run without an end ends where the next one of the machine begins.
JOB_RUNS: Final = f"""
SELECT order_number, {_US.format("started_at")} AS started_us,
    {_US.format("coalesce(ended_at, next_at)")} AS ended_us,
    ended_at IS NOT NULL AS is_finished, planned_run_s_per_item, good_quantity, scrap_quantity,
    rework_quantity
FROM (
    SELECT r.*, (SELECT min(n.started_at) FROM job_runs n WHERE n.equipment_id = $1
        AND n.started_at > r.started_at AND r.ended_at IS NULL) AS next_at
    FROM (
        SELECT * FROM job_runs
        WHERE equipment_id = $1 AND ended_at >= $2 AND coalesce(started_at, ended_at) <= $3
        UNION ALL
        SELECT * FROM job_runs
        WHERE equipment_id = $1 AND ended_at IS NULL AND started_at >= $2 AND started_at < $3
        UNION ALL
        SELECT * FROM job_runs WHERE equipment_id = $1 AND ended_at IS NULL AND started_at = (
            SELECT max(started_at) FROM job_runs WHERE equipment_id = $1 AND started_at < $2)
    ) AS r) AS runs
ORDER BY coalesce(started_at, ended_at), id"""  # noqa: S608 - made of constants

# The planned run time of orders that the machine's own signal names, or that run without a plan.
RUN_TIMES_OF_ORDERS: Final = """
SELECT DISTINCT ON (order_number) order_number, planned_run_s_per_item FROM job_runs
WHERE equipment_id = $1 AND order_number = ANY($2::text[]) AND planned_run_s_per_item > 0
ORDER BY order_number, started_at DESC NULLS LAST, id DESC"""

# A quantity that the job of the order reports, too, is not counted twice.
INSPECTIONS: Final = f"""
SELECT {_AT}, q.good_quantity, q.scrap_quantity, q.rework_quantity,
    coalesce(j.good, false) AS good_of_job, coalesce(j.scrap, false) AS scrap_of_job,
    coalesce(j.rework, false) AS rework_of_job
FROM machine_reports q LEFT JOIN LATERAL (
    SELECT bool_or(r.good_quantity IS NOT NULL) AS good,
        bool_or(r.scrap_quantity IS NOT NULL) AS scrap,
        bool_or(r.rework_quantity IS NOT NULL) AS rework
    FROM job_runs r WHERE r.equipment_id = $1 AND (r.order_number = q.order_number
        OR (q.order_number IS NULL AND r.started_at < q.at AND r.ended_at >= q.at))) AS j ON true
WHERE q.equipment_id = $1 AND q.kind = 'quality_inspected' AND q.at >= $2 AND q.at <= $3
ORDER BY q.at, q.event_id"""  # noqa: S608 - made of constants

_FIRST_RUN: Final = f"""
(SELECT {_US.format("coalesce(started_at, ended_at)")} FROM job_runs
    WHERE equipment_id = $1 AND {{}} ORDER BY coalesce(started_at, ended_at) LIMIT 1)"""  # noqa: S608 - made of constants
_FIRST_INSPECTION: Final = f"""
(SELECT {_AT} FROM machine_reports WHERE equipment_id = $1 AND kind = 'quality_inspected'
    AND {{}} IS NOT NULL ORDER BY at LIMIT 1)"""  # noqa: S608 - made of constants

# Since when each is reported. Null: never.
FIRST_REPORTS: Final = "SELECT " + ", ".join(
    [
        _FIRST_RUN.format("true") + " AS job",
        *(
            f"least({_FIRST_RUN.format(name + ' IS NOT NULL')}, {_FIRST_INSPECTION.format(name)})"
            f" AS {name}"
            for name in ("good_quantity", "scrap_quantity", "rework_quantity")
        ),
    ]
)
