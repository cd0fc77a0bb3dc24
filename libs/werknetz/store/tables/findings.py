"""Findings, the outbox of changed events, and dirty relations."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import (
    AT,
    NO_UUIDS,
    NOW,
    UUIDS,
    id_column,
    metadata,
    reference_column,
)

findings = sa.Table(
    "findings",
    metadata,
    # Inconsistencies with their messages; kept with `cleared_at` when resolved.
    id_column(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),  # relation, stock, event, machine
    reference_column("relation_id", "supply_relations.id", index=True),
    reference_column("stock_item_id", "stock_items.id", index=True),
    reference_column("supplier_id", "partners.id", index=True),
    reference_column("material_id", "materials.id", index=True),
    reference_column("warehouse_id", "warehouses.id", index=True),
    reference_column("site_id", "sites.id"),
    reference_column("equipment_id", "equipment.id", index=True),
    sa.Column("at", AT, nullable=False),
    sa.Column("quantity", sa.Double),
    sa.Column("expected", sa.Double),
    sa.Column("actual", sa.Double),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("sentence", pg.JSONB),  # code and fields of `detail`; none in rows before 0038
    sa.Column("event_ids", UUIDS, nullable=False, server_default=NO_UUIDS),
    sa.Column("first_seen_at", AT, nullable=False, server_default=NOW),
    sa.Column("cleared_at", AT),
    sa.Index("ix_findings_kind_at", "kind", "at"),
    sa.Index("ix_findings_at", "at"),
    sa.Index(
        "ix_findings_open_event",
        sa.text("(event_ids[1])"),
        postgresql_where=sa.text("subject = 'event' AND cleared_at IS NULL"),
    ),
)

events_to_project = sa.Table(
    "events_to_project",
    metadata,
    # Filled by triggers on business_events, in the transaction that changes them.
    sa.Column("change", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("event_id", pg.UUID(as_uuid=True), nullable=False),
    # Events of one shard are projected by one worker at a time. None: not known yet.
    sa.Column("shard", sa.SmallInteger),
    sa.Index("ix_events_to_project_shard", "shard", "change"),
)

master_data_changes = sa.Table(
    "master_data_changes",
    metadata,
    # One row. A projector that reads another number at its end than at its start starts again.
    sa.Column("number", sa.BigInteger, nullable=False),
)

dirty_relations = sa.Table(
    "dirty_relations",
    metadata,
    sa.Column("relation_id", sa.Integer, primary_key=True),
    sa.Column("marks", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("marked_at", AT, nullable=False, server_default=NOW),
)
