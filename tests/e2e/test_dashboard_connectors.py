"""The page of connectors in a real browser: a stopped source becomes silent, its return is seen."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, Request, expect

from plumbing.browser import sign_in
from plumbing.first_rows import add_key, add_plants
from plumbing.opcua_plant import plant
from plumbing.platform import Platform
from plumbing.servers import run
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua.connection import pki

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NAME = "cell-7"


class Server:
    """An OPC UA server in a thread of its own, started and stopped at will."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self._folder = port, folder
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
            async with plant(self.port, self._folder):
                running.set()
                await self._stop.wait()

        asyncio.run(serve())


@pytest.fixture
def key(database_url: str) -> str:
    run(add_plants(database_url))
    return run(add_key(database_url, "engineer", "engineer"))


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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Runs, with a certificate that the edge trusts."""
    server = Server(free_port(), tmp_path / "server")
    server.start()
    own = pki.load_identity(tmp_path / "server", "server")
    pki.load_identity(tmp_path / "spool" / "pki", NAME)
    pki.trust_shown_certificate(tmp_path / "spool" / "pki", pki.der_of(own.certificate))
    yield server
    server.stop()


def test_a_source_that_stops_is_seen_and_so_is_its_return(
    server: Server, core: Platform, page: Page, tmp_path: Path
) -> None:
    core.start("ingest", "ingest")
    core.start("edge", "edge", str(_edge_file(tmp_path, server.port)))
    sign_in(page, core.key)
    page.goto(f"/connectors?connector={NAME}")
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
    document = _explore(page, server.port)
    _go_live(page, core, tmp_path / "cell-8.yaml", document)


def _see_certificates(page: Page) -> None:
    """Both certificates were made now, for ten years."""
    expect(page.get_by_text("Certificate of the server")).to_be_visible()
    expect(page.get_by_text("3,649 days left").first).to_be_visible()


def _explore(page: Page, port: int) -> str:
    """Go through the steps until the mapping is active; return the file for the edge."""
    page.get_by_role("button", name="Connect an OPC UA server").click()
    page.get_by_label("Address of the server").fill(f"opc.tcp://127.0.0.1:{port}/plant")
    page.get_by_role("button", name="List endpoints").click()
    expect(page.get_by_text("The edge trusts this certificate.")).to_be_visible()
    _type_a_user(page)
    page.get_by_role("button", name="What is below Cell").click()
    expect(page.get_by_text("Double · 20.5")).to_be_visible()
    page.get_by_label("Cell", exact=True).check()
    page.get_by_label("Name of the new connector").fill("cell-8")
    page.get_by_role("button", name="Suggest a mapping").click()
    expect(page.get_by_role("link", name="Download cell-8.yaml")).to_be_visible()
    page.get_by_label("Line of the machines").select_option("nordwerk/emden-1/body/line-2")
    page.get_by_role("button", name="Check and activate the mapping").click()
    expect(page.get_by_text("cell-8@1 is active")).to_be_visible()
    expect(page.get_by_text("cell-8 has not reported yet.")).to_be_visible()
    return page.get_by_label("Edge file", exact=True).input_value()


def _type_a_user(page: Page) -> None:
    """Typing a user's name sends nothing to the plant's server; the button does, once."""
    methods: list[str] = []

    def note(request: Request) -> None:
        if "explorations" in request.url:
            methods.append(request.method)

    page.on("request", note)
    user = page.get_by_label("User", exact=True)
    user.press_sequentially("reader")
    user.clear()
    page.wait_for_timeout(500)
    assert methods == []
    page.get_by_role("button", name="Show nodes").click()
    expect(page.get_by_role("button", name="What is below Cell")).to_be_visible()
    assert methods.count("POST") == 1


def _go_live(page: Page, core: Platform, file: Path, document: str) -> None:
    """Whoever runs the edge starts the file; the page sees it, with its first values."""
    file.write_text(document)
    core.start("edge-8", "edge", str(file))
    expect(page.get_by_text("cell-8 is live.")).to_be_visible(timeout=60_000)
    values = page.get_by_role("table", name="First values")
    expect(values.get_by_role("row").filter(has_text="20.5")).to_be_visible()
