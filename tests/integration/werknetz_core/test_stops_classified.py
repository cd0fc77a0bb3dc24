"""Stops of which only the comment changes, and several that are classified together."""

import pytest

from .conftest import LINE, PRESS, World
from .stop_requests import I, M, P, brief, code_of, id_of, list_stops, pieces, post, send

pytestmark = pytest.mark.asyncio


async def test_a_comment_alone_leaves_reason_and_state(world: World) -> None:
    await pieces(
        world, PRESS,
        ("08:00", "08:10", I, "adet", "9"), ("08:10", "08:20", P, "apt"),
        ("08:20", "08:30", M, "adet", "E17"),
    )  # fmt: skip
    body = {"state_code": "E17", "reason": "jam"}
    assert (await send(world, "PUT", f"/reason_codes/{LINE}", body)).status_code == 200
    entered, coded = (f"/stops/{id_of(world, PRESS, at)}:classify" for at in ("08:00", "08:20"))
    first = await post(world, entered, {"reason": "break", "comment": "early"})
    second = await post(world, entered, {"comment": "late", "version": first["change"]})
    [stop] = second["stops"]
    assert (stop["state"], stop["reason"], stop["reason_source"]) == ("idle", "break", "entered")
    assert (stop["planned"], stop["comment"]) == (True, "late")
    third = await post(world, entered, {"comment": None, "version": second["change"]})
    assert (third["stops"][0]["reason"], third["stops"][0]["comment"]) == ("break", None)
    [stop] = (await post(world, coded, {"comment": "feeder 2"}))["stops"]
    assert (stop["state"], stop["reason"], stop["reason_source"]) == ("malfunction", "jam", "code")
    assert stop["comment"] == "feeder 2"


async def test_several_stops_are_classified_together_or_not_at_all(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:10", I, "adet"), ("08:20", "08:30", M, "adet"))
    ids = [id_of(world, PRESS, clock) for clock in ("08:20", "08:00")]
    stale = {"stops": [{"id": ids[0]}, {"id": ids[1], "version": 7}], "reason": "jam"}
    refused = await send(world, "POST", "/stops:classify", stale)
    assert await code_of(refused) == (409, "changed_meanwhile")
    assert await world.database.fetchval("SELECT count(*) FROM state_entries") == 0
    named = {"stops": [{"id": stop} for stop in (*ids, ids[0])], "reason": "jam", "comment": "x"}
    changes = (await post(world, "/stops:classify", named))["changes"]
    assert [brief(change["stops"]) for change in changes] == [
        [("08:20", "08:30", "malfunction", "jam")], [("08:00", "08:10", "malfunction", "jam")],
    ]  # fmt: skip
    for stop_id, change in zip(ids, changes, strict=True):
        await post(world, f"/stops/{stop_id}:undo", {"version": change["change"]})
    assert {stop["reason"] for stop in await list_stops(world)} == {None}
