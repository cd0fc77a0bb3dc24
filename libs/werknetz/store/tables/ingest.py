"""Connectors and what they deliver: spools, points, raw inputs, gaps, quarantine, replays."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, metadata

incarnations = sa.Table(
    "incarnations",
    metadata,
    # One row per incarnation; the newest is current. A restore or failover starts a new one. A row
    # that a dump brings back is inserted by another transaction than its own (xmin), and a database
    # that was copied has another oid. 0: a row of a version that did not store them.
    sa.Column("number", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("incarnation", pg.UUID(as_uuid=True), nullable=False, unique=True),
    sa.Column("system_identifier", sa.BigInteger, nullable=False),
    sa.Column("timeline", sa.Integer, nullable=False),
    sa.Column("database_oid", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("transaction_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("started_at", AT, nullable=False, server_default=NOW),
)

mapping_versions = sa.Table(
    "mapping_versions",
    metadata,
    # Every mapping version that was used, and drafts. The document never changes.
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # of the content; empty: document unknown
    sa.Column("document", sa.Text, nullable=False),  # YAML as written
    sa.Column("state", sa.Text, nullable=False, server_default="used"),
    # draft: uploaded, not active; active: edges shall use it; superseded: was active;
    # used: from an edge's own file
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    sa.Column("created_by", sa.Text, nullable=False, server_default=""),
    sa.Column("activated_at", AT),
    sa.Column("activated_by", sa.Text),
    sa.UniqueConstraint("name", "version", "digest"),
    sa.Index(
        "uq_mapping_versions_active", "name", unique=True,
        postgresql_where=sa.text("state = 'active'"),
    ),
)  # fmt: skip

connectors = sa.Table(
    "connectors",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("first_seen_at", AT, nullable=False, server_default=NOW),
    sa.Column("last_applied_at", AT),
    sa.Column("alarm", sa.Text),  # "fork", "spool_rolled_back" …; null: none
    sa.Column("mapping_id", sa.Integer, sa.ForeignKey("mapping_versions.id")),  # last used
)

BOOK_COUNTS: Final = (
    "taken", "stored", "duplicates", "revisions", "withdrawn", "ignored", "quarantined",
)  # fmt: skip

connector_books = sa.Table(
    "connector_books",
    metadata,
    # What became of everything that a connector took: `taken` is the sum of the others. Counted in
    # the transactions that store the rows.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), primary_key=True),
    *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in BOOK_COUNTS),
    sa.Column("since", AT, nullable=False, server_default=NOW),
)

connector_subjects = sa.Table(
    "connector_subjects",
    metadata,
    # What the facts of a connector's events are about: whose plants it serves. Rows are not
    # removed: the connector may deliver such events again.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False),
    sa.Column("relation_id", sa.Integer, sa.ForeignKey("supply_relations.id", ondelete="CASCADE")),
    sa.Column("warehouse_id", sa.Integer, sa.ForeignKey("warehouses.id", ondelete="CASCADE")),
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id", ondelete="CASCADE")),
    sa.UniqueConstraint(
        "connector_id", "relation_id", "warehouse_id", "equipment_id",
        postgresql_nulls_not_distinct=True,
    ),
    sa.CheckConstraint(
        "num_nonnulls(relation_id, warehouse_id, equipment_id) = 1", name="one_subject"
    ),
)  # fmt: skip

spools = sa.Table(
    "spools",
    metadata,
    # The watermark of each spool. Locked by every apply (R5, R17).
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False, unique=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False, index=True),
    sa.Column("lane", sa.Text, nullable=False, server_default="live"),
    sa.Column("last_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_hash", sa.LargeBinary, nullable=False),
    sa.Column("sample_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("quarantine_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("updated_at", AT, nullable=False, server_default=NOW),
)

points = sa.Table(
    "points",
    metadata,
    # The meaning of a spool's point numbers.
    sa.Column("spool", sa.Integer, sa.ForeignKey("spools.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("signal_id", sa.Integer, sa.ForeignKey("signals.id"), nullable=False, index=True),
    sa.Column("mapping_id", sa.Integer, sa.ForeignKey("mapping_versions.id")),
)

raw_inputs = sa.Table(
    "raw_inputs",
    metadata,
    # Deliveries before the mapping was applied (`connector.raw`), for replays. Partitioned by the
    # day on which they were stored; old days are dropped.
    sa.Column("stored_at", AT, nullable=False, server_default=NOW),
    sa.Column("connector_id", sa.Text, nullable=False),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("arrival_at", AT, nullable=False),
    sa.Column("from_at", AT, nullable=False),
    sa.Column("to_at", AT, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("codec", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("hashes", pg.ARRAY(sa.LargeBinary), nullable=False),
    sa.Index("ix_raw_inputs_connector_id_stored_at", "connector_id", "stored_at"),
    # A replaced spool sends its raw inputs again: they are found by arrival time.
    sa.Index("ix_raw_inputs_connector_id_arrival_at", "connector_id", "arrival_at"),
    sa.Index("ix_raw_inputs_hashes", "hashes", postgresql_using="gin"),
    postgresql_partition_by="RANGE (stored_at)",
)

gaps = sa.Table(
    "gaps",
    metadata,
    sa.Column("gap_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("signal_keys", pg.ARRAY(sa.Text), nullable=False),  # empty: all of the source
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("estimate", sa.BigInteger),
    sa.Column("backfilled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", AT, nullable=False, server_default=NOW, index=True),
)

heartbeats = sa.Table(
    "heartbeats",
    metadata,
    # How far the worker has read a connector's heartbeat, and when it last advanced.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), primary_key=True),
    sa.Column("last_at", AT, nullable=False),
    sa.Column("seen_at", AT, nullable=False, server_default=NOW),
)

outages = sa.Table(
    "outages",
    metadata,
    # Gaps in a heartbeat. `backfilled`: the source buffered its values and sent them later.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), primary_key=True),
    sa.Column("start_at", AT, primary_key=True),
    sa.Column("end_at", AT),  # null: still open
    sa.Column("backfilled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", AT, nullable=False, server_default=NOW),
)

retentions = sa.Table(
    "retentions",
    metadata,
    # Which days of a table were dropped: before this instant nothing can be recomputed.
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("dropped_before", AT, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False, index=True),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes of the original
    sa.Column("mapping", sa.Text, nullable=False, server_default=""),
    sa.Column("at", AT, nullable=False),
    sa.Column("stored_at", AT, nullable=False, server_default=NOW),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),  # assigned, discarded …
    sa.Column("position", sa.Text, nullable=False, server_default=""),  # in the message
    sa.Column("raw_hash", sa.LargeBinary),  # of the message, if it is stored as a raw input
    sa.Column(
        "count", sa.BigInteger, nullable=False, server_default="1"
    ),  # equal rejects are counted
    sa.Column("assigned_to", sa.Text),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_at", AT),
    sa.Column("decided_by", sa.Text),
    sa.Column("replayed_with", sa.Text),  # the mapping that accepted it
    sa.Index("ix_quarantine_state_source", "state", "source"),
)

replays = sa.Table(
    "replays",
    metadata,
    # A mapping applied again to raw inputs: page by page, each with the cursor in one transaction,
    # so that another process can continue.
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False),
    sa.Column("mapping_id", sa.Integer, sa.ForeignKey("mapping_versions.id"), nullable=False),
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    # waiting, running, done, failed
    sa.Column("cursor_at", AT),
    sa.Column("cursor_spool_id", pg.UUID(as_uuid=True)),
    sa.Column("cursor_seq", sa.BigInteger),
    sa.Column("inputs", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("samples_removed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("samples_added", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("events_changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("quarantine_cleared", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("inputs_skipped", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column(
        "refused_sources", pg.JSONB, nullable=False, server_default="{}"
    ),  # source → still refused
    sa.Column("requested_by", sa.Text, nullable=False, server_default=""),
    sa.Column("requested_at", AT, nullable=False, server_default=NOW),
    sa.Column("finished_at", AT),
    sa.Column("error", sa.Text),
)
