"""People sign shift reports; what changes afterwards shows; nothing is ever overwritten."""

import asyncio
from typing import Any, Final

import asyncpg
import pytest
import pytest_asyncio

from plumbing.servers import API, url_as

from .conftest import PRESS, World
from .stop_requests import post, send
from .test_stops_computed import START, add_machine, work

pytestmark = pytest.mark.asyncio
SPAN: Final = {"start": "2026-11-20T07:00:00+00:00", "end": "2026-11-20T09:00:00+00:00"}
URL: Final = f"/shift_reports/{PRESS}"
NOTE: Final = {"equipment": PRESS, "text": "mould 7 is worn", "start": "2026-11-20T08:30:00Z"}


async def report_of(world: World) -> Any:
    response = await world.get(f"{URL}?start=2026-11-20T07:00:00Z&end=2026-11-20T09:00:00Z")
    assert response.status_code == 200, response.text
    return response.json()


async def sign(world: World, key: str = "engineer", **fields: object) -> Any:
    fields = {"digest": (await report_of(world))["digest"], **fields}
    return await send(world, "POST", f"{URL}:sign", {**SPAN, **fields}, key)


async def sign_digest(world: World, digest: str) -> Any:
    return await send(world, "POST", f"{URL}:sign", {**SPAN, "digest": digest}, "engineer")


@pytest_asyncio.fixture
async def press(world: World) -> World:
    await add_machine(
        world, (START, 1, "run"), ("08:00", 4, "E1"), ("08:10", 1, "run"),
    )  # fmt: skip
    return world


async def test_a_report_is_signed_by_two_people(press: World) -> None:
    before = await report_of(press)
    assert before["signatures"] == []
    assert before["computed_at"] is not None
    assert before["digest"] == (await report_of(press))["digest"]
    first = await sign(press, comment="mould changed")
    assert first.status_code == 201, first.text
    again = await sign(press)
    assert (again.status_code, again.json()["type"]) == (409, "urn:werknetz:problem:already_signed")
    assert (await sign(press, "admin")).status_code == 201
    signatures = (await report_of(press))["signatures"]
    assert signatures[0] == first.json()
    assert [(s["signed_by"], s["changed"], s["withdrawn_at"]) for s in signatures] == [
        ("engineer", [], None), ("admin", [], None),
    ]  # fmt: skip
    assert {s["digest"] for s in signatures} == {before["digest"]}
    assert signatures[0]["comment"] == "mould changed"
    audit = (await press.get(f"/audit?under={PRESS}&subject=shift_report")).json()["items"]
    assert [(row["by"], row["action"]) for row in audit] == [
        ("admin", "signed"), ("engineer", "signed"),
    ]  # fmt: skip


async def test_what_changes_after_signing_shows_and_can_be_signed_again(press: World) -> None:
    etag = (await press.get(URL)).headers["etag"]
    await sign(press)
    assert (await press.get(URL, headers={"If-None-Match": etag})).status_code == 200
    await post(press, "/annotations", NOTE)
    [signature] = (await report_of(press))["signatures"]
    assert signature["changed"] == ["notes"]
    scrap = {"equipment": PRESS, "at": "2026-11-20T08:05:00Z", "kind": "scrap", "quantity": 4}
    await post(press, "/quantity_entries", scrap)
    await work(press)
    report = await report_of(press)
    assert report["signatures"][0]["changed"] == [
        "kpis",
        "counts",
        "orders",
        "scrap_reasons",
        "notes",
    ]
    [stop] = report["top_stops"]
    await post(press, f"/stops/{stop['id']}:classify", {"reason": "no_operator"})
    assert "stops" in (await report_of(press))["signatures"][0]["changed"]
    assert (await sign(press)).status_code == 201
    signatures = (await report_of(press))["signatures"]
    assert [bool(row["changed"]) for row in signatures] == [True, False]


async def test_a_signature_stands_for_what_was_read(press: World) -> None:
    read = (await report_of(press))["digest"]
    await post(press, "/annotations", NOTE)
    refused = await send(press, "POST", f"{URL}:sign", {**SPAN, "digest": read})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (409, "/body/digest")
    assert (await report_of(press))["signatures"] == []


async def test_a_withdrawal_is_a_row_and_of_the_signer_alone(press: World) -> None:
    number = (await sign(press)).json()["id"]
    body = {"signature": number, "comment": "wrong shift"}
    others = await send(press, "POST", f"{URL}:withdraw_signature", body, "admin")
    assert (others.status_code, others.json()["type"]) == (
        409, "urn:werknetz:problem:not_own_signature",
    )  # fmt: skip
    assert (await send(press, "POST", f"{URL}:withdraw_signature", body)).status_code == 204
    twice = await send(press, "POST", f"{URL}:withdraw_signature", body)
    assert twice.json()["type"] == "urn:werknetz:problem:signature_withdrawn"
    [signature] = (await report_of(press))["signatures"]
    assert (signature["withdrawal_comment"], signature["withdrawn_at"] is None) == (
        "wrong shift", False,
    )  # fmt: skip
    assert (await sign(press)).status_code == 201
    assert await press.database.fetchval("SELECT count(*) FROM shift_report_signatures") == 3
    unknown = await send(press, "POST", f"{URL}:withdraw_signature", {"signature": 99})
    assert unknown.status_code == 404


async def test_who_may_sign_what(press: World) -> None:
    assert (await sign(press, "viewer")).status_code == 403
    assert (await sign(press, "zwick")).status_code == 403
    future = await sign(press, start="2026-11-20T07:00:00Z", end="2026-11-21T09:00:00Z")
    assert (future.status_code, future.json()["errors"][0]["pointer"]) == (422, "/body/end")
    assert (await sign(press, digest="x")).status_code == 422


@pytest.mark.parametrize(
    "statement",
    ["UPDATE shift_report_signatures SET signed_by = 'x'", "DELETE FROM shift_report_signatures"],
)
async def test_rows_are_only_added(press: World, database_url: str, statement: str) -> None:
    await sign(press)
    api = await asyncpg.connect(url_as(database_url, API))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.execute(statement)
    await api.close()


WAITING: Final = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'annotations'::regclass
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
LOCKED_MACHINES: Final = """
SELECT count(*) FROM pg_locks WHERE granted AND locktype = 'advisory' AND objid = $1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


async def test_a_machine_is_free_while_the_report_to_sign_is_computed(
    press: World, database_url: str
) -> None:
    digest = (await report_of(press))["digest"]
    owner = await asyncpg.connect(database_url)
    async with asyncio.TaskGroup() as tasks, owner.transaction():
        await owner.execute("LOCK TABLE annotations")
        signing = tasks.create_task(sign_digest(press, digest))
        async with asyncio.timeout(30):
            while not await owner.fetchval(WAITING):  # noqa: ASYNC110 - another process waits
                await asyncio.sleep(0.01)
        assert await owner.fetchval(LOCKED_MACHINES, press.ids[PRESS]) == 0
    assert signing.result().status_code == 201
    await owner.close()


async def test_of_two_signatures_at_once_one_is_refused(press: World) -> None:
    digest = (await report_of(press))["digest"]
    answers = await asyncio.gather(*(sign_digest(press, digest) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert await press.database.fetchval("SELECT count(*) FROM shift_report_signatures") == 1
