"""All tables in one place: whoever imports this has them all in its metadata."""

from typing import Final

import sqlalchemy as sa

from werknetz.store import access, finding, stock, supply, tables

metadata: Final[sa.MetaData] = tables.metadata
FILES: Final = (tables, access, supply, stock, finding)
