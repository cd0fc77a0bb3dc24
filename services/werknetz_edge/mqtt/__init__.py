"""The MQTT connector, 3.1.1 and 5."""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Make the connector of an edge file; `folder` keeps what it must remember."""
    from werknetz_edge.mqtt.connector import create as make

    return make(connector_id, options, folder)
