"""New equipment does not read the history of all machines: its marks come from an index."""

from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None

_FUNCTION = """
CREATE OR REPLACE FUNCTION mark_moved_equipment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_marks (equipment_id, from_at, to_at)
    WITH RECURSIVE below AS (
        SELECT NEW.id AS id UNION ALL
        SELECT e.id FROM equipment e JOIN below ON e.parent_id = below.id
    ), span AS ({span})
    SELECT DISTINCT q.id, span.from_at, span.to_at FROM span CROSS JOIN unnest(CASE
        WHEN TG_OP = 'UPDATE' THEN ARRAY[OLD.parent_id, NEW.parent_id, NEW.id]
        ELSE ARRAY[NEW.parent_id] END) AS q (id)
    WHERE q.id IS NOT NULL AND span.from_at IS NOT NULL;
    RETURN NULL;
END $$"""
_EQUIPMENT = "(SELECT id FROM below UNION SELECT NEW.parent_id) AS q"
# The first and the last bucket of each, from the primary key. A join is planned for all rows.
_BY_INDEX = f"""
        SELECT min(x.first_at) AS from_at, max(x.last_at) + interval '15 minutes' AS to_at
        FROM {_EQUIPMENT} CROSS JOIN LATERAL (
            SELECT min(bucket_at) AS first_at, max(bucket_at) AS last_at
            FROM elements WHERE equipment_id = q.id
        ) AS x
    """  # noqa: S608 - our own text
_BY_JOIN = f"""
        SELECT min(e.bucket_at) AS from_at, max(e.bucket_at) + interval '15 minutes' AS to_at
        FROM {_EQUIPMENT} JOIN elements e ON e.equipment_id = q.id
    """  # noqa: S608 - our own text


def upgrade() -> None:
    op.execute(_FUNCTION.format(span=_BY_INDEX))


def downgrade() -> None:
    op.execute(_FUNCTION.format(span=_BY_JOIN))
