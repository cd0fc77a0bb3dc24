"""The demo's partners: their server, the edges that read it, and what has arrived."""

import asyncio
from pathlib import Path
from typing import Final

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.state import secret_of
from werknetz_demo.run import Demo
from werknetz_simulator.partners import edge_file
from werknetz_simulator.partners.event_totals import (
    ANNOUNCED,
    CALLED_OFF,
    COUNTED,
    other_event_count,
    weserguss_totals,
)
from werknetz_simulator.partners.feed import load_progress
from werknetz_simulator.partners.partners import FIRMS, STARVING_RELATION, WAREHOUSES
from werknetz_simulator.partners.sftp_folders import SftpFolders
from werknetz_simulator.plants.machine import StateKind
from werknetz_simulator.plants.plan import DAY_US
from werknetz_simulator.plants.plant import ZWICK_2
from werknetz_simulator.plants.starvation import starvation_windows
from werknetz_simulator.plants.truth import SEED, Truth

NAME: Final = "partners"
WEBHOOK: Final = "supply-webhook"
EDGES: Final = "edge-partners"
LOSSES_PATH: Final = "/api/v1/losses/supply-caused"
WEEK_US: Final = 7 * DAY_US


def folders_of(demo: Demo) -> SftpFolders:
    return SftpFolders(demo.folder / NAME)


def start_server(demo: Demo) -> int:
    """Start the partners' SFTP server and return its port."""
    port = demo.ports("sftp")
    demo.supervisor.start(
        NAME,
        *("simulate", NAME, "--sftp", f"{LOOPBACK}:{port}"),
        *("--start-us", str(demo.now_us), "--state", str(demo.folder)),
        *("--supply-webhook", f"http://{LOOPBACK}:{demo.ports(WEBHOOK)}"),
        *("--supply-key", str(_webhook_key(demo))),
    )
    return port


async def wait_for_server(demo: Demo) -> None:
    """Wait until the server of this run listens: then its host key exists."""
    await demo.wait_until(
        lambda: asyncio.to_thread(_is_listening, folders_of(demo), demo.now_us), NAME
    )


def start_edges(demo: Demo, port: int) -> None:
    """Start one process for the edges of all partners; the server must be listening."""
    address = folders_of(demo), LOOPBACK, port
    trees = [
        create(*address, f"./{name}-live")
        for name, create in (
            (edge_file.WESERGUSS_EDI, edge_file.weserguss_edi_edge_of),
            (edge_file.WESERGUSS_STOCK, edge_file.weserguss_stock_edge_of),
            ("group-edi", edge_file.edi_edge_of),
            ("group-advice", edge_file.advice_edge_of),
            ("group-warehouses", edge_file.warehouse_files_edge_of),
            (edge_file.WAREHOUSE_SQL, edge_file.warehouse_database_edge_of),
        )
    ]
    webhook = LOOPBACK, demo.ports(WEBHOOK), _webhook_key(demo)
    trees.append(edge_file.webhook_edge_of(*webhook, f"./{edge_file.WEBHOOK_EDGE}-live"))
    demo.start_edges(EDGES, "live", trees)


async def wait_for_weserguss(demo: Demo) -> str:
    """Wait for all messages of Weserguss before this run; return a line about them."""
    since_us = await _feed_start_us(demo)
    totals = await asyncio.to_thread(weserguss_totals, since_us, demo.now_us, SEED)
    counts: dict[str, int] = {}

    async def has_all() -> bool:
        counts.update(await demo.database.event_counts([*edge_file.WESERGUSS_CONNECTORS]))
        return all(counts.get(kind, 0) >= total.count for kind, total in totals.by_kind.items())

    await demo.wait_until(has_all, EDGES, progress=lambda: dict(counts))
    return (
        f"EDIFACT and CSV files of Weserguss arrive over SFTP: {counts[CALLED_OFF]} call-off "
        f"entries, {counts[ANNOUNCED]} despatch advices, {counts[COUNTED]} stock reports"
    )


async def wait_for_partners(demo: Demo) -> str:
    """Wait for all messages of the other partners before this run; return a line about them."""
    since_us = await _feed_start_us(demo)
    expected = await asyncio.to_thread(other_event_count, since_us, demo.now_us, SEED)
    counts: dict[str, int] = {}

    async def has_all() -> bool:
        counts.update(await demo.database.event_counts([*edge_file.CONNECTORS]))
        return sum(counts.values()) >= expected

    await demo.wait_until(has_all, EDGES, progress=lambda: dict(counts))
    return (
        f"messages of {len(FIRMS) - 1} other suppliers and {len(WAREHOUSES)} warehouses arrive: "
        f"{counts[CALLED_OFF]} call-off entries, {counts[ANNOUNCED]} despatch advices, "
        f"{counts['goods_received']} receipts, {counts['stock_moved']} stock moves, "
        f"{counts[COUNTED]} counts"
    )


async def wait_for_supply_caused_downtime(demo: Demo) -> str:
    """Wait until the API traces the starved line to its supplier; return the API's sentence."""
    if not await asyncio.to_thread(_has_starved, demo):
        return "supply-caused downtime: no line has starved in this short history"
    texts: list[str] = []
    pending = [0]

    async def is_traced() -> bool:
        pending[0] = await demo.database.pending_supply_work()
        answer = await demo.api.get(LOSSES_PATH, {"start": "-7d", "under": "nordwerk/zwick-2"})
        texts[:] = [
            loss["text"]
            for loss in answer["items"]
            if loss["line"].endswith(STARVING_RELATION.starved_line)
            and loss["causes"][0]["suppliers"]
        ]
        return bool(texts)

    await demo.wait_until(is_traced, "worker", progress=lambda: pending[0])
    return f"supply-caused downtime: {texts[0]}"


def _webhook_key(demo: Demo) -> Path:
    """Return the file with the key of the suppliers that push."""
    demo.edge_folder.mkdir(mode=0o700, exist_ok=True)
    file = demo.edge_folder / "supply.key"
    file.touch(mode=0o600)
    file.write_text(secret_of(demo.folder, WEBHOOK) + "\n")
    return file


async def _feed_start_us(demo: Demo) -> int:
    progress = await asyncio.to_thread(load_progress, folders_of(demo).progress)
    if progress is None:
        raise LookupError(f"{folders_of(demo).progress} is missing although the server listens")
    return progress.since_us


def _is_listening(folders: SftpFolders, start_us: int) -> bool:
    """Whether the server of this run listens; an earlier run has another `start_us`."""
    progress = load_progress(folders.progress)
    return folders.public_key.exists() and progress is not None and progress.start_us == start_us


def _has_starved(demo: Demo) -> bool:
    """Whether the line has lacked its material within the history of its machines."""
    history_us = demo.history_start_us(ZWICK_2)
    since_us = max(history_us, demo.now_us - WEEK_US)
    truth = Truth(ZWICK_2, since_us=history_us)
    line = STARVING_RELATION.starved_line
    spans = starvation_windows(ZWICK_2, line, SEED, since_us, demo.now_us)
    return any(
        segment.kind is StateKind.STARVED
        for machine in ZWICK_2.machines
        if machine.line == line
        for start_us, end_us in spans
        for segment in truth.segments(machine, max(start_us, since_us), min(end_us, demo.now_us))
    )
