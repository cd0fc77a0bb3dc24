"""`Idempotency-Key`: a repeated POST gets the stored answer, and nothing is done twice."""

import asyncio
from typing import Any

import httpx2
import pytest

from werknetz.store.requests.stored_answers import try_lock
from werknetz_core.idempotency import attempt
from werknetz_core.idempotency.key import hash_of
from werknetz_core.idempotency.sealed_answer import open_answer

from .conftest import PRESS, World
from .stop_requests import M, code_of, id_of, pieces, send

pytestmark = pytest.mark.asyncio
NOTE = {"equipment": PRESS, "text": "belt changed"}


async def note(world: World, body: object = NOTE, key: str = "k-1", **options: Any) -> Any:
    return await send(world, "POST", "/annotations", body, **options, **{"Idempotency-Key": key})


async def notes(world: World) -> int:
    return int(await world.database.fetchval("SELECT count(*) FROM annotations"))


def is_replayed(response: httpx2.Response) -> bool:
    return response.headers.get("idempotency-replayed") == "true"


async def test_a_repetition_gets_the_stored_answer(world: World) -> None:
    first, second = await note(world), await note(world, key='"k-1"')
    assert (first.status_code, is_replayed(first)) == (201, False)
    assert (second.status_code, is_replayed(second)) == (201, True)
    assert first.json() == second.json()
    assert first.headers["content-type"] == second.headers["content-type"]
    assert await notes(world) == 1
    transactions = await world.database.fetch(
        "SELECT xmin::text FROM annotations UNION SELECT xmin::text FROM stored_answers"
    )
    assert len(transactions) == 1, "the change and its answer are not one transaction"
    other = {**NOTE, "text": "belt changed again"}
    assert await code_of(await note(world, other)) == (422, "idempotency_key_reused")
    elsewhere = await send(
        world, "POST", "/stops:merge", {"stops": [{"id": "1-1", "version": 0}] * 2},
        **{"Idempotency-Key": "k-1"},
    )  # fmt: skip
    assert elsewhere.status_code in {404, 422}
    assert is_replayed(await note(world))
    assert not is_replayed(await note(world, key="k-2"))
    stranger = await send(
        world, "POST", "/annotations", NOTE, "admin", **{"Idempotency-Key": "k-1"}
    )
    assert (stranger.status_code, is_replayed(stranger)) == (201, False)
    viewer = await send(world, "POST", "/annotations", NOTE, "viewer", **{"Idempotency-Key": "k-1"})
    assert await code_of(viewer) == (403, "permission_missing")
    assert await notes(world) == 3


async def test_a_refusal_is_not_stored(world: World) -> None:
    refused = await note(world, {**NOTE, "end": "2026-11-01T00:00:00Z"})
    assert refused.status_code == 422
    assert await world.database.fetchval("SELECT count(*) FROM stored_answers") == 0
    assert (await note(world)).status_code == 201


async def test_answers_are_stored_for_24_hours(world: World) -> None:
    await note(world)
    age = "UPDATE stored_answers SET created_at = clock_timestamp() - interval '24 hours'"
    await world.database.execute(f"{age} + interval '1 minute'")
    assert is_replayed(await note(world))
    await world.database.execute(age)
    assert not is_replayed(await note(world))
    assert await notes(world) == 2
    await world.database.execute(age)
    await note(world, key="k-2")  # removes what is too old
    assert await world.database.fetchval("SELECT count(*) FROM stored_answers") == 1


async def test_while_the_first_request_runs(world: World) -> None:
    """Another transaction holds the key; when its process dies, the key is free."""
    caller = await world.database.fetchval("SELECT id FROM api_keys WHERE name = 'engineer'")
    query = str(try_lock(caller, hash_of("k-1")).compile(compile_kwargs={"literal_binds": True}))
    async with world.database.transaction():
        assert await world.database.fetchval(query)
        waiting = await note(world)
        assert await code_of(waiting) == (409, "request_in_progress")
        assert waiting.headers["retry-after"] == "1"
    assert (await note(world)).status_code == 201


async def test_many_at_once(world: World) -> None:
    answers = await asyncio.gather(*(note(world) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 and not is_replayed(answer) for answer in answers) == 1
    assert await notes(world) == 1


async def test_a_change_without_its_answer_is_no_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(attempt.RequestAttempt, "complete", die)
        assert (await note(world)).status_code == 503
    assert await notes(world) == 0
    assert (await note(world)).status_code == 201


async def test_secrets_of_new_keys_are_not_stored(world: World) -> None:
    async def create(path: str, body: object) -> httpx2.Response:
        return await send(world, "POST", path, body, "admin", **{"Idempotency-Key": path})

    first = await create("/api_keys", {"name": "mes"})
    second = await create("/api_keys", {"name": "mes"})
    assert is_replayed(second)
    assert second.json() == {**first.json(), "key": None}
    path = f"/api_keys/{first.json()['prefix']}:rotate"
    rotated, again = await create(path, {}), await create(path, {})
    assert again.json() == {**rotated.json(), "key": None}
    stored = await world.database.fetch("SELECT body, caller FROM stored_answers ORDER BY status")
    answers = [
        open_answer(row["body"], key, row["caller"])
        for row, key in zip(stored, (path, "/api_keys"), strict=True)
    ]
    assert all(b"wn_" not in answer and b'"key":null' in answer for answer in answers)


async def test_a_stored_answer_is_read_with_the_key_of_its_request_alone(world: World) -> None:
    first = await note(world)
    stored = await world.database.fetchval("SELECT body FROM stored_answers")
    assert first.content not in stored
    assert first.json()["text"].encode() not in stored
    # An answer that a version before stored is repeated, one that was damaged is not.
    await world.database.execute("UPDATE stored_answers SET body = $1", first.content)
    assert (await note(world)).content == first.content
    await world.database.execute("UPDATE stored_answers SET body = $1", stored[:-1])
    lost = await note(world)
    assert (lost.status_code, lost.json()["type"]) == (
        409,
        "urn:werknetz:problem:answer_not_stored",
    )


async def test_changes_of_stops_are_stored_with_their_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pieces(world, PRESS, ("09:00", "09:10", M, "adet"))
    path = f"/stops/{id_of(world, PRESS, '09:00')}:classify"

    async def classify(key: str = "k") -> httpx2.Response:
        body = {"comment": "jam", "version": 0}
        return await send(world, "POST", path, body, **{"Idempotency-Key": key})

    first, second = await classify(), await classify()
    assert (first.status_code, second.status_code, is_replayed(second)) == (200, 200, True)
    assert first.json() == second.json()
    transactions = await world.database.fetch(
        "SELECT xmin::text FROM state_entries UNION SELECT xmin::text FROM stored_answers"
    )
    assert len(transactions) == 1, "the change and its answer are not one transaction"
    # Rows without an answer are those of versions that answered after the transaction.
    lost = "UPDATE stored_answers SET status = NULL, body = NULL, created_at = clock_timestamp()"
    await world.database.execute(f"{lost} - interval '50 seconds'")
    assert await code_of(await classify()) == (409, "request_in_progress")
    await world.database.execute(f"{lost} - interval '60 seconds'")
    assert await code_of(await classify()) == (409, "answer_not_stored")
    assert await code_of(await classify("other")) == (409, "changed_meanwhile")
    monkeypatch.setattr(attempt, "ANSWER_BYTES_MAX", 10)
    assert (await note(world)).status_code == 201
    assert await code_of(await note(world)) == (409, "answer_not_stored")
    assert await notes(world) == 1
    assert await world.database.fetchval("SELECT count(*) FROM state_entries") == 1
