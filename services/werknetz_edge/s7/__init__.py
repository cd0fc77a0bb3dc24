"""The S7 connector: polls data blocks, flags, inputs and outputs of SIMATIC PLCs; it never writes.

Classic S7 communication (PUT/GET): S7-300, S7-400, and S7-1200/1500 whose protection settings
permit it, with data blocks that are not "optimized". The time is that of the answer; what was not
polled (no session, no edge) is a gap record.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; it stores its progress in `folder`."""
    from werknetz_edge.s7.connector import create as create_connector

    return create_connector(connector_id, options, folder)
