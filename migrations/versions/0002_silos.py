"""Business events, mapping versions, raw inputs; every sample names its mapping version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    _mapping_versions()
    op.add_column("samples", sa.Column("mapping_id", sa.Integer(), nullable=True))
    for table in ("connectors", "points"):
        op.add_column(table, sa.Column("mapping_id", sa.Integer(), nullable=True))
        op.create_foreign_key(
            f"fk_{table}_mapping_id_mapping_versions",
            table,
            "mapping_versions",
            ["mapping_id"],
            ["id"],
        )
    _raw_inputs()
    _business_events()
    _quarantine()
    _replays()


def _mapping_versions() -> None:
    op.create_table(
        "mapping_versions",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="used", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", _AT, server_default=_NOW, nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("activated_at", _AT, nullable=True),
        sa.Column("activated_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mapping_versions"),
        sa.UniqueConstraint(
            "name", "version", "digest", name="uq_mapping_versions_name_version_digest"
        ),
    )
    op.create_index(
        "uq_mapping_versions_active",
        "mapping_versions",
        ["name"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )


def _raw_inputs() -> None:
    op.create_table(
        "raw_inputs",
        sa.Column("stored_at", _AT, server_default=_NOW, nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("spool_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("arrival_at", _AT, nullable=False),
        sa.Column("from_at", _AT, nullable=False),
        sa.Column("to_at", _AT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("hashes", postgresql.ARRAY(sa.LargeBinary()), nullable=False),
        postgresql_partition_by="RANGE (stored_at)",
    )
    op.create_index(
        "ix_raw_inputs_connector_id_stored_at", "raw_inputs", ["connector_id", "stored_at"]
    )
    op.create_index(
        "ix_raw_inputs_connector_id_arrival_at", "raw_inputs", ["connector_id", "arrival_at"]
    )
    op.create_index("ix_raw_inputs_hashes", "raw_inputs", ["hashes"], postgresql_using="gin")
    # The bytes are compressed already: PostgreSQL need not try again.
    op.execute("ALTER TABLE raw_inputs ALTER COLUMN payload SET STORAGE EXTERNAL")
    op.execute("CREATE TABLE raw_inputs_catch_all PARTITION OF raw_inputs DEFAULT")


def _business_events() -> None:
    op.create_table(
        "business_events",
        sa.Column("event_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("spool_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), server_default="", nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("raw_hash", sa.LargeBinary(), nullable=True),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("stored_at", _AT, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name="fk_business_events_connector_id_connectors"
        ),
        sa.PrimaryKeyConstraint("event_id", name="pk_business_events"),
    )
    op.create_index("ix_business_events_kind_at", "business_events", ["kind", "at"])
    op.create_index("ix_business_events_connector_id_at", "business_events", ["connector_id", "at"])
    op.create_index("ix_business_events_at_event_id", "business_events", ["at", "event_id"])
    op.create_table(
        "business_event_revisions",
        sa.Column("event_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "revision", name="pk_business_event_revisions"),
    )


def _quarantine() -> None:
    for column in (
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("raw_hash", sa.LargeBinary(), nullable=True),
        sa.Column("count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("replayed_with", sa.Text(), nullable=True),
    ):
        op.add_column("quarantine", column)
    op.create_index("ix_quarantine_state_source", "quarantine", ["state", "source"])


def _replays() -> None:
    def count(name: str) -> sa.Column[int]:
        return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)

    op.create_table(
        "replays",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT, nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("place_at", _AT, nullable=True),
        sa.Column("place_spool_id", postgresql.UUID(as_uuid=True), nullable=True),
        sa.Column("place_seq", sa.BigInteger(), nullable=True),
        count("inputs"),
        count("samples_removed"),
        count("samples_added"),
        count("events_changed"),
        count("quarantine_cleared"),
        count("inputs_skipped"),
        sa.Column("seen", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("requested_by", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", _AT, server_default=_NOW, nullable=False),
        sa.Column("finished_at", _AT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name="fk_replays_connector_id_connectors"
        ),
        sa.ForeignKeyConstraint(
            ["mapping_id"], ["mapping_versions.id"], name="fk_replays_mapping_id_mapping_versions"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_replays"),
    )


def downgrade() -> None:
    op.drop_table("replays")
    op.drop_index("ix_quarantine_state_source", "quarantine")
    for name in (
        "replayed_with", "decided_by", "decided_at", "note", "assigned_to", "count", "raw_hash",
        "place",
    ):  # fmt: skip
        op.drop_column("quarantine", name)
    op.drop_table("business_event_revisions")
    op.drop_table("business_events")
    op.drop_table("raw_inputs")
    for table in ("points", "connectors", "samples"):
        op.drop_column(table, "mapping_id")
    op.drop_table("mapping_versions")
