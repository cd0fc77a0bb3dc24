"""EDI: EDIFACT DELFOR, DELJIT, DESADV, RECADV, INVRPT; VDA 4905, 4913; GLOBAL 4984, 4987, 4990.

Files come from a watched folder or SFTP. Each line becomes a fact. Unreadable input goes to
quarantine with its segment and position; only its line, message or interchange is lost.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; `folder` holds its ledger and working copies."""
    from werknetz_edge.edi.connector import create as make

    return make(connector_id, options, folder)
