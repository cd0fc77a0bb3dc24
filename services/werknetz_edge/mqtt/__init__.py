"""The MQTT connector, 3.1.1 and 5."""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; it stores its progress in `folder`."""
    from werknetz_edge.mqtt.connector import create as create_connector

    return create_connector(connector_id, options, folder)
