from pathlib import Path

import pytest

from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.link.wire import DesiredMapping
from werknetz_edge.pipeline.mapping_rollout import MappingRollout

TEXT = "name: plant\nversion: {}\nequipment: n/p\nrules:\n- source: a\n  scale: {}\n"


def _mapping(version: int, scale: float = 1.0) -> Mapping:
    return parse_mapping(parse_yaml(TEXT.format(version, scale), file="m"), ())


def _wanted(version: int, scale: float = 1.0) -> DesiredMapping:
    document = TEXT.format(version, scale)
    return DesiredMapping("plant", version, _mapping(version, scale).digest, document)


@pytest.fixture
def follower(tmp_path: Path) -> MappingRollout:
    return MappingRollout(tmp_path / "c.mapping.yaml", _mapping(2))


def test_nothing_wanted_is_its_own(follower: MappingRollout) -> None:
    assert follower.decide(None) is None
    assert (follower.state, follower.current.label) == ("own", "plant@2")


def test_what_is_wanted_is_used_and_survives_a_restart(follower: MappingRollout) -> None:
    wanted = _wanted(3, 2.0)
    mapping = follower.decide(wanted)
    assert mapping is not None
    follower.commit(mapping, wanted.document)
    assert follower.decide(wanted) is None
    assert follower.state == "in_sync"
    again = MappingRollout(follower.file, _mapping(2))
    assert again.current.label == "plant@3"
    assert again.decide(wanted) is None
    assert again.state == "in_sync"


def test_a_higher_version_in_the_edges_own_file_wins_over_what_was_kept(
    follower: MappingRollout,
) -> None:
    wanted = _wanted(3, 2.0)
    mapping = follower.decide(wanted)
    assert mapping is not None
    follower.commit(mapping, wanted.document)
    assert MappingRollout(follower.file, _mapping(4)).current.label == "plant@4"


def test_what_does_not_load_is_refused_with_the_line_and_not_tried_again(
    follower: MappingRollout,
) -> None:
    bad = DesiredMapping("plant", 3, b"d", TEXT.format(3, "1") + "  unit: furlongg\n")
    assert follower.decide(bad) is None
    assert follower.state == "failed"
    assert "line 7" in follower.detail
    assert "furlongg" in follower.detail
    assert follower.decide(bad) is None
    assert follower.current.label == "plant@2"
    assert follower.decide(_wanted(4)) is not None  # the next version is


@pytest.mark.parametrize("follow", [True, False])
def test_what_it_does_not_follow_is_out_of_sync(tmp_path: Path, follow: bool) -> None:
    follower = MappingRollout(tmp_path / "m", _mapping(2), follow=follow)
    other = DesiredMapping("other" if follow else "plant", 3, b"d", "")
    assert follower.decide(other) is None
    assert follower.state == "out_of_sync"
    assert "plant@2 is used" in follower.detail


def test_a_kept_file_that_is_damaged_leaves_the_own_mapping(tmp_path: Path) -> None:
    file = tmp_path / "m"
    file.write_text("name: [")
    follower = MappingRollout(file, _mapping(2))
    assert follower.current.label == "plant@2"
    assert follower.state == "failed"
    assert "line 1" in follower.detail
