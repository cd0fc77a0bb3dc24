"""The Modbus TCP connector: polls coils, inputs and registers; it never writes.

Modbus has no timestamps, no quality and no history: a value has the time of the response, a refused
address is Bad with the reason, and a time without polls (no session, no edge) is a gap record.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; it stores its progress in `folder`."""
    from werknetz_edge.modbus.connector import create as create_connector

    return create_connector(connector_id, options, folder)
