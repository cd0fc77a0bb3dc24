"""Polls tables of other people's databases, read-only, with any driver of SQLAlchemy.

PostgreSQL, MariaDB/MySQL and SQLite come with the edge; SQL Server, Oracle and HANA are extras.
New and changed rows become records or readings, once; deletions where they are asked for.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Make the connector of an edge file; `folder` keeps how far it has come."""
    from werknetz_edge.sql.connector import create as make

    return make(connector_id, options, folder)
