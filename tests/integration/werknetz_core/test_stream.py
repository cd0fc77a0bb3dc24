"""`GET /stream` over the whole application: values, states and connectors, until the rights end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from .conftest import OTHER, PLANT, PRESS, ROBOT, World
from .stop_requests import M, P, code_of, pieces
from .test_signals import add

pytestmark = pytest.mark.asyncio
WITHIN_S = 60


class Stream:
    """A request that stays open, as a server hands it to the application."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self._text = ""

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await self.sent.put(message)

    async def next(self, topic: str) -> dict[str, Any]:
        """Return the next event; it must be of the topic."""
        while True:
            block, separator, rest = self._text.partition("\n\n")
            if separator:
                self._text = rest
                fields = dict(line.split(": ", 1) for line in block.splitlines())
                if "event" not in fields:
                    continue  # a comment
                assert fields["event"] == topic, fields
                return {"id": fields.get("id"), **json.loads(fields["data"])}
            message = await asyncio.wait_for(self.sent.get(), WITHIN_S)
            assert message["type"] == "http.response.body", message
            self._text += message["body"].decode()


@asynccontextmanager
async def stream(
    world: World, query: str, key: str = "viewer", last: str | None = None
) -> AsyncIterator[Stream]:
    opened = Stream()
    headers = [(b"x-api-key", world.keys[key].encode()), (b"accept-encoding", b"gzip")]
    headers += [] if last is None else [(b"last-event-id", last.encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "path": "/api/v1/stream", "raw_path": b"/api/v1/stream", "root_path": "",
        "query_string": query.encode(), "headers": headers, "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("core", 80),
    }  # fmt: skip
    request = asyncio.ensure_future(world.app(scope, opened.receive, opened.send))
    start = await asyncio.wait_for(opened.sent.get(), WITHIN_S)
    assert start["status"] == 200, start
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    try:
        yield opened
    finally:
        opened.gone.set()
        await asyncio.wait_for(request, WITHIN_S)


async def test_values_and_states_as_they_change(world: World) -> None:
    await add(world, PRESS, (5, 1, 0))
    await add(world, OTHER, (5, 99, 0))
    await pieces(world, PRESS, ("09:30", "09:45", M, "adet"), ("09:45", "10:05", P, "apt"))
    async with stream(world, f"equipment={PLANT}&topics=states,values") as opened:
        values, states = await opened.next("values"), await opened.next("states")
        assert [(item["equipment"], item["value"]) for item in values["items"]] == [(PRESS, 1)]
        assert [(item["state"], item["since"]) for item in states["items"]] == [
            ("producing", "2026-11-20T09:45:00Z")
        ]
        await add(world, ROBOT, (4, 7, 0))
        changed = await opened.next("values")
        assert [(item["equipment"], item["value"]) for item in changed["items"]] == [(ROBOT, 7)]
    async with stream(
        world, f"equipment={PLANT}&topics=states,values", last=changed["id"]
    ) as again:
        await add(world, PRESS, (3, 2, 0))
        only = await again.next("values")
        assert [item["value"] for item in only["items"] if item["equipment"] == PRESS] == [2]
    assert len(world.app.state.streams.pollers) == 0
    context = world.app.state.context
    assert context.admission.in_flight.taken == 0


async def test_a_stream_shows_the_plants_of_its_key_and_ends_with_it(world: World) -> None:
    query = f"equipment={PLANT}&topics=connectors,kpis"
    async with stream(world, query, "emden") as opened:
        assert (await opened.next("kpis"))["items"] == []  # nothing is computed here
        connectors = await opened.next("connectors")
        assert [item["id"] for item in connectors["items"]] == ["emden-opcua"]
        await world.database.execute("UPDATE api_keys SET revoked_at = now() WHERE name = 'emden'")
        end = await opened.next("end")
        assert end["reason"] == "not_authenticated"


@pytest.mark.parametrize(
    ("query", "key", "answer"),
    [
        (f"equipment={OTHER}", "emden", (403, "plant_not_allowed")),
        ("equipment=nordwerk/x", "viewer", (404, "unknown_equipment")),
        ("topics=values", "viewer", (422, "invalid_parameter")),
        (f"equipment={PLANT}&topics=vals", "viewer", (422, "invalid_parameter")),
        (f"equipment={PLANT}&topic=values", "viewer", (422, "invalid_parameter")),
        (f"equipment={PLANT}", "past", (401, "key_unknown")),
    ],
)
async def test_refused_streams(world: World, query: str, key: str, answer: tuple[int, str]) -> None:
    assert await code_of(await world.get(f"/stream?{query}", key)) == answer
