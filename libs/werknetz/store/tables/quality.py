"""Inspections of parts, what equipment can produce, and energy carriers: inputs of KPIs."""

import sqlalchemy as sa

from werknetz.store.tables.base import AT, NOW, fact_columns, metadata, reference_column

inspections = sa.Table(
    "inspections",
    metadata,
    *fact_columns(),
    reference_column("equipment_id", "equipment.id"),
    sa.Column("equipment", sa.Text, nullable=False),  # path as reported
    sa.Column("serial_number", sa.Text),
    sa.Column("characteristic", sa.Text),
    sa.Column("value", sa.Double),
    sa.Column("lower_limit", sa.Double),
    sa.Column("upper_limit", sa.Double),
    sa.Column("unit", sa.Text),
    sa.Column("defect", sa.Text),
    sa.Column("is_good", sa.Boolean),  # null: the inspection states no result
    sa.Column("order_number", sa.Text),
    sa.Index("ix_inspections_equipment_id_at", "equipment_id", "at"),
    sa.Index(
        "ix_inspections_equipment_id_serial_number", "equipment_id", "serial_number",
        postgresql_where=sa.text("serial_number IS NOT NULL"),
    ),
    sa.Index(
        "ix_inspections_equipment_id_characteristic_at", "equipment_id", "characteristic", "at",
        postgresql_where=sa.text("characteristic IS NOT NULL"),
    ),
)  # fmt: skip

equipment_capacities = sa.Table(
    "equipment_capacities",
    metadata,
    # What a machine can produce in an hour of planned operation time, from `valid_from` on.
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("valid_from", AT, nullable=False),
    sa.Column("items_per_hour", sa.Double, nullable=False),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", AT, nullable=False, server_default=NOW),
    sa.PrimaryKeyConstraint("equipment_id", "valid_from"),
    sa.CheckConstraint("items_per_hour > 0", "items_per_hour"),
)

energy_carriers = sa.Table(
    "energy_carriers",
    metadata,
    # What a unit of a carrier counts at an equipment and everything below it, from `valid_from` on;
    # the entry of the nearest equipment holds.
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("valid_from", AT, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("kwh_per_unit", sa.Double, nullable=False),
    sa.Column("co2_kg_per_unit", sa.Double),
    sa.Column("delivered", sa.Boolean, nullable=False, server_default="false"),  # subtracted
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", AT, nullable=False, server_default=NOW),
    sa.PrimaryKeyConstraint("equipment_id", "carrier", "valid_from"),
    sa.CheckConstraint("kwh_per_unit >= 0", "kwh_per_unit"),
    sa.CheckConstraint("co2_kg_per_unit >= 0", "co2_kg_per_unit"),
)
