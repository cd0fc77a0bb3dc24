"""The demo's plants and their edges: two plants have their own processes, the others share one."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.state import secret_of
from werknetz_demo.readiness import is_following
from werknetz_demo.run import Demo
from werknetz_simulator import edge_file
from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.plan import SECOND_US
from werknetz_simulator.plants.position import CATCH_UP_MAX_US
from werknetz_simulator.plants.systems.order_lists import order_list_edge_of
from werknetz_simulator.protocols.names import energy, inspection, mes, quality
from werknetz_simulator.protocols.names.profile import PlantAddress
from werknetz_simulator.serve import (
    BROKEN_FILE,
    ENERGY_FOLDER,
    INSPECTION_FOLDER,
    MES_FILE,
    ORDER_LIST_PLANTS,
    ORDERS_FOLDER,
    QUALITY_FOLDER,
)

STATE_FOLDER: Final = "plants"
SHARED_PROCESS: Final = "international"
OVERLAP_US: Final = 60 * SECOND_US  # values in flight when the last run ended are loaded again
PROTOCOL_NAMES: Final = {
    "opcua": "OPC UA",
    "mqtt": "MQTT",
    "modbus": "Modbus",
    "sparkplug": "Sparkplug B",
    "webhook": "a webhook",
    "s7": "S7",
}


def protocols_text(demo: Demo) -> str:
    """Return the names of the protocols of this run's plants."""
    *first, last = [PROTOCOL_NAMES[plant.protocol] for plant in demo.plants]
    return f"{', '.join(first)} and {last}" if first else last


def process_of(plant: Plant) -> str:
    """Return the process of a plant; most share one, because a process costs a CPU second."""
    return plant.name if plant.protocol in {"opcua", "mqtt"} else SHARED_PROCESS


def state_of(demo: Demo) -> Path:
    return demo.folder / STATE_FOLDER


async def start_plants(demo: Demo, *, shared: bool) -> None:
    """Start the live and history edges of the plants, and the simulators that buffer their values.

    MQTT plants start later, see `start_publishers`: they do not buffer for a missing subscriber.
    """
    live: dict[str, list[dict[str, Any]]] = {}
    past: dict[str, list[dict[str, Any]]] = {}
    plants = [plant for plant in demo.plants if (process_of(plant) == SHARED_PROCESS) is shared]
    for plant in plants:
        options = {
            "since_us": demo.history_start_us(plant),
            **await _history_start(demo, plant),
            "end_us": demo.now_us,
            "broken": str(state_of(demo) / BROKEN_FILE),
        }
        history = edge_file.history_edge_of(plant, options, f"./{plant.name}-history")
        past.setdefault(process_of(plant), []).append(history)
        live.setdefault(process_of(plant), []).extend(_live_edges(demo, plant))
    for name, trees in live.items():
        if any(process_of(plant) == name and plant.protocol != "mqtt" for plant in plants):
            _start_simulator(demo, name)
        demo.start_edges(f"history-{name}", "history", past[name])
        demo.start_edges(f"edge-{name}", "live", trees)


async def start_publishers(demo: Demo) -> None:
    """Start MQTT plants after their edge: a broker drops messages without a subscriber."""
    redis = demo.servers.urls.redis
    for plant in demo.plants:
        if plant.protocol == "mqtt":
            connector = f"{plant.name}-mqtt"
            await demo.wait_until(
                lambda c=connector: is_following(redis, c, demo.now_us),  # type: ignore[misc] # a lambda with a default
                f"edge-{plant.name}",
            )
            _start_simulator(demo, plant.name)


async def wait_for_history(demo: Demo) -> None:
    """Wait until the history of every plant is stored, then stop its history edge."""
    waiting = [process_of(plant) for plant in demo.plants]
    for plant in demo.plants:
        name = f"history-{process_of(plant)}"
        await _wait_for_history_of(demo, plant, name)
        demo.report(f"{plant.name}: the history up to now is stored")
        waiting.remove(process_of(plant))
        if process_of(plant) not in waiting:
            await demo.supervisor.stop_process(name)


async def _wait_for_history_of(demo: Demo, plant: Plant, process: str) -> None:
    latest: list[int | None] = [None]

    async def is_stored() -> bool:
        latest[0] = await demo.database.latest_us(plant, demo.now_us)
        return await demo.database.has_history(plant, demo.now_us)

    await demo.wait_until(is_stored, process, progress=lambda: latest[0])


async def wait_for_plant_systems(demo: Demo) -> str:
    """Wait for all rows of the MES and the quality files; return a line about them."""
    booked = _count_mes_rows(state_of(demo) / MES_FILE)
    checked = count_table_rows(state_of(demo) / QUALITY_FOLDER)
    connectors = [mes.CONNECTOR, quality.CONNECTOR]
    counts: dict[str, int] = {}

    async def has_all() -> bool:
        counts.update(await demo.database.event_counts(connectors))
        return sum(counts.values()) >= booked + checked

    await demo.wait_until(has_all, f"edge-{SHARED_PROCESS}", progress=lambda: dict(counts))
    return (
        f"MES and quality files report {counts.get('job_started', 0)} jobs, "
        f"{counts.get('state_changed', 0)} stops, "
        f"{counts.get('quality_inspected', 0)} inspections"
    )


def _live_edges(demo: Demo, plant: Plant) -> list[dict[str, Any]]:
    live = edge_file.live_edge_of(plant, _address_of(demo, plant), f"./{plant.name}-live")
    if plant.protocol == "opcua":  # its servers are here: the page may explore them
        live["explore"] = {"hosts": ["127.0.0.1"]}
    trees = [live]
    if plant.name == "palma-3":
        database = state_of(demo) / MES_FILE
        trees.append(mes.mes_edge_of(plant, database, f"./{mes.CONNECTOR}-live"))
    if plant.name == "emden-1":
        folder = state_of(demo) / INSPECTION_FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trees.append(inspection.inspection_edge_of(plant, folder, f"./{inspection.CONNECTOR}-live"))
        folder = state_of(demo) / ENERGY_FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trees.append(energy.energy_edge_of(plant, folder, f"./{energy.CONNECTOR}-live"))
    if plant.name == "chatt-6":
        folder = state_of(demo) / QUALITY_FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trees.append(quality.quality_edge_of(plant, folder, f"./{quality.CONNECTOR}-live"))
    if plant.name in ORDER_LIST_PLANTS:
        folder = state_of(demo) / ORDERS_FOLDER.format(plant=plant.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trees.append(order_list_edge_of(plant, folder, f"./{plant.name}-orders-live"))
    return trees


def _address_of(demo: Demo, plant: Plant) -> PlantAddress:
    match plant.protocol:
        case "opcua":
            return PlantAddress(url=f"opc.tcp://{LOOPBACK}:{demo.ports('opcua')}/{plant.name}")
        case "mqtt" | "sparkplug":
            return PlantAddress(url=demo.servers.urls.mqtt)
        case "webhook":
            port = demo.ports(plant.protocol)
            return PlantAddress(host=LOOPBACK, port=port, key_file=str(_webhook_key(demo)))
        case _:
            return PlantAddress(host=LOOPBACK, port=demo.ports(plant.protocol))


def _webhook_key(demo: Demo) -> Path:
    demo.edge_folder.mkdir(mode=0o700, exist_ok=True)
    file = demo.edge_folder / "webhook.key"
    file.touch(mode=0o600)
    file.write_text(secret_of(demo.folder, "webhook") + "\n")
    return file


def _start_simulator(demo: Demo, process: str) -> None:
    """Start the process that simulates these plants."""
    plants = [plant for plant in demo.plants if process_of(plant) == process]
    arguments: list[str] = []
    for plant in plants:
        address = _address_of(demo, plant)
        match plant.protocol:
            case "opcua":
                arguments += ["--opcua-url", address.url]
            case "modbus" | "s7":
                arguments += [f"--{plant.protocol}", f"{address.host}:{address.port}"]
            case "webhook":
                arguments += ["--webhook", f"http://{address.host}:{address.port}"]
                arguments += ["--webhook-key", address.key_file]
    demo.supervisor.start(
        f"plant-{process}",
        *("simulate", *(plant.name for plant in plants), *arguments),
        *("--since-us", str(demo.history_start_us(plants[0])), "--start-us", str(demo.now_us)),
        *("--state", str(state_of(demo))),
    )


async def _history_start(demo: Demo, plant: Plant) -> dict[str, int]:
    """Return where the missing history starts: at its beginning, or where the last run ended.

    A plant buffers one day; older events since the last run become a gap.
    """
    latest = await demo.database.latest_us(plant, demo.now_us)
    if latest is None:
        return {"start_us": demo.history_start_us(plant)}
    buffered_us = demo.now_us - CATCH_UP_MAX_US
    if latest < buffered_us:
        return {"start_us": buffered_us, "gap_from_us": latest}
    if plant.is_polled:
        # Polled samples carry the time of the poll; values loaded again would contradict them.
        return {"start_us": min(latest + SECOND_US, demo.now_us)}
    return {"start_us": max(latest - OVERLAP_US, demo.history_start_us(plant))}


def _count_mes_rows(database: Path) -> int:
    """Return how many rows the MES has."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10.0)) as tables:
        names = (mes.JOBS, mes.STOPS, mes.INSPECTIONS)
        counts = " UNION ALL ".join(f"SELECT count(*) FROM {name}" for name in names)  # noqa: S608  constants
        return sum(row[0] for row in tables.execute(counts))


def count_table_rows(folder: Path) -> int:
    """Return how many rows the CSV files have, each without its header."""
    return sum(len(file.read_text().splitlines()) - 1 for file in folder.rglob("*.csv"))
