"""Partners, materials, call-offs, shipments and receipts: master data, facts and derived rows.

Each fact row belongs to one event. `known_from` and `known_to` are the time in which it was
current, for as-of queries. The derived rows of a relation are replaced together.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import (
    AT,
    NO_UUIDS,
    NOW,
    UUIDS,
    fact_columns,
    id_column,
    metadata,
    quantity_columns,
    reference_column,
)

partners = sa.Table(
    "partners",
    metadata,
    id_column(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("roles", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
)

partner_identities = sa.Table(
    "partner_identities",
    metadata,
    # Numbers and names of a partner in messages. A value belongs to one partner.
    sa.Column("value", sa.Text, primary_key=True),
    reference_column("partner_id", "partners.id", null=False, index=True),
    sa.Column("discovered", sa.Boolean, nullable=False, server_default=sa.true()),
)

sites = sa.Table(
    "sites",
    metadata,
    id_column(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    reference_column("partner_id", "partners.id"),  # null: ours
    reference_column("equipment_id", "equipment.id", index=True),  # the plant
)

site_identities = sa.Table(
    "site_identities",
    metadata,
    sa.Column("value", sa.Text, primary_key=True),
    reference_column("site_id", "sites.id", null=False, index=True),
    sa.Column("discovered", sa.Boolean, nullable=False, server_default=sa.true()),
)

materials = sa.Table(
    "materials",
    metadata,
    id_column(),
    sa.Column("number", sa.Text, nullable=False, unique=True),  # ours
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("unit", sa.Text),  # the base unit; null: not reported yet
    sa.Column("unit_cost", sa.Double),
    sa.Column("currency", sa.Text),
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    sa.Column("product_family", sa.Text),  # null: a family of its own
)

material_numbers = sa.Table(
    "material_numbers",
    metadata,
    id_column(),
    reference_column("material_id", "materials.id", null=False, index=True),
    reference_column("partner_id", "partners.id"),  # owner of the number; null: we, or nobody (EAN)
    sa.Column("kind", sa.Text, nullable=False),  # own, supplier, customer, ean
    sa.Column("number", sa.Text, nullable=False),
    sa.UniqueConstraint("kind", "partner_id", "number", postgresql_nulls_not_distinct=True),
    sa.Index("ix_material_numbers_number", "number"),
)

material_units = sa.Table(
    "material_units",
    metadata,
    reference_column("material_id", "materials.id", null=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("factor", sa.Double, nullable=False),  # base units in one unit
    sa.PrimaryKeyConstraint("material_id", "unit"),
)

supply_relations = sa.Table(
    "supply_relations",
    metadata,
    # Supplier, material and place of delivery: the line of a scheduling agreement.
    id_column(),
    reference_column("supplier_id", "partners.id", null=False),
    reference_column("material_id", "materials.id", null=False, index=True),
    reference_column("site_id", "sites.id", index=True),
    sa.Column("dock", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint(
        "supplier_id", "material_id", "site_id", "dock", postgresql_nulls_not_distinct=True
    ),
)

supply_policies = sa.Table(
    "supply_policies",
    metadata,
    # Definition of on time and in full: `kpi.supply.policy`. A version never changes.
    id_column(),
    reference_column("supplier_id", "partners.id"),  # null: every supplier without its own
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("valid_from", AT, nullable=False, server_default=NOW),
    sa.Column("document", pg.JSONB, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("supplier_id", "version", postgresql_nulls_not_distinct=True),
)

call_off_entries = sa.Table(
    "call_off_entries",
    metadata,
    *fact_columns(),
    reference_column(
        "relation_id", "supply_relations.id"
    ),  # null: supplier or material is not known
    *quantity_columns(),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("line", sa.Text),
    sa.Column("replaces", sa.Text),
    sa.Column("issued_at", AT, nullable=False),
    sa.Column("due_from", AT),
    sa.Column("due_until", AT),
    sa.Column("due_kind", sa.Text),
    sa.Column("commitment", sa.Text),
    sa.Column("cumulative_quantity", sa.Double),
    sa.Column("cumulative_received", sa.Double),
    sa.Column("cumulative_since", AT),
    sa.Column("last_receipt", sa.Text),
    sa.Column("last_receipt_quantity", sa.Double),
    sa.Column("last_receipt_at", AT),
    sa.Column("order_number", sa.Text),
    sa.Column("order_line", sa.Text),
    sa.Column("point_of_use", sa.Text),
    sa.Index("ix_call_off_entries_relation_id_issued_at", "relation_id", "issued_at"),
)

shipment_lines = sa.Table(
    "shipment_lines",
    metadata,
    *fact_columns(),
    reference_column("relation_id", "supply_relations.id"),
    reference_column("supplier_id", "partners.id"),
    *quantity_columns(),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("line", sa.Text),
    sa.Column("shipment", sa.Text),
    sa.Column("delivery_note", sa.Text),
    sa.Column("announced_at", AT, nullable=False),
    sa.Column("despatched_at", AT),
    sa.Column("arrives_at", AT),
    sa.Column("handling_unit", sa.Text),
    sa.Column("packed_in", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("handling_units", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("package_type", sa.Text),
    sa.Column("package_count", sa.Double),
    sa.Column("carrier", sa.Text),
    sa.Column("cumulative_quantity", sa.Double),
    sa.Column("batch", sa.Text),
    sa.Column("order_number", sa.Text),
    sa.Column("order_line", sa.Text),
    sa.Index("ix_shipment_lines_relation_id_at", "relation_id", "at"),
    sa.Index("ix_shipment_lines_supplier_id_document", "supplier_id", "document"),
    # A receipt may name only the delivery note; its despatch advice names the supplier.
    sa.Index("ix_shipment_lines_delivery_note", "delivery_note"),
    sa.Index("ix_shipment_lines_document", "document"),
)

receipt_lines = sa.Table(
    "receipt_lines",
    metadata,
    *fact_columns(),
    reference_column("relation_id", "supply_relations.id"),
    reference_column("supplier_id", "partners.id"),
    *quantity_columns(),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("line", sa.Text),
    sa.Column("shipment", sa.Text),
    sa.Column("delivery_note", sa.Text),
    sa.Column("received_at", AT, nullable=False),
    # In base units. Default of accepted: received less rejected.
    sa.Column("accepted_quantity", sa.Double),
    sa.Column("rejected_quantity", sa.Double),
    sa.Column("discrepancy", sa.Text),
    reference_column("warehouse_id", "warehouses.id"),
    reference_column("stock_item_id", "stock_items.id"),
    sa.Column("order_number", sa.Text),
    sa.Column("order_line", sa.Text),
    sa.Column("batch", sa.Text),
    sa.Index("ix_receipt_lines_relation_id_received_at", "relation_id", "received_at"),
    sa.Index("ix_receipt_lines_stock_item_id_received_at", "stock_item_id", "received_at"),
    sa.Index(
        "ix_receipt_lines_unassigned", "delivery_note",
        postgresql_where=sa.text("supplier_id IS NULL"),
    ),
)  # fmt: skip

call_offs = sa.Table(
    "call_offs",
    metadata,
    # Every version of a relation's schedule. Derived.
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    reference_column("relation_id", "supply_relations.id", null=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("issued_at", AT, nullable=False),
    sa.Column("known_at", AT, nullable=False),
    sa.Column("in_force_from", AT),
    sa.Column("in_force_to", AT),
    sa.Column("state", sa.Text, nullable=False),  # in_force, replaced, outdated_on_arrival
    sa.Column("entries", sa.Integer, nullable=False),
    sa.Column("quantity", sa.Double, nullable=False, server_default="0"),
    sa.Column("event_ids", UUIDS, nullable=False, server_default=NO_UUIDS),
    sa.Index("ix_call_offs_issued_at", "issued_at"),
)

due_lines = sa.Table(
    "due_lines", metadata,
    # Due deliveries by the effective version, and how they were fulfilled. Derived.
    # 64 bits: rows are replaced with each message, which uses many ids.
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    reference_column("relation_id", "supply_relations.id", null=False, index=True),
    sa.Column("group_key", sa.Text, nullable=False, server_default=""),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("due_from", AT, nullable=False),
    sa.Column("due_until", AT, nullable=False),
    sa.Column("quantity", sa.Double, nullable=False),
    sa.Column("commitment", sa.Text),
    sa.Column("delivered_quantity", sa.Double, nullable=False, server_default="0"),
    sa.Column("open_quantity", sa.Double, nullable=False, server_default="0"),
    sa.Column("first_received_at", AT), sa.Column("fulfilled_at", AT),
    sa.Column("state", sa.Text, nullable=False),  # open, measured
    sa.Column("on_time", sa.Boolean), sa.Column("in_full", sa.Boolean),
    sa.Column("delay_s", sa.Double),
    sa.Column("event_ids", UUIDS, nullable=False, server_default=NO_UUIDS),
    sa.Column("receipt_ids", UUIDS, nullable=False, server_default=NO_UUIDS),
    sa.Column("shipment_ids", UUIDS, nullable=False, server_default=NO_UUIDS),  # of their events
    sa.Column("order_number", sa.Text),
    sa.Column("window_from", AT, nullable=False),  # on time from … up to, not with, …
    sa.Column("window_until", AT, nullable=False),
    sa.Column("is_uncertain", sa.Boolean, nullable=False, server_default=sa.false()),
    # uncertain: messages that would change it may have been lost
    sa.Index("ix_due_lines_due_until", "due_until"),
    sa.Index("ix_due_lines_window_until", "window_until"),
    sa.Index("ix_due_lines_open", "relation_id", "due_until",
             postgresql_where=sa.text("open_quantity > 0")),
)  # fmt: skip

shipments = sa.Table(
    "shipments",
    metadata,
    id_column(),
    reference_column("supplier_id", "partners.id", null=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("delivery_note", sa.Text),
    reference_column("site_id", "sites.id", index=True),
    sa.Column("announced_at", AT, nullable=False),
    sa.Column("despatched_at", AT),
    sa.Column("arrives_at", AT),
    sa.Column("received_at", AT),
    sa.Column("carrier", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    # announced, in_transit, overdue, partly_received, received
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.UniqueConstraint("supplier_id", "document"),
    sa.Index("ix_shipments_announced_at", "announced_at"),
)

handling_units = sa.Table(
    "handling_units", metadata,
    # A tree: pallets hold boxes.
    sa.Column("shipment_id", sa.Integer, sa.ForeignKey("shipments.id", ondelete="CASCADE"),
              primary_key=True),
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("parent_label", sa.Text),
    sa.Column("package_type", sa.Text),
)  # fmt: skip

transit_lines = sa.Table(
    "transit_lines", metadata,
    # How much of a shipment line was received. Derived with its relation.
    sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
    reference_column("relation_id", "supply_relations.id", null=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("arrives_at", AT),
    sa.Column("quantity", sa.Double, nullable=False),
    sa.Column("received_quantity", sa.Double, nullable=False),
    sa.Column("open_quantity", sa.Double, nullable=False),
    sa.Column("received_at", AT),
    sa.Column("receipt_ids", UUIDS, nullable=False, server_default=NO_UUIDS),
    sa.Index("ix_transit_lines_open", "relation_id", "arrives_at",
             postgresql_where=sa.text("open_quantity > 0")),
)  # fmt: skip

cumulatives = sa.Table(
    "cumulatives",
    metadata,
    sa.Column("relation_id", sa.Integer, sa.ForeignKey("supply_relations.id"), primary_key=True),
    sa.Column("zero_at", AT),
    sa.Column("as_of", AT, nullable=False),
    sa.Column("demanded", sa.Double, nullable=False),
    sa.Column("received", sa.Double, nullable=False),
    sa.Column("in_transit", sa.Double, nullable=False),
    sa.Column("open", sa.Double, nullable=False),
    sa.Column("stated_received", sa.Double),
    sa.Column("stated_delivered", sa.Double),
    sa.Column("received_difference", sa.Double),
    sa.Column("delivered_difference", sa.Double),
    sa.Column("computed_at", AT, nullable=False, server_default=NOW),
)

SUPPLY_ELEMENTS: Final = (
    "lines_due", "lines_on_time", "lines_in_full", "lines_otif", "lines_early", "lines_late",
    "lines_late_1d", "lines_late_3d", "lines_late_7d", "lines_late_more", "uncertain_lines",
    "quantity_due", "quantity_in_window", "quantity_late", "quantity_delay_s",
    "quantity_received", "quantity_rejected", "quantity_over",
    "asn_due", "asn_announced", "asn_accurate", "asn_matched", "asn_lead_s",
    "frozen_quantity", "frozen_changed",
)  # fmt: skip

supply_elements = sa.Table(
    "supply_elements",
    metadata,
    # Additive inputs of the suppliers' KPIs, a row a relation and day of its site. Derived.
    reference_column("relation_id", "supply_relations.id", null=False),
    sa.Column("day", sa.Date, nullable=False),
    *(sa.Column(name, sa.Double, nullable=False, server_default="0") for name in SUPPLY_ELEMENTS),
    sa.Column("policy_id", sa.Integer, sa.ForeignKey("supply_policies.id")),
    sa.Column("computed_at", AT, nullable=False, server_default=NOW),
    sa.PrimaryKeyConstraint("relation_id", "day"),
    sa.Index("ix_supply_elements_day", "day"),
)
