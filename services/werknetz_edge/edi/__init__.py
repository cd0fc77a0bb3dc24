"""EDI: EDIFACT DELFOR, DELJIT, DESADV, RECADV, INVRPT; VDA 4905, 4913; GLOBAL 4984, 4987, 4990.

Files come from a watched folder or SFTP. Each line is a fact; what cannot be read goes to
quarantine with its segment and place, and costs its line, its message or its interchange alone.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Make the connector of an edge file; `folder` keeps what it must remember."""
    from werknetz_edge.edi.connector import create as make

    return make(connector_id, options, folder)
