"""The examples that operators copy are read, and become connectors."""

from pathlib import Path

import pytest

from werknetz_edge.config import load_config
from werknetz_edge.edge import create_connector

EXAMPLES = Path(__file__).parents[3] / "deploy" / "edge" / "examples"


@pytest.mark.parametrize("name", ["webhook", "rest"])
def test_it_loads_and_makes_a_connector(name: str) -> None:
    config = load_config(EXAMPLES / f"{name}.yaml")
    assert config.protocol == name
    assert create_connector(config).status.state == "starting"
