"""The examples of edge files for tables, SQL and IDocs load, and their connectors can be made."""

from pathlib import Path

import pytest

from werknetz_edge.config import load_config
from werknetz_edge.edge import create_connector

EXAMPLES = Path(__file__).resolve().parents[4] / "deploy/edge/examples"


@pytest.mark.parametrize("name", ["tables-folder", "tables-sftp", "northwind-sql", "idoc"])
def test_it_loads(name: str) -> None:
    connector = create_connector(load_config(EXAMPLES / f"{name}.yaml"))
    assert connector.status.state == "starting"
