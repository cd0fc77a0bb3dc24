"""The demo's supplier: its SFTP server, the edges on it, and when its files have arrived."""

import asyncio
from pathlib import Path
from typing import Final

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.state import secret_of
from werknetz_demo.run import Demo
from werknetz_simulator.partners.foundry import edge_file
from werknetz_simulator.partners.foundry.expected import ANNOUNCED, CALLED_OFF, COUNTED, known
from werknetz_simulator.partners.foundry.folders import Place
from werknetz_simulator.partners.foundry.message_spans import read_diary
from werknetz_simulator.partners.foundry.timeline import SupplierTruth

NAME: Final = "supplier"
HOOK: Final = "supply-webhook"
CONNECTORS: Final = [edge_file.EDI_CONNECTOR, edge_file.STOCK_CONNECTOR]


def place_of(demo: Demo) -> Place:
    return Place(demo.folder / NAME)


def hook_key(demo: Demo) -> Path:
    """Return the file with the key of the suppliers that push."""
    demo.edge_folder.mkdir(mode=0o700, exist_ok=True)
    file = demo.edge_folder / "supply.key"
    file.touch(mode=0o600)
    file.write_text(secret_of(demo.folder, HOOK) + "\n")
    return file


def start(demo: Demo) -> int:
    """Start the server and return its port; the edges follow when its host key is known."""
    port = demo.ports("sftp")
    demo.crew.start(
        NAME,
        *("simulate", NAME, "--sftp", f"{LOOPBACK}:{port}"),
        *("--start-us", str(demo.now_us), "--state", str(demo.folder)),
        *("--supply-webhook", f"http://{LOOPBACK}:{demo.ports(HOOK)}"),
        *("--supply-key", str(hook_key(demo))),
    )
    return port


async def opened(demo: Demo) -> None:
    """Wait until the server of this run listens: its host key is known then."""
    await demo.true(lambda: asyncio.to_thread(_is_open, place_of(demo), demo.now_us), NAME)


async def arrived(demo: Demo, port: int) -> str:
    """Start the edges, wait for all that the supplier had told before this run; say what came."""
    place = place_of(demo)
    for tree in (
        edge_file.edi_of(place, LOOPBACK, port, f"./{edge_file.EDI_CONNECTOR}-live"),
        edge_file.stock_of(place, LOOPBACK, port, f"./{edge_file.STOCK_CONNECTOR}-live"),
    ):
        demo.start_edge(f"edge-{tree['connector']}", "live", tree)
    spans, _ = read_diary(place.diary)
    expected = known(SupplierTruth(), spans, demo.now_us).facts
    there: dict[str, int] = {}

    async def has_all() -> bool:
        there.update(await demo.database.events(CONNECTORS))
        return all(there.get(kind, 0) >= facts.count for kind, facts in expected.items())

    await demo.true(has_all, f"edge-{edge_file.EDI_CONNECTOR}")
    return (
        f"a supplier's files arrive over SFTP: {there[CALLED_OFF]} call-offs, "
        f"{there[ANNOUNCED]} shipments, {there[COUNTED]} stock counts"
    )


def _is_open(place: Place, start_us: int) -> bool:
    """Tell whether the server of this very run listens."""
    spans, _ = read_diary(place.diary)
    return place.public_key.exists() and bool(spans) and spans[-1].start_us == start_us
