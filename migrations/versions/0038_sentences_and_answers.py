"""Findings store code and fields of their sentence; answers and mappings belong to plants.

Findings from before have no sentence: their English text stays until the worker writes them again.
Stored answers get the plants of their caller, versions of mappings belong to the plants whose
signals or connectors use the mapping. Answers from before are for callers of all plants: who
repeats such a request within 24 hours is told that its answer is not stored.
"""

from alembic import op

revision = "0038"
down_revision = "0039"
branch_labels = None
depends_on = None

_ASKED = "STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = public, pg_temp"
# Never empty: an empty list would be a part of every other.
_SCOPE = f"""
CREATE FUNCTION caller_scope() RETURNS text[] LANGUAGE sql {_ASKED} AS $$
    SELECT CASE WHEN caller_sees_all() THEN ARRAY['*']
        WHEN cardinality(caller_plants()) = 0 THEN ARRAY['-'] ELSE caller_plants() END
$$"""
# By name: rows of former versions show their mapping as well.
_MAPPINGS = f"""
CREATE FUNCTION caller_mappings() RETURNS SETOF text LANGUAGE sql {_ASKED} ROWS 10 AS $$
    SELECT regexp_replace(s.mapping, '@[^@]*$', '') FROM signals s
    WHERE s.equipment_id IN (SELECT caller_equipment())
    UNION SELECT v.name FROM mapping_versions v JOIN connectors c ON c.mapping_id = v.id
    WHERE c.id IN (SELECT caller_connectors())
$$"""  # noqa: S608 - made of constants
# What a change of the materials of a line concerns: also messages that belong to no plant yet. It
# returns nothing, and marks equipment of the caller alone.
_MARK = """
CREATE FUNCTION mark_line_materials(equipment_ids int[], warehouse_ids int[], material_ids int[])
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT (pg_has_role(session_user, current_user, 'USAGE') OR caller_sees_all()) AND EXISTS (
        SELECT unnest(equipment_ids) EXCEPT SELECT caller_equipment()) THEN
        RAISE EXCEPTION 'equipment of another plant' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO dirty_stock AS old (warehouse_id, material_id, from_at)
    SELECT DISTINCT warehouse_id, material_id, timestamptz 'epoch'
    FROM unnest(warehouse_ids, material_ids) AS changed (warehouse_id, material_id)
    ORDER BY warehouse_id, material_id
    ON CONFLICT (warehouse_id, material_id) DO UPDATE
    SET marks = old.marks + 1, marked_at = clock_timestamp(),
        from_at = least(old.from_at, excluded.from_at);
    INSERT INTO events_to_project (event_id)
    SELECT DISTINCT changed.event_id FROM (
        SELECT c.event_id FROM consumptions c WHERE c.equipment_id = ANY(equipment_ids)
        UNION ALL SELECT unnest(f.event_ids) FROM findings f
        WHERE f.subject = 'event' AND f.cleared_at IS NULL
    ) AS changed ORDER BY changed.event_id;
END $$"""
_FUNCTIONS = {
    "caller_scope()": _SCOPE,
    "caller_mappings()": _MAPPINGS,
    "mark_line_materials(int[], int[], int[])": _MARK,
}
_ALL = "(SELECT caller_sees_all())"
_OF_PLANT = {
    "stored_answers": f"{_ALL} OR plants <@ (SELECT caller_scope())",
    "mapping_versions": f"{_ALL} OR name IN (SELECT caller_mappings())",
}


def upgrade() -> None:
    op.execute("ALTER TABLE findings ADD COLUMN sentence jsonb")
    for name, statement in _FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC")
    op.execute("ALTER TABLE stored_answers ADD COLUMN plants text[] NOT NULL DEFAULT '{*}'")
    op.execute("ALTER TABLE stored_answers ALTER COLUMN plants SET DEFAULT caller_scope()")
    for table, condition in _OF_PLANT.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY plants ON {table} FOR ALL USING ({condition})")


def downgrade() -> None:
    for table in _OF_PLANT:
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        for name in ("plants", "services"):
            op.execute(f"DROP POLICY IF EXISTS {name} ON {table}")
    op.execute("ALTER TABLE stored_answers DROP COLUMN plants")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    op.execute("ALTER TABLE findings DROP COLUMN sentence")
