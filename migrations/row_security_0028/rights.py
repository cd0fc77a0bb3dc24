"""What roles that own nothing do through functions: they run as the owner of the tables."""

_DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# They write what is derived, so that nobody else needs the right to.
TRIGGERS = (
    "empty_rollups()", "mark_events_to_project()", "mark_moved_equipment()",
    "mark_relations_of_policy()", "roll_up_changes()", "seal_inserted_audit_entry()",
)  # fmt: skip

# Only workers may, and only the trigger seals.
NOT_PUBLIC = (
    "remove_audit_entries(timestamptz)", "seal_audit_entry(audit_log)",
    "make_day_partition(text, date)", "drop_day_partition(text, date)",
)  # fmt: skip

_CHECK_NAME = """
    IF table_name NOT IN ('samples', 'raw_inputs') THEN
        RAISE EXCEPTION '% has no partitions by day', table_name
            USING ERRCODE = 'insufficient_privilege';
    END IF;"""

# A partition is filled before it is attached: attaching locks out readers of the catch-all only.
MAKE_DAY = f"""
CREATE FUNCTION make_day_partition(table_name text, day date) RETURNS void
LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    at_column text = CASE table_name WHEN 'samples' THEN 'at' ELSE 'stored_at' END;
    name text = format('%s_%s', table_name, to_char(day, 'YYYYMMDD'));
    from_at text = to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00';
    to_at text = to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00';
BEGIN{_CHECK_NAME}
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', table_name || '_catch_all');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, table_name);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *)'
        ' INSERT INTO %I SELECT * FROM moved',
        table_name || '_catch_all', at_column, from_at, at_column, to_at, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        table_name, name, from_at, to_at);
END $$"""  # noqa: S608 - made of constants

DROP_DAY = f"""
CREATE FUNCTION drop_day_partition(table_name text, day date) RETURNS void
LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    name text = format('%s_%s', table_name, to_char(day, 'YYYYMMDD'));
BEGIN{_CHECK_NAME}
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', table_name, name);
    EXECUTE format('DROP TABLE %I', name);
END $$"""


def statements() -> list[str]:
    return [
        MAKE_DAY,
        DROP_DAY,
        *(f"ALTER FUNCTION {name} {_DEFINER}" for name in TRIGGERS),
        f"ALTER FUNCTION remove_audit_entries(timestamptz) {_DEFINER}",
        *(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC" for name in NOT_PUBLIC),
    ]


def undo_statements() -> list[str]:
    return [
        *(f"ALTER FUNCTION {name} SECURITY INVOKER RESET ALL" for name in TRIGGERS),
        "ALTER FUNCTION remove_audit_entries(timestamptz) SECURITY INVOKER RESET ALL",
        *(f"GRANT EXECUTE ON FUNCTION {name} TO PUBLIC" for name in NOT_PUBLIC[:2]),
        "DROP FUNCTION make_day_partition(text, date)",
        "DROP FUNCTION drop_day_partition(text, date)",
    ]
