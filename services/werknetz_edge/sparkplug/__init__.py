"""The Sparkplug B 3.0 connector: a host application that listens, and asks for births.

Addresses are `spBv1.0/<group>/<node>#<metric>` and `spBv1.0/<group>/<node>/<device>#<metric>`, so
that `spBv1.0/Plant1/{node}/{press}#Counter/Good` is a rule for the presses of all nodes.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; it stores its progress in `folder`."""
    from werknetz_edge.sparkplug.connector import create as create_connector

    return create_connector(connector_id, options, folder)
