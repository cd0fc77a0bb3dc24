"""The spine: spools, equipment, samples, elements, keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("plants", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "connectors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "first_seen_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("last_applied_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("alarm", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connectors")),
    )
    op.create_table(
        "dirty_buckets",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("bucket_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("marks", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column(
            "marked_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("equipment_id", "bucket_at", name=op.f("pk_dirty_buckets")),
    )
    op.create_table(
        "element_revisions",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("bucket_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("elements", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "equipment_id", "bucket_at", "revision", name=op.f("pk_element_revisions")
        ),
    )
    op.create_table(
        "equipment",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column(
            "valid_from",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["equipment.id"], name=op.f("fk_equipment_parent_id_equipment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment")),
        sa.UniqueConstraint("path", name=op.f("uq_equipment_path")),
    )
    op.create_index(op.f("ix_equipment_parent_id"), "equipment", ["parent_id"], unique=False)
    op.create_table(
        "incarnations",
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("incarnation", sa.UUID(), nullable=False),
        sa.Column("system_identifier", sa.BigInteger(), nullable=False),
        sa.Column("timeline", sa.Integer(), nullable=False),
        sa.Column(
            "started_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incarnations")),
        sa.UniqueConstraint("incarnation", name=op.f("uq_incarnations_incarnation")),
    )
    op.create_table(
        "samples",
        sa.Column("signal_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("server_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_samples_signal_id_at", "samples", ["signal_id", "at"], unique=False)
    op.create_table(
        "elements",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("bucket_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("pot_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("pdot_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("pbt_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("apt_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("aust_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("adet_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("adot_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("unknown_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("unplanned_busy_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("blocked_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("starved_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("suspended_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("malfunction_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("minor_stop_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("idle_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("cmt_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("pmt_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("ttr_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("off_shift_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("aoet_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("pq", sa.Double(), server_default="0", nullable=False),
        sa.Column("gq", sa.Double(), server_default="0", nullable=False),
        sa.Column("sq", sa.Double(), server_default="0", nullable=False),
        sa.Column("rq", sa.Double(), server_default="0", nullable=False),
        sa.Column("pri_pq_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("fe", sa.Double(), server_default="0", nullable=False),
        sa.Column("minor_stops", sa.Double(), server_default="0", nullable=False),
        sa.Column("late_samples", sa.Double(), server_default="0", nullable=False),
        sa.Column("good_samples", sa.Double(), server_default="0", nullable=False),
        sa.Column("samples", sa.Double(), server_default="0", nullable=False),
        sa.Column("carry", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column(
            "computed_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_elements_equipment_id_equipment")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "bucket_at", name=op.f("pk_elements")),
    )
    op.create_index("ix_elements_bucket_at", "elements", ["bucket_at"], unique=False)
    op.create_table(
        "gaps",
        sa.Column("gap_id", sa.UUID(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("signal_keys", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("start_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("end_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("estimate", sa.BigInteger(), nullable=True),
        sa.Column("backfilled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name=op.f("fk_gaps_connector_id_connectors")
        ),
        sa.PrimaryKeyConstraint("gap_id", name=op.f("pk_gaps")),
    )
    op.create_index(op.f("ix_gaps_connector_id"), "gaps", ["connector_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("planned_run_s_per_item", sa.Double(), nullable=True),
        sa.Column("planned_quantity", sa.Double(), nullable=True),
        sa.Column("material", sa.Text(), nullable=True),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_orders_equipment_id_equipment")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "order_number", name=op.f("pk_orders")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("spool_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mapping", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "stored_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name=op.f("fk_quarantine_connector_id_connectors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index(
        op.f("ix_quarantine_connector_id"), "quarantine", ["connector_id"], unique=False
    )
    op.create_table(
        "shift_calendars",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"],
            ["equipment.id"],
            name=op.f("fk_shift_calendars_equipment_id_equipment"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_calendars")),
        sa.UniqueConstraint(
            "equipment_id", "valid_from", name=op.f("uq_shift_calendars_equipment_id_valid_from")
        ),
    )
    op.create_table(
        "signals",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=True),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("datatype", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("counter_reset", sa.Text(), server_default="none", nullable=False),
        sa.Column("counter_modulus", sa.Double(), nullable=True),
        sa.Column("counter_kind", sa.Text(), server_default="cumulative", nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name=op.f("fk_signals_connector_id_connectors")
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_signals_equipment_id_equipment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        sa.UniqueConstraint("key", name=op.f("uq_signals_key")),
    )
    op.create_index(op.f("ix_signals_equipment_id"), "signals", ["equipment_id"], unique=False)
    op.create_table(
        "spools",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("spool_id", sa.UUID(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), server_default="live", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sample_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quarantine_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "updated_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name=op.f("fk_spools_connector_id_connectors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spools")),
        sa.UniqueConstraint("spool_id", name=op.f("uq_spools_spool_id")),
    )
    op.create_index(op.f("ix_spools_connector_id"), "spools", ["connector_id"], unique=False)
    op.create_table(
        "state_pieces",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("start_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("end_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_state_pieces_equipment_id_equipment")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "start_at", name=op.f("pk_state_pieces")),
    )
    op.create_table(
        "points",
        sa.Column("spool", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("signal_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signals.id"], name=op.f("fk_points_signal_id_signals")
        ),
        sa.ForeignKeyConstraint(["spool"], ["spools.id"], name=op.f("fk_points_spool_spools")),
        sa.PrimaryKeyConstraint("spool", "number", name=op.f("pk_points")),
    )
    # What no daily partition takes: source times are never rejected (R14). The writer makes the
    # daily ones ahead.
    op.execute("CREATE TABLE samples_catch_all PARTITION OF samples DEFAULT")


def downgrade() -> None:
    op.drop_table("points")
    op.drop_table("state_pieces")
    op.drop_table("spools")
    op.drop_table("signals")
    op.drop_table("shift_calendars")
    op.drop_table("quarantine")
    op.drop_table("orders")
    op.drop_table("gaps")
    op.drop_table("elements")
    op.drop_table("samples")
    op.drop_table("incarnations")
    op.drop_table("equipment")
    op.drop_table("element_revisions")
    op.drop_table("dirty_buckets")
    op.drop_table("connectors")
    op.drop_table("api_keys")
