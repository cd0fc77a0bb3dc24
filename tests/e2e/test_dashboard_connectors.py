"""The page of connectors in a real browser: a stopped source becomes silent, its return is seen."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from playwright.sync_api import Page, expect

from plumbing.built_page import build_page
from plumbing.opcua_plant import plant
from plumbing.platform import Platform
from plumbing.servers import run
from plumbing.waiting import eventually
from werknetz_core.access.keys import generate_key
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua.connection import pki

from .test_dashboard import watched_page
from .test_sign_in import CHROMIUM, WAIT_MS, _add_plants, _is_ready, open_chromium

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NAME = "cell-7"


class Server:
    """An OPC UA server in a thread of its own, started and stopped at will."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port, self._folder = port, folder
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        running = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(running,), daemon=True)
        self._thread.start()
        assert running.wait(60)

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(60)

    def _serve(self, running: threading.Event) -> None:
        async def serve() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            async with plant(self._port, self._folder):
                running.set()
                await self._stop.wait()

        asyncio.run(serve())


async def _add_engineer(url: str) -> str:
    key = generate_key()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'engineer', 'engineer')",
        key.prefix,
        key.hash,
    )
    await connection.close()
    return key.key


def _edge_file(folder: Path, port: int) -> Path:
    document: dict[str, Any] = {
        "connector": NAME,
        "protocol": "opcua",
        "spool": {"folder": "./spool"},
        "explore": {"hosts": ["127.0.0.1"]},
        "options": {
            "url": f"opc.tcp://127.0.0.1:{port}/plant",
            "browse": [{"root": "/Objects/Cell"}],
            "timeout_s": 3,
        },
        "mapping": {
            "name": NAME, "version": 1, "unmapped": "store-as-is",
            "equipment": "nordwerk/emden-1/body/line-2/cell-7",
            "rules": [{"source": "nsu=urn:werknetz:test;s=Cell.Temp", "signal": "temp"}],
        },
    }  # fmt: skip
    file = folder / f"{NAME}.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


@contextmanager
def running_connector(
    tmp_path: Path, database_url: str, redis_url: str
) -> Iterator[tuple[str, str, Server, int]]:
    """Run server, edge, writer and API; yield the API's address, a key, the server, its port."""
    build_page()
    run(_add_plants(database_url))
    key = run(_add_engineer(database_url))
    port = free_port()
    server = Server(port, tmp_path / "server")
    server.start()
    own = pki.load_identity(tmp_path / "server", "server")
    pki.load_identity(tmp_path / "spool" / "pki", NAME)
    pki.trust_shown_certificate(tmp_path / "spool" / "pki", pki.der_of(own.certificate))
    platform = Platform(
        tmp_path,
        {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_WIDE_PROCESS": "0",
        },
    )
    base = f"http://127.0.0.1:{platform.port}"
    processes = [
        platform.start("core", "up", "--port", str(platform.port)),
        platform.start("ingest", "ingest"),
        platform.start("edge", "edge", str(_edge_file(tmp_path, port))),
    ]
    try:
        eventually(lambda: _is_ready(base), within_s=180, what=lambda: processes[0].log_tail(50))
        yield base, key, server, port
    finally:
        for process in processes:
            process.kill()
        server.stop()


def test_a_source_that_stops_is_seen_and_so_is_its_return(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    if CHROMIUM is None:
        missing = "Chromium is not installed: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with (
        running_connector(tmp_path, database_url, redis_url) as (base, key, server, port),
        open_chromium(CHROMIUM) as browser,
    ):
        page = browser.new_context(locale="en-GB").new_page()
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        with watched_page(page, base):
            page.goto(f"{base}/connectors?connector={NAME}#key={key}")
            row = page.get_by_role("row").filter(has_text=NAME).first
            expect(row).to_contain_text("Running")
            _see_certificates(page)
            server.stop()
            expect(row).to_contain_text("Connecting")
            expect(page.get_by_text("needs somebody")).to_be_visible()
            expect(page.get_by_text("Technical detail").first).to_be_visible()
            server.start()
            expect(row).to_contain_text("Running")
            expect(page.get_by_text("The connector runs")).to_be_visible()
            _explore(page, port)


def _see_certificates(page: Page) -> None:
    """Both certificates were made now, for ten years."""
    expect(page.get_by_text("Certificate of the server")).to_be_visible()
    expect(page.get_by_text("3,649 days left").first).to_be_visible()


def _explore(page: Page, port: int) -> None:
    page.get_by_role("button", name="Connect an OPC UA server").click()
    page.get_by_label("Address of the server").fill(f"opc.tcp://127.0.0.1:{port}/plant")
    page.get_by_role("button", name="List endpoints").click()
    expect(page.get_by_text("The edge trusts this certificate.")).to_be_visible()
    page.get_by_role("button", name="What is below Cell").click()
    expect(page.get_by_text("Double · 20.5")).to_be_visible()
    page.get_by_label("Cell", exact=True).check()
    page.get_by_label("Name of the new connector").fill("cell-8")
    page.get_by_role("button", name="Suggest a mapping").click()
    expect(page.get_by_role("link", name="Download cell-8.yaml")).to_be_visible()
