"""Readiness follows the background tasks of the API process."""

import asyncio
import dataclasses

import pytest

from werknetz.runtime.background import BackgroundTask
from werknetz.runtime.backoff import Backoff

from .conftest import World

pytestmark = pytest.mark.asyncio


async def test_a_background_task_that_fails_shows_until_it_runs_again(world: World) -> None:
    fails = True
    failed, resumed = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        if fails:
            failed.set()
            raise ValueError("a secret of the database")
        resumed.set()
        await asyncio.Event().wait()

    # Long enough for a request while the task waits for its restart.
    task = BackgroundTask("flaky", run, backoff=Backoff(first_s=1.0, max_s=1.0, jitter=0))
    context = world.app.state.context
    world.app.state.context = dataclasses.replace(context, background=(*context.background, task))
    async with task:
        await failed.wait()
        response = await world.client.get("/api/v1/health/ready")
        assert response.status_code == 503
        problem = response.json()
        assert problem["type"].endswith("background_task_failed")
        assert "secret" not in response.text
        assert problem["errors"] == [
            {
                "pointer": "/background/flaky",
                "code": "restarting",
                "detail": "ValueError; restarted 0 times",
                "sentence": None,
            }
        ]
        fails = False
        await resumed.wait()
        response = await world.client.get("/api/v1/health/ready")
        assert response.status_code == 200
        assert response.json()["background"][-1] == {
            "name": "flaky",
            "state": "running",
            "restarts": 1,
            "last_error": "ValueError",
        }
