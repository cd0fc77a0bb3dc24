"""Shards of the outbox of events, and the number of the last change of master data.

Events that may concern the same relation or stock have the same shard: a worker locks it, and
others project the rest meanwhile.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0043"
branch_labels = None
depends_on = None

_INDEX = "ix_events_to_project_shard"
_FINDINGS_INDEX = "ix_findings_open_event"
_CHANGES = "master_data_changes"
_DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# A material has one of 31 shards. What is about machines has shard 0.
_SHARD_OF_MATERIAL = """
CREATE FUNCTION shard_of_material(number text) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (1 + (hashtext(number)::bigint & 2147483647) % 31)::smallint
$$"""
_SHARD_OF_EVENT = """
CREATE FUNCTION shard_of_event(kind text, body jsonb) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN kind IN ('delivery_called_off', 'shipment_announced', 'goods_received',
            'stock_counted', 'stock_moved', 'material_consumed')
        THEN shard_of_material(coalesce(nullif(btrim(body->>'material'), ''),
            nullif(btrim(body->>'supplier_material'), ''), btrim(body->>'ean'), ''))
        ELSE 0::smallint END
$$"""
_MARK = """
CREATE OR REPLACE FUNCTION mark_events_to_project() RETURNS trigger LANGUAGE plpgsql {attributes}
AS $$
BEGIN
    INSERT INTO events_to_project ({columns}) SELECT {values} FROM changed;
    RETURN NULL;
END $$"""


def upgrade() -> None:
    op.execute(_SHARD_OF_MATERIAL)
    op.execute(_SHARD_OF_EVENT)
    # Without a shard: the worker finds it from the event.
    op.add_column("events_to_project", sa.Column("shard", sa.SmallInteger()))
    op.create_index(_INDEX, "events_to_project", ["shard", "change"])
    op.execute(
        _MARK.format(
            attributes=_DEFINER,
            columns="event_id, shard",
            values="event_id, shard_of_event(kind, body)",
        )
    )
    op.create_table(_CHANGES, sa.Column("number", sa.BigInteger(), nullable=False))
    op.execute("INSERT INTO master_data_changes (number) VALUES (0)")
    op.create_index(
        _FINDINGS_INDEX,
        "findings",
        [sa.text("(event_ids[1])")],
        postgresql_where=sa.text("subject = 'event' AND cleared_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(_FINDINGS_INDEX, "findings")
    op.drop_table(_CHANGES)
    op.execute(_MARK.format(attributes=_DEFINER, columns="event_id", values="event_id"))
    op.drop_index(_INDEX, "events_to_project")
    op.drop_column("events_to_project", "shard")
    op.execute("DROP FUNCTION shard_of_event(text, jsonb)")
    op.execute("DROP FUNCTION shard_of_material(text)")
