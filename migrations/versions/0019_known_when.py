"""Reason codes and thresholds of minor stops get a history; codes of machines change KPIs."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
# What is there already is known since a person changed it last.
_KNOWN_SINCE = """
UPDATE {table} t SET known_from = coalesce((
    SELECT max(a.at) FROM audit_log a JOIN equipment q ON q.path = a.equipment
    WHERE a.subject = '{subject}' AND q.id = t.equipment_id AND {matches}), '-infinity')"""
_IS_FORMER = "known_to IS NOT NULL"
_HISTORY = (
    ("reason_codes", "state_code", "reason_code", "a.subject_id = t.state_code"),
    ("stop_thresholds", "valid_from", "stop_threshold", "true"),
)
# Stops with a code that stands for a reason are computed again: the reason may change their time.
_MARK_CODED = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT DISTINCT p.equipment_id, date_bin('15 minutes', p.start_at, timestamptz 'epoch')
FROM reason_codes c JOIN equipment q ON q.id = c.equipment_id
JOIN equipment m ON m.path = q.path OR starts_with(m.path, q.path || '/')
JOIN state_pieces p ON p.equipment_id = m.id AND p.code = c.state_code AND p.state NOT IN (0, 1)
WHERE p.start_at >= coalesce((SELECT max(dropped_before) FROM retentions
    WHERE table_name = 'samples'), '-infinity')
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at) DO UPDATE SET marks = old.marks + 1,
    marked_at = clock_timestamp()"""


def upgrade() -> None:
    for table, key, subject, matches in _HISTORY:
        op.drop_constraint(f"pk_{table}", table, type_="primary")
        op.add_column(table, sa.Column("id", sa.Integer(), sa.Identity(always=True)))
        op.create_primary_key(f"pk_{table}", table, ["id"])
        op.add_column(table, sa.Column("known_from", _AT, server_default=_NOW, nullable=False))
        op.add_column(table, sa.Column("known_to", _AT))
        op.execute(_KNOWN_SINCE.format(table=table, subject=subject, matches=matches))
        op.create_index(
            f"ix_{table}_equipment_id_{key}", table, ["equipment_id", key], unique=True,
            postgresql_where=sa.text("known_to IS NULL"),
        )  # fmt: skip
    op.execute(_MARK_CODED)


def downgrade() -> None:
    for table, key, _, _ in _HISTORY:
        op.execute(sa.table(table, sa.column("known_to")).delete().where(sa.text(_IS_FORMER)))
        op.drop_index(f"ix_{table}_equipment_id_{key}", table)
        op.drop_constraint(f"pk_{table}", table, type_="primary")
        for column in ("id", "known_from", "known_to"):
            op.drop_column(table, column)
        op.create_primary_key(f"pk_{table}", table, ["equipment_id", key])
