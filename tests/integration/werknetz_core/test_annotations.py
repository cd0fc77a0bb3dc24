"""Notes of people: withdrawn, and brought back as they were."""

import pytest

from .conftest import LINE, World
from .stop_requests import code_of, post, send

pytestmark = pytest.mark.asyncio


async def test_a_withdrawn_note_comes_back_as_it_was(world: World) -> None:
    note = await post(world, "/annotations", {"equipment": LINE, "text": "mould 7 is worn"})
    path = f"/annotations/{note['id']}"
    again = await send(world, "POST", f"{path}:undo", {})
    assert await code_of(again) == (409, "nothing_to_undo")
    assert (await send(world, "DELETE", path)).status_code == 204
    assert (await world.get(f"/annotations?under={LINE}")).json()["items"] == []
    assert await post(world, f"{path}:undo", {}, "admin") == note
    assert (await world.get(f"/annotations?under={LINE}")).json()["items"] == [note]
    log = (await world.get("/audit?subject=annotation", "admin")).json()["items"]
    assert [row["action"] for row in log] == ["undone", "withdrawn", "entered"]
    assert log[0]["after"]["text"] == "mould 7 is worn"
    unknown = await send(world, "POST", "/annotations/999:undo", {})
    assert await code_of(unknown) == (404, "unknown_annotation")
