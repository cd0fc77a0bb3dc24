"""Every parameter of every route with values that no column takes; the log has none of them."""

import json
import logging
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog

from werknetz.runtime import log
from werknetz_core.settings import CoreSettings

from .access_table import BODIES
from .conftest import EVENT_ID, OTHER, World, open_world
from .test_access import APP, ROUTES

BAD_TEXTS = ("a\0b", "x" * 5000, "99999999999999999999", "2147483648", "-1", "9" * 5000)
BAD_ITEMS = (
    "\0", 2**63, 2**31, -(2**31) - 1, 1e308, "x" * 4000, "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", True, None, [], {},
)  # fmt: skip
UNREADABLE = (
    b'{"a": "\\ud800"}', b'{"a": 1e400}', b'{"a": NaN}', b"[" * 100_000, b'{"a": ' + b"9" * 5000,
    b"\xff", b"", b"null", b'{"\\u0000": 1}',
)  # fmt: skip
NAMES = re.compile(r"{(\w+)}")


def path_of(world: World, template: str) -> dict[str, str]:
    """Values for the path that other tests answer with 200."""
    examples = {
        "path": OTHER, "name": "oee", "prefix": "none", "connector": "zwick-mqtt",
        "event_id": str(EVENT_ID), "version": "1", "key": "lenz", "material": "M2",
        "replay_id": "1", "carrier": "gas", "number": "1", "code": "jam", "entry_id": "1",
        "annotation_id": "1", "acknowledgement_id": "1", "session_id": "1",
        "exploration_id": "0" * 32,
        "stop_id": f"{world.ids[OTHER]}-1", "signal_id": str(world.ids[f"{OTHER}#temperature"]),
    }  # fmt: skip
    return {name: examples[name] for name in NAMES.findall(template)}


def url_of(template: str, values: dict[str, str]) -> str:
    return NAMES.sub(lambda match: quote(values[match[1]], safe="/"), template)


def requests_of(world: World, method: str, template: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each parameter of an operation with each bad value, as URL and query."""
    good = path_of(world, template)
    operation = APP.openapi()["paths"][template][method.lower()]
    for parameter in operation.get("parameters", ()):
        for bad in BAD_TEXTS:
            if parameter["in"] == "path":
                yield url_of(template, {**good, parameter["name"]: bad}), {}
            elif parameter["in"] == "query":
                required = {
                    other["name"]: OTHER
                    for other in operation["parameters"]
                    if other["in"] == "query" and other.get("required")
                }
                yield url_of(template, good), {**required, parameter["name"]: bad}


def bodies_of(template: str) -> Iterator[object]:
    """The body with each of its fields replaced by each bad value."""
    body = BODIES.get(template, {})
    for bad in BAD_ITEMS:
        yield bad
        for field in body if isinstance(body, dict) else ():
            yield {**body, field: bad}


OPERATIONS = [route for route in ROUTES if route[1].startswith("/api/v1")]


async def fault_of(world: World, method: str, url: str, **options: object) -> str | None:
    """Send the request; return what is wrong with its answer."""
    headers = {"X-API-Key": world.keys["admin"], "Content-Type": "application/json"}
    response = await world.client.request(method, url, headers=headers, **options)  # type: ignore[arg-type] # a test's dict
    request = f"{method} {url[:200]} {str(options)[:200]}"
    if url.endswith("events:batch") and response.status_code == 503:
        return None  # this world has no webhook connector
    if response.status_code >= 500:
        return f"{request}: {response.text[:300]}"
    media_type = response.headers.get("content-type")
    if response.status_code >= 400 and media_type != "application/problem+json":
        return f"{request}: {response.status_code} as {media_type}"
    return None


@pytest.mark.asyncio
async def test_no_parameter_and_no_body_makes_the_server_fail(
    database_url: str, redis_url: str
) -> None:
    settings = CoreSettings(database_url, redis_url, watermark_cache_s=0, rate_per_s=0)
    async with open_world(settings) as world:
        faults = await faults_of(world)
    assert len(faults) > 2000
    assert [fault for fault in faults if fault is not None] == []


async def faults_of(world: World) -> list[str | None]:
    faults = []
    for method, template in OPERATIONS:
        for url, query in requests_of(world, method, template):
            faults.append(await fault_of(world, method, url, params=query))
        if method in {"POST", "PUT", "PATCH"}:
            url = url_of(template, path_of(world, template))
            contents = [*map(json.dumps, bodies_of(template)), *UNREADABLE]
            faults += [await fault_of(world, method, url, content=content) for content in contents]
    return faults


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    outputs, level = root.handlers[:], root.level
    yield
    root.handlers[:] = outputs
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.asyncio
@pytest.mark.usefixtures("restored_logging")
async def test_a_failed_answer_is_found_in_the_log_without_its_values(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(json=True, level="info")
    await world.database.execute(
        "ALTER TABLE partners ADD CONSTRAINT named_x CHECK (name = 'x') NOT VALID"
    )
    headers = {"X-API-Key": world.keys["admin"]}
    for body, status in (({"name": "s3cret"}, 500), ({"nam": "s3cret"}, 422)):
        capsys.readouterr()
        response = await world.client.put("/api/v1/suppliers/x", json=body, headers=headers)
        assert response.status_code == status, response.text
        trace_id = response.json()["trace_id"]
        assert response.headers["x-trace-id"] == trace_id
        output = capsys.readouterr().err
        lines = [json.loads(line) for line in output.splitlines()]
        ours = [line for line in lines if line.get("trace_id") == trace_id]
        assert ours, output
        assert ours[-1]["status"] == status
        assert ours[-1]["route"] == "/suppliers/{key}"
        assert "s3cret" not in output
        assert len(output) < 20_000
        assert (status < 500) is ("named_x" not in output)
