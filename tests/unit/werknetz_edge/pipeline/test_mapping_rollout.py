from pathlib import Path

import pytest

from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.link.wire import DesiredMapping
from werknetz_edge.pipeline.mapping_rollout import MappingRollout

TEXT = "name: plant\nversion: {}\nequipment: n/p\nrules:\n- source: a\n  scale: {}\n"


def _mapping(version: int, scale: float = 1.0) -> Mapping:
    return parse_mapping(parse_yaml(TEXT.format(version, scale), file="m"), ())


def _desired_mapping(version: int, scale: float = 1.0) -> DesiredMapping:
    document = TEXT.format(version, scale)
    return DesiredMapping("plant", version, _mapping(version, scale).digest, document)


@pytest.fixture
def rollout(tmp_path: Path) -> MappingRollout:
    return MappingRollout(tmp_path / "c.mapping.yaml", _mapping(2))


def test_without_a_desired_mapping_its_own_is_used(rollout: MappingRollout) -> None:
    assert rollout.decide(None) is None
    assert (rollout.state, rollout.current.label) == ("own", "plant@2")


def test_the_desired_mapping_is_used_and_survives_a_restart(rollout: MappingRollout) -> None:
    desired = _desired_mapping(3, 2.0)
    mapping = rollout.decide(desired)
    assert mapping is not None
    rollout.commit(mapping, desired.document)
    assert rollout.decide(desired) is None
    assert rollout.state == "in_sync"
    again = MappingRollout(rollout.file, _mapping(2))
    assert again.current.label == "plant@3"
    assert again.decide(desired) is None
    assert again.state == "in_sync"


def test_a_higher_version_in_the_edge_file_wins_over_the_stored_one(
    rollout: MappingRollout,
) -> None:
    desired = _desired_mapping(3, 2.0)
    mapping = rollout.decide(desired)
    assert mapping is not None
    rollout.commit(mapping, desired.document)
    assert MappingRollout(rollout.file, _mapping(4)).current.label == "plant@4"


def test_a_mapping_that_does_not_load_is_rejected_once_with_its_line(
    rollout: MappingRollout,
) -> None:
    bad = DesiredMapping("plant", 3, b"d", TEXT.format(3, "1") + "  unit: furlongg\n")
    assert rollout.decide(bad) is None
    assert rollout.state == "failed"
    assert "line 7" in rollout.detail
    assert "furlongg" in rollout.detail
    assert rollout.decide(bad) is None
    assert rollout.current.label == "plant@2"
    assert rollout.decide(_desired_mapping(4)) is not None  # the next version is


@pytest.mark.parametrize("follow", [True, False])
def test_what_it_does_not_follow_is_out_of_sync(tmp_path: Path, follow: bool) -> None:
    rollout = MappingRollout(tmp_path / "m", _mapping(2), follow=follow)
    other = DesiredMapping("other" if follow else "plant", 3, b"d", "")
    assert rollout.decide(other) is None
    assert rollout.state == "out_of_sync"
    assert "plant@2 is used" in rollout.detail


def test_a_damaged_stored_file_leaves_the_own_mapping_in_use(tmp_path: Path) -> None:
    file = tmp_path / "m"
    file.write_text("name: [")
    rollout = MappingRollout(file, _mapping(2))
    assert rollout.current.label == "plant@2"
    assert rollout.state == "failed"
    assert "line 1" in rollout.detail
