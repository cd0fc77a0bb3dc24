"""Options, topics, our own state, and the metrics stored over a restart."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from werknetz.connector.mapping.pattern import Pattern
from werknetz_edge.config import load_config
from werknetz_edge.edge import create_connector
from werknetz_edge.sparkplug.alive_metrics import AliveMetricsFile
from werknetz_edge.sparkplug.config import SparkplugConfig
from werknetz_edge.sparkplug.connector import SparkplugConnector
from werknetz_edge.sparkplug.state import HostState
from werknetz_edge.sparkplug.topic import Topic, parse_topic, subscription_filters

EDGE = """
connector: press-shop
protocol: sparkplug
options: {url: "mqtt://broker:1883", groups: [Plant1]}
mapping:
  name: presses
  version: 1
  rules:
    - source: "spBv1.0/Plant1/{node}/{press}#Counter/{kind}"
      equipment: nordwerk/emden-1/body/{node}/{press}
      signal: "{kind}"
      role: good_count
"""


def test_an_edge_file_makes_a_connector(tmp_path: Path) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text(EDGE)
    config = load_config(file)
    connector = create_connector(config)
    assert isinstance(connector, SparkplugConnector)
    assert connector.client_id == "werknetz-press-shop"
    pattern = Pattern.parse(config.mapping.rules[0].source)
    parsed = pattern.match("spBv1.0/Plant1/Edge7/Press01#Counter/Good")
    assert parsed == {"node": "Edge7", "press": "Press01", "kind": "Good"}
    assert pattern.match("spBv1.0/Plant1/Edge7#Counter/Good") is None


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"host_id": "a/b"}, "one level of a topic"),
        ({"host_id": ""}, "one level of a topic"),
        ({"groups": ["a/b"]}, "one level of a topic, or `\\+`"),
        ({"groups": ["+", "a"]}, "`\\+` alone"),
        ({"groups": []}, "1 to 50 groups"),
        ({"url": "http://x"}, "mqtt://host:port"),
        ({"topics": ["a"]}, "Extra inputs are not permitted"),
        ({"payload_max_bytes": 10**8}, "less than or equal to 4000000"),
    ],
)
def test_wrong_options_are_rejected_with_the_remedy(wrong: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        SparkplugConfig.model_validate({"url": "mqtt://broker"} | wrong)


def test_we_listen_to_births_data_and_deaths_and_to_no_commands() -> None:
    assert subscription_filters(["G"]) == [
        "spBv1.0/G/NBIRTH/+", "spBv1.0/G/NDATA/+", "spBv1.0/G/NDEATH/+",
        "spBv1.0/G/DBIRTH/+/+", "spBv1.0/G/DDATA/+/+", "spBv1.0/G/DDEATH/+/+",
    ]  # fmt: skip


@given(st.text(max_size=60))
def test_any_topic_is_one_of_theirs_or_none(text: str) -> None:
    parsed = parse_topic(text)
    if parsed is not None:
        levels = ["spBv1.0", parsed.group, parsed.kind, parsed.node]
        assert "/".join(levels + [parsed.device] * bool(parsed.device)) == text
    assert parse_topic("spBv1.0/G/DDATA/N/D") == Topic("DDATA", "G", "N", "D")


def _decode(payload: bytes) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(payload)
    return parsed


@pytest.mark.parametrize(
    "payload", [b"", b"OFFLINE", b"[]", b'{"online": false}', b'{"online": 0, "timestamp": "x"}',
                b'{"online": false, "timestamp": 1e999}', b"[" * 5000, b"\xff"],
)  # fmt: skip
def test_any_state_but_online_is_contradicted(payload: bytes) -> None:
    answer = HostState("spBv1.0/STATE/us", 1000).contradict(payload)
    assert answer is not None
    birth, is_other = answer
    assert _decode(birth.payload) == {"online": True, "timestamp": 1000}
    assert (birth.qos, birth.retain, is_other) == (1, True, False)


def test_birth_will_and_death_carry_times_that_nodes_can_compare() -> None:
    state = HostState("spBv1.0/STATE/us", 1000)
    assert _decode(state.will.payload) == {"online": False, "timestamp": 1000}
    assert _decode(state.death(2000).payload) == {"online": False, "timestamp": 2000}
    assert state.contradict(state.birth.payload) is None
    answer = state.contradict(b'{"online": false, "timestamp": 5000}')
    assert answer is not None
    assert answer[1]
    assert _decode(answer[0].payload) == {"online": True, "timestamp": 5000}
    assert _decode(state.death(2000).payload)["timestamp"] == 5000


def test_the_roster_comes_back_and_a_torn_one_is_none(tmp_path: Path) -> None:
    roster = AliveMetricsFile(tmp_path / "new" / "nodes.json")
    assert roster.load() == {}
    names = {"G/N": {"": ["hw"], "press": ["Counter/Good", "µ"]}}
    roster.save(names)
    assert roster.load() == names
    for torn in ("", "[1]", '{"G/N": 1}', '{"G/N": {"": 1}}', "{"):
        roster.path.write_text(torn)
        assert roster.load() == {}
