"""The tables connector: CSV and XLSX files as readings or business records.

Each file is read once, by content; each row once, by key or content. An unreadable row goes to
quarantine with its line, an unreadable file goes to failed/ with the reason.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; `folder` holds its ledger and working copies."""
    from werknetz_edge.tables.parser import create as make

    return make(connector_id, options, folder)
