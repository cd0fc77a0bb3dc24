"""The Modbus TCP connector: polls coils, inputs and registers; it never writes.

Modbus has no time, no quality and no memory: the time is that of the answer, a refused address is
Bad with the reason, and what was not polled (no session, no edge) is a gap record.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Make the connector of an edge file; `folder` keeps what it must remember."""
    from werknetz_edge.modbus.connector import create as make

    return make(connector_id, options, folder)
