"""Tables in files: CSV and XLSX from a watched folder or SFTP, as readings or business records.

Each file once, by content; each row once, by its key or its content. A row that cannot be read
goes to quarantine with its line, a file that cannot be read goes to failed/ with the reason.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Make the connector of an edge file; `folder` keeps its ledger and working copies."""
    from werknetz_edge.tables.parser import create as make

    return make(connector_id, options, folder)
