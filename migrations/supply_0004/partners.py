"""Master data: materials, partners, sites, policies and supply relations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def create_tables() -> None:
    op.create_table(
        "materials",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("unit_cost", sa.Double(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("created_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_materials")),
        sa.UniqueConstraint("number", name=op.f("uq_materials_number")),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("key", name=op.f("uq_partners_key")),
    )
    op.create_table(
        "material_numbers",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["materials.id"],
            name=op.f("fk_material_numbers_material_id_materials"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_material_numbers_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_numbers")),
        sa.UniqueConstraint(
            "kind",
            "partner_id",
            "number",
            name=op.f("uq_material_numbers_kind_partner_id_number"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_material_numbers_material_id"), "material_numbers", ["material_id"], unique=False
    )
    op.create_index("ix_material_numbers_number", "material_numbers", ["number"], unique=False)
    op.create_table(
        "material_units",
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("factor", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_material_units_material_id_materials")
        ),
        sa.PrimaryKeyConstraint("material_id", "unit", name=op.f("pk_material_units")),
    )
    op.create_table(
        "partner_identities",
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("discovered", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_identities_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_partner_identities")),
    )
    op.create_index(
        op.f("ix_partner_identities_partner_id"), "partner_identities", ["partner_id"], unique=False
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("equipment_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_sites_equipment_id_equipment")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_sites_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("key", name=op.f("uq_sites_key")),
    )
    op.create_index(op.f("ix_sites_equipment_id"), "sites", ["equipment_id"], unique=False)
    op.create_table(
        "site_identities",
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("discovered", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_site_identities_site_id_sites")
        ),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_site_identities")),
    )
    op.create_index(
        op.f("ix_site_identities_site_id"), "site_identities", ["site_id"], unique=False
    )
    op.create_table(
        "supply_policies",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", _AT, server_default=_NOW, nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_supply_policies_supplier_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_policies")),
        sa.UniqueConstraint(
            "supplier_id",
            "version",
            name=op.f("uq_supply_policies_supplier_id_version"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "supply_relations",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("dock", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["materials.id"],
            name=op.f("fk_supply_relations_material_id_materials"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_supply_relations_site_id_sites")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_supply_relations_supplier_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_relations")),
        sa.UniqueConstraint(
            "supplier_id",
            "material_id",
            "site_id",
            "dock",
            name=op.f("uq_supply_relations_supplier_id_material_id_site_id_dock"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_supply_relations_material_id"), "supply_relations", ["material_id"], unique=False
    )
    op.create_index(
        op.f("ix_supply_relations_site_id"), "supply_relations", ["site_id"], unique=False
    )
