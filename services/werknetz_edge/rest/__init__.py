"""The REST connector: asks web interfaces for what is new, again and again."""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Make the connector of an edge file; `folder` keeps how far it has read."""
    from werknetz_edge.rest.config import RestConfig
    from werknetz_edge.rest.connector import RestConnector
    from werknetz_edge.rest.memory import Bookmarks

    bookmarks = Bookmarks(folder / f"{connector_id}.rest.json")
    return RestConnector(RestConfig.model_validate(options), bookmarks)
