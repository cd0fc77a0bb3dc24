"""An engineer asks an edge about an OPC UA server: over the API, Redis, the edge, to the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio.client import Pipeline

from plumbing.opcua_plant import at, plant
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.link.exploration import ExplorationRequest, mark_key, requests_key
from werknetz.link.redis_requests import RedisRequestLink
from werknetz.link.report import ConnectorReport
from werknetz.runtime.log import get_logger
from werknetz_core.explorations.requests import edge_unreachable, send_request
from werknetz_demo.embedded.process import free_port
from werknetz_edge.config import ExploreUser
from werknetz_edge.opcua.connection import pki
from werknetz_edge.opcua.explore.on_demand import OnDemandExplorer
from werknetz_edge.pipeline.exploration import Explorations

from .conftest import World
from .test_connectors import NAME, publish, refuse, status_of

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(600)]
PATH = f"/connectors/{NAME}/explorations"
SECURE = {"policy": "Basic256Sha256", "mode": "SignAndEncrypt"}
OPEN = {"policy": "None", "mode": "None"}


@asynccontextmanager
async def edge(world: World, redis_url: str, folder: Path, *hosts: str) -> AsyncIterator[None]:
    """Run what an edge runs to answer requests, and report that it does."""
    now_us = world.app.state.context.now_us()
    await publish(world, status_of(now_us, ConnectorReport(now_us, explores=[*hosts])))
    (folder / "password").write_text("password1\n")
    user = ExploreUser.model_validate({"password_file": "password", "hosts": ["127.0.0.1"]})
    explorer = OnDemandExplorer(NAME, folder, {"user1": user})
    link = RedisRequestLink.connect(redis_url, NAME)
    explorations = Explorations(link, explorer.explore, hosts, get_logger("test"))
    await link.receive()  # what waits before it starts is skipped
    task = asyncio.create_task(explorations.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await explorations.close()


async def explore(world: World, **body: Any) -> Any:
    """Send a request as an engineer does, and return what became of it."""
    headers = {"X-API-Key": world.keys["engineer"]}
    sent = await world.client.post(f"/api/v1{PATH}", json=body, headers=headers)
    assert sent.status_code == 202, sent.text
    async with asyncio.timeout(120):
        while True:
            view = (await world.get(f"{PATH}/{sent.json()['id']}", key="engineer")).json()
            if view["state"] not in {"waiting", "running"}:
                return view
            await asyncio.sleep(0.2)


@pytest.mark.slow
async def test_a_server_is_connected_step_by_step(
    world: World, redis_url: str, tmp_path: Path
) -> None:
    port, folder = free_port(), tmp_path / "edge"
    folder.mkdir()
    url = f"opc.tcp://127.0.0.1:{port}/plant"
    async with plant(port, tmp_path / "server"), edge(world, redis_url, folder, "127.0.0.0/8"):
        server = (await explore(world, action="endpoints", url=url))["server"]
        offered = {(e["policy"], e["mode"]) for e in server["endpoints"]}
        assert offered == {("None", "None"), ("Basic256Sha256", "SignAndEncrypt")}
        (certificate,) = server["certificates"]
        own = pki.load_identity(tmp_path / "server", "server")
        assert (certificate["fingerprint"], certificate["is_trusted"]) == (own.fingerprint, False)
        refused = await explore(world, action="browse", url=url, **SECURE)
        assert refused["error"]["code"] == "connector.certificate_not_trusted"
        wrong = await explore(world, action="trust", url=url, fingerprint="ab" * 32)
        assert wrong["error"]["code"] == "connector.certificate_not_shown"
        trusted = await explore(world, action="trust", url=url, fingerprint=own.fingerprint)
        assert trusted["server"]["certificates"][0]["is_trusted"]
        await browse_and_suggest(world, url)
    audited = await world.database.fetch("SELECT * FROM audit_log ORDER BY id")
    assert [row["action"] for row in audited][:4] == [
        "exploration_requested", "exploration_requested", "trust_requested", "trust_requested",
    ]  # fmt: skip
    assert {(row["by"], row["subject_id"]) for row in audited} == {("engineer", NAME)}
    assert "password1" not in str(audited)
    assert "password1" not in str([key async for key in stored_texts(world)])


async def browse_and_suggest(world: World, url: str) -> None:
    session = {"url": url, "user": "user1", **SECURE}
    top = (await explore(world, action="browse", **session))["nodes"]["nodes"]
    cell = next(node for node in top if node["name"] == "Cell")
    assert (cell["kind"], cell["value"]) == ("object", None)
    below = (await explore(world, action="browse", node=cell["address"], **session))["nodes"][
        "nodes"
    ]
    temperature = next(node for node in below if node["name"] == "Temp")
    assert temperature == {
        "address": at("Temp"), "name": "Temp", "kind": "variable", "datatype": "Double",
        "value": "20.5",
    }  # fmt: skip
    answer = await explore(
        world, action="suggest", nodes=[cell["address"]], connector="cell-7", **session
    )
    suggestion = answer["suggestion"]
    rows = {row["address"]: row for row in suggestion["variables"]}
    assert (rows[at("Temp")]["signal"], rows[at("Temp")]["value"]) == ("temp", "20.5")
    form = parse_yaml(suggestion["document"], file="cell-7.yaml")
    assert parse_mapping(form, ("mapping",)).name == "cell-7"
    assert "/edge/password" in suggestion["document"]  # its file; the password stays there
    assert "/edge/pki" in suggestion["document"]  # so that the new connector trusts the server
    nobody = await explore(world, action="browse", url=url, user="root", **SECURE)
    assert nobody["error"]["code"] == "connector.exploration_user"
    clear = await explore(world, action="browse", url=url, user="user1", **OPEN)
    assert clear["error"]["code"] == "connector.exploration_password"
    unknown = await explore(world, action="browse", node="nsu=urn:none;s=x", url=url, **SECURE)
    assert unknown["error"]["code"] == "connector.exploration_node"


async def test_an_edge_does_not_begin_what_is_outdated(
    world: World, redis_url: str, tmp_path: Path
) -> None:
    """Also where its clock, or that of the server, is wrong: neither is read."""
    async with edge(world, redis_url, tmp_path, "press.local"):
        link = RedisRequestLink.connect(redis_url, NAME)
        context = world.app.state.context
        request = ExplorationRequest("1" * 32, "endpoints", {"url": "opc.tcp://press.local:1"})
        await send_request(context.redis, NAME, request)
        assert await link.begin(request.id)
        await context.redis.delete(mark_key(NAME, request.id))
        assert not await link.begin(request.id)
        await link.close()


async def test_nothing_is_sent_before_it_is_in_the_audit_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_us = world.app.state.context.now_us()
    await publish(world, status_of(now_us, ConnectorReport(now_us, explores=["10.0.0.0/8"])))
    audited: list[str] = []

    async def send(*_: object) -> None:
        actions = await world.database.fetch("SELECT action FROM audit_log WHERE by = 'engineer'")
        audited.extend(row["action"] for row in actions)
        raise edge_unreachable()

    monkeypatch.setattr("werknetz_core.explorations.endpoints.send_request", send)
    headers = {"X-API-Key": world.keys["engineer"], "Idempotency-Key": "once"}
    body = {"action": "trust", "url": "opc.tcp://10.0.0.1:4840", "fingerprint": "ab" * 32}
    for _ in range(2):  # what was not sent is not answered from the store of answers
        sent = await world.client.post(f"/api/v1{PATH}", json=body, headers=headers)
        assert (sent.status_code, sent.headers["retry-after"]) == (503, "5")
        assert sent.json()["type"].endswith(":edge_unreachable")
    assert audited == ["trust_requested"] * 3


async def stored_texts(world: World) -> AsyncIterator[str]:
    redis = world.app.state.context.redis
    async for key in redis.scan_iter("wn:explor*"):
        yield str(await redis.get(key) if "explored" in str(key) else await redis.xrange(key))


async def test_an_edge_reaches_only_what_its_file_allows(
    world: World, redis_url: str, tmp_path: Path
) -> None:
    async with edge(world, redis_url, tmp_path, "10.20.0.0/16", "press.local"):
        for host in ("127.0.0.1", "localhost", "[::1]", "10.21.0.1"):
            view = await explore(world, action="endpoints", url=f"opc.tcp://{host}:4840")
            assert view["error"]["code"] == "connector.exploration_host", host
        dead = await explore(world, action="endpoints", url="opc.tcp://press.local:4840")
        assert dead["error"]["code"] != "connector.exploration_host"  # tried, and not found
        view = await explore(world, action="endpoints", url="opc.tcp://10.20.0.1:0/x")
        assert view["error"]["code"] == "connector.exploration_url"


async def test_who_may_explore_through_which_edge(world: World) -> None:
    body = {"action": "endpoints", "url": "opc.tcp://10.0.0.1:4840"}

    async def status(key: str, path: str = PATH, **more: Any) -> tuple[int, str]:
        headers = {"X-API-Key": world.keys[key]}
        answer = await world.client.post(f"/api/v1{path}", json=body | more, headers=headers)
        return answer.status_code, answer.json().get("type", "").rpartition(":")[2]

    assert await status("viewer") == (403, "permission_missing")
    assert await status("engineer") == (409, "edge_silent")
    now_us = world.app.state.context.now_us()
    await publish(world, status_of(now_us, None))  # an older edge
    assert await status("engineer") == (409, "exploring_not_allowed")
    assert await status("engineer", "/connectors/none/explorations") == (404, "unknown_connector")
    await publish(world, status_of(now_us, ConnectorReport(now_us, explores=["10.0.0.0/8"])))
    for wrong in (
        {"url": "http://10.0.0.1"}, {"url": "opc.tcp://u:p@10.0.0.1:4840"}, {"password": "x"},
        {"action": "write"}, {"action": "trust"},
    ):  # fmt: skip
        assert (await status("engineer", **wrong))[0] == 422, wrong
    assert (await status("engineer"))[0] == 202
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pipeline, "execute", refuse)
        assert await status("engineer") == (503, "edge_unreachable")
    assert await world.app.state.context.redis.pttl(requests_key(NAME)) > 0
    missing = await world.get(f"{PATH}/{'0' * 32}", key="engineer")
    assert missing.status_code == 404


async def test_an_edge_that_does_not_answer_is_a_failure_with_a_remedy(world: World) -> None:
    context = world.app.state.context
    now_us = context.now_us()
    await publish(world, status_of(now_us, ConnectorReport(now_us, explores=["10.0.0.0/8"])))
    headers = {"X-API-Key": world.keys["engineer"]}
    body = {"action": "endpoints", "url": "opc.tcp://10.0.0.1:4840"}
    sent = await world.client.post(f"/api/v1{PATH}", json=body, headers=headers)
    assert sent.json()["state"] == "waiting"
    location = sent.headers["location"].removeprefix("/api/v1")
    key = f"wn:explored:{{{NAME}}}:{sent.json()['id']}"
    assert 0 < await context.redis.pttl(f"{key}:mark") <= 60_000
    for state in ("waiting", "running"):
        stored = str(await context.redis.get(key))
        await context.redis.set(key, stored.replace("waiting", state), keepttl=True)
        await context.redis.set(f"{key}:mark", "x")
        view = (await world.get(location, key="engineer")).json()
        assert (view["state"], view["error"]) == (state, None)
        await context.redis.delete(f"{key}:mark")
        view = (await world.get(location, key="engineer")).json()
        assert (view["state"], view["error"]["code"]) == (
            "failed", "connector.exploration_unanswered",
        )  # fmt: skip
    await context.redis.set(key, "not JSON")
    assert (await world.get(location, key="engineer")).status_code == 404
