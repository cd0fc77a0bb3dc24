"""The webhook connector: systems post to it, and get 2xx only after the spool's commit."""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:  # noqa: ARG001  as every connector
    """Create the connector of an edge file."""
    from werknetz_edge.webhook.config import WebhookConfig
    from werknetz_edge.webhook.connector import WebhookConnector

    return WebhookConnector(WebhookConfig.model_validate(options))
