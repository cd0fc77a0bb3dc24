"""All tables in one place: whoever imports this has them all in its metadata."""

from typing import Final

import sqlalchemy as sa

from werknetz.store import stock, supply, tables

metadata: Final[sa.MetaData] = tables.metadata
FILES: Final = (tables, supply, stock)
