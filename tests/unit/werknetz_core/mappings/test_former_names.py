"""A replay names the points of version 0.1 as they are stored."""

from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.raw import RawDelivery
from werknetz.connector.yaml_format import parse_yaml
from werknetz_core.mappings.replay_normalizer import ReplayNormalizer

NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  rules: [{source: 't/{line}', equipment: 'e/p/{line}', signal: v}]
"""


def test_a_stored_point_keeps_its_name_in_a_replay() -> None:
    mapping = parse_mapping(parse_yaml(MAPPING, file="m"))
    delivery = Delivery([Reading("t/Linka_č._2", 1.0), Reading("t/Linka_š._2", 2.0)])
    raw = RawDelivery(delivery, NOW)
    new = ReplayNormalizer(mapping, "c").normalize(raw)
    assert list(new.samples) == ["e/p/linka_c-_2-uhnv:v", "e/p/linka_s-_2-ckuh:v"]
    stored = {"e/p/linka_-_2:v": "t/Linka_č._2"}
    former = ReplayNormalizer(mapping, "c", stored).normalize(raw)
    assert list(former.samples) == ["e/p/linka_-_2:v", "e/p/linka_s-_2-ckuh:v"]
