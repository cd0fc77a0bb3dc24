"""What people enter about machines, with the reasons to choose from, and the audit log."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
_TABLES = (
    "annotations", "stop_thresholds", "reason_codes", "reasons", "audit_log", "quantity_entries",
    "state_entries",
)  # fmt: skip
# Of the group's standard: code, parent, English, German, category, state, planned, counts
# against availability.
_STOPS: Final = (
    ("technical", None, "Technical fault", "Technische Störung", "adet", 4, False, True),
    ("mechanical", "technical", "Mechanical fault", "Mechanische Störung", "adet", 4, False, True),
    ("electrical", "technical", "Electrical fault", "Elektrische Störung", "adet", 4, False, True),
    ("control", "technical", "Control or software", "Steuerung oder Software", "adet", 4, False,
     True),
    ("jam", "technical", "Jammed part", "Teil klemmt", "adet", 4, False, True),
    ("tool_breakage", "technical", "Tool breakage", "Werkzeugbruch", "adet", 4, False, True),
    ("utilities", "technical", "Energy or media missing", "Energie oder Medien fehlen", "adet", 7,
     False, True),
    ("repair", "technical", "Repair", "Reparatur", "adet", 9, False, True),
    ("set_up", None, "Set-up", "Rüsten", "aust", 2, True, True),
    ("tool_change", "set_up", "Tool change", "Werkzeugwechsel", "aust", 2, True, True),
    ("material_change", "set_up", "Material change", "Materialwechsel", "aust", 2, True, True),
    ("adjustment", "set_up", "Adjustment", "Einstellen", "aust", 2, False, True),
    ("start_up", "set_up", "Start-up", "Anfahren", "aust", 2, True, True),
    ("material", None, "Material missing", "Material fehlt", "adet", 6, False, True),
    ("late_delivery", "material", "Delivery late", "Lieferung verspätet", "adet", 6, False, True),
    ("internal_transport", "material", "Internal transport late",
     "Innerbetrieblicher Transport verspätet", "adet", 6, False, True),
    ("faulty_material", "material", "Material faulty", "Material fehlerhaft", "adet", 6, False,
     True),
    ("downstream", None, "Downstream blocked", "Ablauf blockiert", "adet", 5, False, True),
    ("containers", "downstream", "Empty containers missing", "Leergut fehlt", "adet", 5, False,
     True),
    ("organisation", None, "Organisation", "Organisation", "adet", 3, False, True),
    ("no_operator", "organisation", "No operator", "Kein Bediener", "adet", 3, False, True),
    ("no_order", "organisation", "No order", "Kein Auftrag", "adot", 3, False, True),
    ("quality_release", "organisation", "Waiting for quality release",
     "Warten auf Qualitätsfreigabe", "adet", 3, False, True),
    ("waiting_for_repair", "organisation", "Waiting for repair", "Warten auf Instandhaltung",
     "adet", 3, False, True),
    ("planned", None, "Planned down time", "Geplanter Stillstand", "pdot", None, True, False),
    ("break", "planned", "Break", "Pause", "pdot", None, True, False),
    ("meeting", "planned", "Team meeting", "Teambesprechung", "pdot", None, True, False),
    ("cleaning", "planned", "Planned cleaning", "Geplante Reinigung", "pdot", None, True, False),
    ("maintenance", "planned", "Planned maintenance", "Geplante Wartung", "pdot", 8, True, False),
    ("trial", "planned", "Trial run", "Versuch", "pdot", None, True, False),
    ("no_demand", "planned", "No demand", "Kein Bedarf", "pdot", None, True, False),
)  # fmt: skip
_SCRAP: Final = (
    ("dimension", "Dimension out of tolerance", "Maß außerhalb der Toleranz"),
    ("surface", "Surface defect", "Oberflächenfehler"),
    ("crack", "Crack", "Riss"),
    ("assembly", "Assembly defect", "Montagefehler"),
    ("material_defect", "Material defect", "Materialfehler"),
    ("start_up_scrap", "Start-up scrap", "Anfahrausschuss"),
    ("handling", "Handling damage", "Transportschaden"),
    ("test_part", "Destructive test", "Zerstörende Prüfung"),
)


def upgrade() -> None:
    op.create_table(
        "state_entries",
        *_entry_columns(),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT, nullable=False),
        sa.Column("state", sa.SmallInteger()),
        sa.Column("is_planned", sa.Boolean()),
        *(
            sa.Column(name, sa.Boolean(), server_default="false", nullable=False)
            for name in ("follows_start", "follows_end", "is_open")
        ),
        sa.Column("reported_state", sa.SmallInteger()),
        sa.Column("reported_code", sa.Text()),
    )
    op.create_index(
        "ix_state_entries_equipment_id_start_at", "state_entries", ["equipment_id", "start_at"]
    )
    op.create_table(
        "quantity_entries",
        *_entry_columns(),
        sa.Column("at", _AT, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("order_number", sa.Text()),
        sa.Column("root_id", sa.Integer()),
    )
    op.create_index(
        "ix_quantity_entries_equipment_id_at", "quantity_entries", ["equipment_id", "at"]
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("at", _AT, server_default=_NOW, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("equipment", sa.Text()),
        sa.Column("before", pg.JSONB()),
        sa.Column("after", pg.JSONB()),
        sa.Column("reason", sa.Text()),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_index("ix_audit_log_subject_subject_id", "audit_log", ["subject", "subject_id"])
    for column in ("change_id", "ended_by"):
        op.create_index(f"ix_state_entries_{column}", "state_entries", [column])
    op.create_index(
        "ix_state_entries_open", "state_entries", ["id"], postgresql_where=sa.text("is_open")
    )
    op.create_index("ix_quantity_entries_root_id", "quantity_entries", ["root_id"])
    _create_reasons()
    _create_data_of_equipment()


def _entry_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("comment", sa.Text()),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("known_from", _AT, server_default=_NOW, nullable=False),
        sa.Column("known_to", _AT),
        sa.Column("change_id", sa.BigInteger()),
        sa.Column("ended_by", sa.BigInteger()),
    ]


def _create_reasons() -> None:
    reasons = op.create_table(
        "reasons",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id")),
        *(
            sa.Column(name, sa.Text(), nullable=name in {"parent", "category"})
            for name in ("code", "parent", "kind", "name_en", "name_de", "category")
        ),
        sa.Column("state", sa.SmallInteger()),
        sa.Column("is_planned", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "counts_against_availability", sa.Boolean(), server_default="true", nullable=False
        ),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retired_at", _AT),
    )
    op.create_index(
        "ix_reasons_standard_code", "reasons", ["code"], unique=True,
        postgresql_where=sa.text("equipment_id IS NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_reasons_equipment_id_code", "reasons", ["equipment_id", "code"], unique=True
    )
    names = (
        "code", "parent", "name_en", "name_de", "category", "state", "is_planned",
        "counts_against_availability",
    )  # fmt: skip
    rows = [
        {**dict(zip(names, row, strict=True)), "kind": "stop", "position": number}
        for number, row in enumerate(_STOPS)
    ]
    rows += [
        {
            "code": code, "parent": None, "name_en": english, "name_de": german, "category": None,
            "state": None, "is_planned": False, "counts_against_availability": False,
            "kind": "scrap", "position": number,
        }
        for number, (code, english, german) in enumerate(_SCRAP)
    ]  # fmt: skip
    op.bulk_insert(reasons, rows)


def _create_data_of_equipment() -> None:
    def equipment_id() -> sa.Column[int]:
        return sa.Column(
            "equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), primary_key=True
        )

    op.create_table(
        "reason_codes",
        equipment_id(),
        sa.Column("state_code", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_table(
        "stop_thresholds",
        equipment_id(),
        sa.Column("valid_from", _AT, primary_key=True),
        sa.Column("minor_stop_s", sa.Double()),
    )
    op.create_table(
        "annotations",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", _AT, server_default=_NOW, nullable=False),
        sa.Column("withdrawn_at", _AT),
    )
    op.create_index(
        "ix_annotations_equipment_id_start_at", "annotations", ["equipment_id", "start_at"]
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
