"""Requests about stops as tests send them, and what a machine reports as rows."""

from datetime import datetime
from typing import Any

import httpx2

from werknetz.domain.bucket import microseconds_of

from .conftest import PRESS, World

DAY = "2026-11-20"
P, M, I, R, S, X = 1, 4, 3, 9, 2, 8  # noqa: E741 - states of machines


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{clock}+00:00")


def id_of(world: World, path: str, clock: str) -> str:
    return f"{world.ids[path]}-{microseconds_of(at(clock))}"


async def pieces(world: World, path: str, *rows: tuple[Any, ...]) -> None:
    """Store pieces: start, end, state, category, then code and order."""
    for start, end, state, category, *rest in rows:
        code, order = [*rest, None, None][:2]
        await world.database.execute(
            "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code,"
            " order_number) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            world.ids[path], at(start), at(end), state, category, code, order,
        )  # fmt: skip


async def send(
    world: World, method: str, path: str, body: object = None, key: str = "engineer", **headers: str
) -> httpx2.Response:
    return await world.client.request(
        method, f"/api/v1{path}", json=body, headers={"X-API-Key": world.keys[key], **headers}
    )


async def post(world: World, path: str, body: object, key: str = "engineer") -> Any:
    response = await send(world, "POST", path, body, key)
    assert response.status_code in {200, 201}, response.text
    return response.json()


async def list_stops(world: World, query: str = "start=-5h", under: str = PRESS) -> list[Any]:
    response = await world.get(f"/stops?under={under}&{query}")
    assert response.status_code == 200, response.text
    items: list[Any] = response.json()["items"]
    return items


def brief(stops: list[Any]) -> list[tuple[Any, ...]]:
    return [
        (s["start"][11:16], s["end"] and s["end"][11:16], s["state"], s["reason"]) for s in stops
    ]


async def code_of(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rpartition(":")[2]
