"""Roll-ups of elements, and what was known when of elements and states.

Hours of each machine are summed by a trigger, in the transaction that writes the buckets. Roll-ups
of days and of everything above machines are computed by workers from marks; until then readers use
the buckets. What is stored already is summed here by hour and marked for the rest.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)

# Like `elements`, so that it has the same sums; later migrations add a sum to both.
_SUMS = """
CREATE TABLE element_sums (LIKE elements INCLUDING DEFAULTS);
ALTER TABLE element_sums DROP COLUMN carry, DROP COLUMN revision,
    ADD COLUMN grain smallint NOT NULL,
    ALTER COLUMN computed_at DROP DEFAULT;
ALTER TABLE element_sums RENAME COLUMN bucket_at TO start_at;
ALTER TABLE element_sums ADD CONSTRAINT pk_element_sums
    PRIMARY KEY (equipment_id, grain, start_at)"""

# The sums are the columns of type double precision, whatever they are called.
_ROLL_UP_HOURS = """
CREATE FUNCTION hour_sums_statement(hours text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    names text;
    sums text;
    updates text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
        string_agg(format('sum(e.%I) AS %1$I', attname), ', ' ORDER BY attnum),
        string_agg(format('%1$I = excluded.%1$I', attname), ', ' ORDER BY attnum)
    INTO names, sums, updates FROM pg_attribute
    WHERE attrelid = 'element_sums'::regclass AND atttypid = 'float8'::regtype
        AND attnum > 0 AND NOT attisdropped;
    RETURN format($query$
        INSERT INTO element_sums
            (equipment_id, grain, start_at, provisional, computed_at, %s)
        SELECT h.equipment_id, 1, h.start_at, s.*
        FROM (%s) AS h (equipment_id, start_at)
        CROSS JOIN LATERAL (
            SELECT bool_or(e.provisional), max(e.computed_at), %s FROM elements e
            WHERE e.equipment_id = h.equipment_id AND e.bucket_at >= h.start_at
                AND e.bucket_at < h.start_at + interval '1 hour'
            HAVING count(*) > 0) AS s
        ORDER BY 1, 3
        ON CONFLICT (equipment_id, grain, start_at) DO UPDATE SET
            provisional = excluded.provisional, computed_at = excluded.computed_at, %s
        $query$, names, hours, sums, updates);
END $$"""

_HOURS = (
    "SELECT DISTINCT equipment_id, date_bin(''1 hour'', bucket_at, timestamptz ''epoch'') "
    "FROM {table}"
)

_TRIGGER_FUNCTION = f"""
CREATE FUNCTION roll_up_changes() RETURNS trigger LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM changed) THEN  -- of an upsert, one of the two
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM element_sums s USING (
            SELECT DISTINCT equipment_id,
                date_bin('1 hour', bucket_at, timestamptz 'epoch') AS start_at
            FROM changed) AS h
        WHERE s.equipment_id = h.equipment_id AND s.grain = 1 AND s.start_at = h.start_at;
    END IF;
    EXECUTE hour_sums_statement('{_HOURS.format(table="changed")}');
    INSERT INTO rollup_marks (equipment_id, from_at, to_at)
    SELECT equipment_id, min(bucket_at), max(bucket_at) + interval '15 minutes'
    FROM changed GROUP BY equipment_id, date_bin('1 day', bucket_at, timestamptz 'epoch')
    ORDER BY 1, 2;
    RETURN NULL;
END $$"""  # noqa: S608 - our own text

_EMPTY_FUNCTION = """
CREATE FUNCTION empty_rollups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- No TRUNCATE: a restore may hold a statement open over them in the same session.
    DELETE FROM element_sums;
    DELETE FROM rollup_marks;
    RETURN NULL;
END $$"""

# Where the tree changes, everything above the old and the new place is summed again. A first
# child makes a parent of an equipment that had sums of its own.
_TREE_FUNCTION = """
CREATE FUNCTION mark_moved_equipment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_marks (equipment_id, from_at, to_at)
    WITH RECURSIVE below AS (
        SELECT NEW.id AS id UNION ALL
        SELECT e.id FROM equipment e JOIN below ON e.parent_id = below.id
    ), span AS (
        SELECT min(e.bucket_at) AS from_at, max(e.bucket_at) + interval '15 minutes' AS to_at
        FROM (SELECT id FROM below UNION SELECT NEW.parent_id) AS q
        JOIN elements e ON e.equipment_id = q.id
    )
    SELECT DISTINCT q.id, span.from_at, span.to_at FROM span CROSS JOIN unnest(CASE
        WHEN TG_OP = 'UPDATE' THEN ARRAY[OLD.parent_id, NEW.parent_id, NEW.id]
        ELSE ARRAY[NEW.parent_id] END) AS q (id)
    WHERE q.id IS NOT NULL AND span.from_at IS NOT NULL;
    RETURN NULL;
END $$"""

_TRIGGERS = (
    *(
        f"""CREATE TRIGGER elements_{word.lower()}_rolled_up AFTER {word} ON elements
        REFERENCING {which} TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION roll_up_changes()"""
        for word, which in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    ),
    """CREATE TRIGGER elements_truncated AFTER TRUNCATE ON elements
    FOR EACH STATEMENT EXECUTE FUNCTION empty_rollups()""",
    """CREATE TRIGGER equipment_inserted AFTER INSERT ON equipment FOR EACH ROW
    WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION mark_moved_equipment()""",
    """CREATE TRIGGER equipment_moved AFTER UPDATE OF parent_id ON equipment FOR EACH ROW
    WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id)
    EXECUTE FUNCTION mark_moved_equipment()""",
)

_FILL = (
    f"DO $$ BEGIN EXECUTE hour_sums_statement('{_HOURS.format(table='elements')}'); END $$",
    """INSERT INTO rollup_marks (equipment_id, from_at, to_at)
    SELECT equipment_id, min(bucket_at), max(bucket_at) + interval '15 minutes'
    FROM elements GROUP BY equipment_id, date_bin('1 day', bucket_at, timestamptz 'epoch')
    ORDER BY 1, 2""",
)
_TABLES = ("rollup_zones", "rollup_marks", "element_sums", "state_piece_revisions")


def upgrade() -> None:
    for statement in _SUMS.split(";\n"):
        op.execute(statement)
    _create_tables()
    for statement in (_ROLL_UP_HOURS, _TRIGGER_FUNCTION, _EMPTY_FUNCTION, _TREE_FUNCTION):
        op.execute(statement)
    for statement in _TRIGGERS:
        op.execute(statement)
    for statement in _FILL:
        op.execute(statement)


def _create_tables() -> None:
    op.create_table(
        "state_piece_revisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("order_number", sa.Text()),
        sa.Column("bucket_at", _AT, nullable=False),
        sa.Column("known_to", _AT, nullable=False),
    )
    op.create_index(
        "ix_state_piece_revisions_equipment_id_bucket_at",
        "state_piece_revisions",
        ["equipment_id", "bucket_at"],
    )
    op.create_index("ix_state_piece_revisions_known_to", "state_piece_revisions", ["known_to"])
    op.create_table(
        "rollup_marks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("from_at", _AT, nullable=False),
        sa.Column("to_at", _AT, nullable=False),
    )
    op.create_index("ix_rollup_marks_equipment_id", "rollup_marks", ["equipment_id"])
    op.create_index("ix_rollup_marks_to_at", "rollup_marks", ["to_at"])
    op.create_table(
        "rollup_zones",
        sa.Column("equipment_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("zone", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    for table, names in (
        ("elements", ("insert_rolled_up", "update_rolled_up", "delete_rolled_up", "truncated")),
        ("equipment", ("inserted", "moved")),
    ):
        for name in names:
            op.execute(f"DROP TRIGGER {table}_{name} ON {table}")
    op.execute("DROP FUNCTION mark_moved_equipment(), empty_rollups(), roll_up_changes()")
    op.execute("DROP FUNCTION hour_sums_statement(text)")
    for table in _TABLES:
        op.drop_table(table)
