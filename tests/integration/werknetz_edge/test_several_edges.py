"""Several edge files in one process: each connector once, and wrong ones named by their file."""

import asyncio
from pathlib import Path

import pytest
import yaml
from redis import Redis

from plumbing.waiting import until
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.link.redis import status_key
from werknetz_edge.edge import run_edge


def _file(folder: Path, name: str, connector: str) -> Path:
    tree = {
        "connector": connector,
        "protocol": "history",
        "spool": {"folder": f"./{name}"},
        "options": {"plant": "palma-3", "since_us": 1, "start_us": 1, "end_us": 1},
        "mapping": {"name": name, "version": 1},
    }
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


@pytest.mark.asyncio
async def test_a_name_stands_for_one_connector(tmp_path: Path) -> None:
    files = [_file(tmp_path, "one", "same"), _file(tmp_path, "two", "same")]
    with pytest.raises(
        ConfigurationError, match=r"two\.yaml: connector 'same' is already used by .*one"
    ):
        await run_edge(*files)


@pytest.mark.asyncio
async def test_both_report_until_both_are_stopped(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKNETZ_REDIS_URL", redis_url)
    files = [_file(tmp_path, name, f"edge-{name}") for name in ("one", "two")]
    stop = asyncio.Event()
    running = asyncio.create_task(run_edge(*files, stop=stop))
    with Redis.from_url(redis_url) as client:

        def both_are(state: bytes) -> bool:
            statuses = [client.hget(status_key(f"edge-{name}"), "state") for name in ("one", "two")]
            return statuses == [state, state]

        await until(lambda: both_are(b"finished"), within_s=60)
        stop.set()
        await asyncio.wait_for(running, 60)
        assert both_are(b"finished")
