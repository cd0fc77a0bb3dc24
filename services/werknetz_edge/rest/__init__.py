"""The REST connector: polls HTTP APIs for new and changed rows."""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; `folder` stores how far it has read."""
    from werknetz_edge.rest.bookmarks import BookmarkFile
    from werknetz_edge.rest.config import RestConfig
    from werknetz_edge.rest.connector import RestConnector

    bookmarks = BookmarkFile(folder / f"{connector_id}.rest.json")
    return RestConnector(RestConfig.model_validate(options), bookmarks)
