"""Edge files and side files that the version before has written or read stay usable."""

import shutil
from pathlib import Path

import pytest

from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import load_yaml
from werknetz_edge.config import load_config
from werknetz_edge.edge import create_connector
from werknetz_edge.mqtt.session_file import SessionFile, StoredSession
from werknetz_edge.pipeline.mapping_rollout import MappingRollout
from werknetz_edge.polling.progress_file import PollProgress
from werknetz_edge.sparkplug.alive_metrics import AliveMetricsFile

BEFORE = Path(__file__).parent / "version_before"
SAVED_US = 1_793_509_200_000_000
DIGESTS = {
    "edi-folder.yaml": "5b12096056e32ae49e8b476d5701e5b4",
    "edi-sftp.yaml": "433a52c4a1be2f3c8e017a18d3e9b500",
    "emden-1.yaml": "ed6dbe89497c594f7eb1649f8419d18d",
    "idoc.yaml": "efaebe4e13c20d89d8706612d9d9ad06",
    "modbus.yaml": "f98a27b733b91231183901df3a913248",
    "northwind-sql.yaml": "3560bcac96127c28d999e24721c9643d",
    "opcua.yaml": "f02094d78073008879f0e6fac5f85946",
    "press.yaml": "f82aaba16c64c0d996c5b5189aa39bc2",
    "rest.yaml": "6ca1ffc8e7f6f17bfdc7036e9f484c4a",
    "s7.yaml": "927951001c539464785603d54dbb4f1c",
    "sparkplug.yaml": "b9d2b25ea5ace25dbdc49f6365e1c625",
    "tables-folder.yaml": "a6c1c37dc7abbd948b08be383810faf1",
    "tables-sftp.yaml": "5a1d206822394170ce1b69ab16c40c32",
    "webhook.yaml": "5258c8f522e2560d43608eafa8831c54",
    "zwick-2.yaml": "36734e309c3cb986afe6ddf86db46f3d",
}
"""Of the mappings, as the version before computed them: the core compares them."""


@pytest.mark.parametrize("name", DIGESTS)
def test_an_edge_file_makes_its_connector(tmp_path: Path, name: str) -> None:
    shutil.copy(BEFORE / "edges" / name, tmp_path)
    config = load_config(tmp_path / name)
    connector = create_connector(config)
    assert connector.status.state == "starting"
    assert config.mapping.digest.hex() == DIGESTS[name]


def test_no_edge_file_of_the_version_before_is_left_out() -> None:
    assert {path.name for path in (BEFORE / "edges").iterdir()} == set(DIGESTS)


def test_options_of_the_edge_are_read(tmp_path: Path) -> None:
    shutil.copy(BEFORE / "edges" / "press.yaml", tmp_path)
    config = load_config(tmp_path / "press.yaml")
    assert (config.connector, config.protocol, config.follow) == ("press", "mqtt", True)
    assert config.folder == tmp_path / "spool"
    assert config.spool_bytes_max == 50_000_000
    assert config.retention_us == 48 * 3_600_000_000
    assert config.redis_url == "redis://core:6379/0"
    assert (config.raw.keep, config.raw.bytes_per_minute_max) == (True, 1_000_000)


def test_sessions_at_brokers_are_resumed() -> None:
    stored = SessionFile(BEFORE / "side_files" / "mqtt_session.json").load()
    filters = ["press/+", "hall/+/json", "hall/+/number", "werknetz/press/heartbeat"]
    assert stored == StoredSession("edge-press", filters, SAVED_US)
    stored = SessionFile(BEFORE / "side_files" / "sparkplug_session.json").load()
    filters = ["spBv1.0/Plant1/NBIRTH/+"]
    assert stored == StoredSession("werknetz-press-shop", filters, SAVED_US)


def test_alive_metrics_of_sparkplug_nodes_are_loaded() -> None:
    names = AliveMetricsFile(BEFORE / "side_files" / "sparkplug_nodes.json").load()
    assert names == {"Plant1/Edge7": {"": ["hw"], "Press01": ["Counter/Good", "µ"]}}


def test_polling_continues_where_it_stopped(tmp_path: Path) -> None:
    path = Path(shutil.copy(BEFORE / "side_files" / "milling-1.polled.json", tmp_path))
    progress = PollProgress(path)
    assert progress.load() == SAVED_US
    progress.stored_us = SAVED_US + 1
    progress.save()
    assert PollProgress(path).load() == SAVED_US + 1


def test_a_mapping_from_the_core_stays_in_use() -> None:
    document = load_yaml(BEFORE / "edges" / "press.yaml")
    own = parse_mapping(document, ("mapping",))
    rollout = MappingRollout(BEFORE / "side_files" / "press.mapping.yaml", own)
    assert (own.label, rollout.current.label) == ("press@4", "press@5")
