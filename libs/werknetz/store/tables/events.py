"""Business events with their revisions."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, metadata

business_events = sa.Table(
    "business_events",
    metadata,
    # Facts of partners, warehouses and shop-floor systems, each once: `events.facts`.
    sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False, server_default=""),
    sa.Column("at", AT, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("raw_hash", sa.LargeBinary),  # finds the message in `raw_inputs`
    sa.Column("body", pg.JSONB, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("stored_at", AT, nullable=False, server_default=NOW),  # of this revision
    sa.Column("content", sa.LargeBinary),  # hash of what the mapping read; null: before 0.2
    sa.Column("version", sa.BigInteger),  # the source's order of revisions; null: order of arrival
    sa.Column("group_key", sa.LargeBinary),  # the document or snapshot that contains it
    sa.Column("withdrawn_at", AT),  # out of force since; null: in force
    sa.Column("withdrawal_reason", sa.Text),
    sa.Index(
        "ix_business_events_group_key", "group_key",
        postgresql_where=sa.text("group_key IS NOT NULL AND withdrawn_at IS NULL"),
    ),
    sa.Index("ix_business_events_kind_at", "kind", "at"),
    sa.Index("ix_business_events_connector_id_at", "connector_id", "at"),
    sa.Index("ix_business_events_at_event_id", "at", "event_id"),  # pagination over all kinds
    sa.Index(
        "ix_business_events_order_number", sa.text("(body ->> 'order_number')"),
        postgresql_where=sa.text("kind IN ('job_started', 'job_finished')"),
    ),
)  # fmt: skip

business_event_revisions = sa.Table(
    "business_event_revisions",
    metadata,
    # Former revisions: replaced by a correction, a withdrawal or a replay. `known_from` equals
    # `known_to` where the source's order made it older on arrival: it was never in force. A
    # negative revision belongs to an event that version 0.1 had deleted.
    sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("at", AT, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("body", pg.JSONB, nullable=False),
    sa.Column("known_from", AT, nullable=False),
    sa.Column("known_to", AT, nullable=False, server_default=NOW),
    sa.Column("delivered_by", sa.Text),  # the connector
    sa.Column("item", sa.Text),
    sa.Column("raw_hash", sa.LargeBinary),
    sa.Column("content", sa.LargeBinary),
    sa.Column("version", sa.BigInteger),
    sa.Column("withdrawal_reason", sa.Text),  # null: in force from `known_from` to `known_to`
)
