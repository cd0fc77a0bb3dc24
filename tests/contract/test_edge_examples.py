"""Every example edge file can be loaded and its connector created: operators copy them."""

from pathlib import Path

import pytest

from werknetz.connector.contract import Connector, Delivery, Reading
from werknetz.connector.normalize import Normalizer
from werknetz.events.batch import Points, Unmapped
from werknetz_edge.config import load_config
from werknetz_edge.edge import create_connector
from werknetz_edge.polling.connector import PollingConnector

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "deploy/edge/examples").glob("*.yaml"))


def test_there_are_examples() -> None:
    assert {"modbus", "s7"} <= {example.stem for example in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_can_be_loaded(example: Path) -> None:
    connector: Connector = create_connector(load_config(example))
    assert connector.status.state == "starting"


@pytest.mark.parametrize("name", ["modbus", "s7"])
def test_the_mapping_of_an_example_covers_every_value(name: str) -> None:
    config = load_config(ROOT / f"deploy/edge/examples/{name}.yaml")
    connector = create_connector(config)
    assert isinstance(connector, PollingConnector)
    addresses = [point.address for point in connector.points]
    readings = [Reading(address, 0) for address in addresses]
    records = Normalizer(config.mapping, config.connector).normalize(
        Delivery(readings=readings), 1_700_000_000_000_000
    )
    (points,) = [record for record in records if isinstance(record, Points)]
    assert [point.source for point in points.points] == addresses
    assert not [record for record in records if isinstance(record, Unmapped)]
