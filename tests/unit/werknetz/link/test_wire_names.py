"""Names of lanes on the link: keys of streams in Redis, so they never change."""

import pytest

from werknetz.events.batch import LaneName
from werknetz.link.wire import connector_of, link_name_of


@pytest.mark.parametrize(("lane", "name"), [("live", "press-3"), ("backfill", "press-3~backfill")])
def test_a_lane_has_its_name_and_back(lane: LaneName, name: str) -> None:
    assert link_name_of("press-3", lane) == name
    assert connector_of(name) == ("press-3", lane)
