"""The metadata of all tables, and columns that many tables have.

Instants are timestamptz in UTC.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

AT: Final = sa.TIMESTAMP(timezone=True)
NOW: Final = sa.text("clock_timestamp()")
UUIDS: Final = pg.ARRAY(pg.UUID(as_uuid=True))
NO_UUIDS: Final = sa.text("'{}'")


def id_column() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True)


def reference_column(
    name: str, target: str, *, null: bool = True, index: bool = False
) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target), nullable=null, index=index)


def fact_columns() -> list[sa.Column[object]]:
    """Columns of every fact: its event and revision, and how long it was current."""
    return [
        sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("known_from", AT, nullable=False),
        sa.Column("known_to", AT),  # null: current
        sa.Column("at", AT, nullable=False),
    ]


def quantity_columns() -> list[sa.Column[object]]:
    """A quantity as reported, and in the base unit of the material; null: the unit does not fit."""
    return [
        sa.Column("quantity", sa.Double),
        sa.Column("unit", sa.Text),
        sa.Column("base_quantity", sa.Double),
    ]
