"""The SQL connector: polls tables of other systems' databases, read-only, through SQLAlchemy.

PostgreSQL, MariaDB/MySQL and SQLite come with the edge; SQL Server, Oracle and HANA are extras.
New and changed rows become records or readings, once; deletions are optional.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; `folder` stores how far it has read."""
    from werknetz_edge.sql.connector import create as make

    return make(connector_id, options, folder)
