"""The demo's plants and their edges: the German ones each on its own, those abroad together."""

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
from werknetz_simulator.protocols.names import mes, quality
from werknetz_simulator.protocols.names.profile import Where
from werknetz_simulator.serve import BROKEN, MES, QUALITY

STATE: Final = "plants"
ABROAD: Final = "abroad"
OVERLAP_US: Final = 60 * SECOND_US  # what was on its way when the last run ended is told again
WORDS: Final = {
    "opcua": "OPC UA",
    "mqtt": "MQTT",
    "modbus": "Modbus",
    "sparkplug": "Sparkplug B",
    "webhook": "a webhook",
    "s7": "S7",
}


def spoken(demo: Demo) -> str:
    """Return by which protocols the plants of this run speak."""
    *first, last = [WORDS[plant.protocol] for plant in demo.plants]
    return f"{', '.join(first)} and {last}" if first else last


def crew_of(plant: Plant) -> str:
    """Return whose process serves it: one process of its own costs a second of a core."""
    return plant.name if plant.protocol in {"opcua", "mqtt"} else ABROAD


def state_of(demo: Demo) -> Path:
    return demo.folder / STATE


async def start_plants(demo: Demo, *, abroad: bool) -> None:
    """Start each live edge, and the edge that loads what happened before; and who holds its story.

    An OPC UA plant waits until somebody listens, and so do those abroad.
    """
    live: dict[str, list[dict[str, Any]]] = {}
    past: dict[str, list[dict[str, Any]]] = {}
    plants = [plant for plant in demo.plants if (crew_of(plant) == ABROAD) is abroad]
    for plant in plants:
        options = {
            "since_us": demo.since_of(plant),
            **await _history_start(demo, plant),
            "end_us": demo.now_us,
            "broken": str(state_of(demo) / BROKEN),
        }
        history = edge_file.history_of(plant, options, f"./{plant.name}-history")
        past.setdefault(crew_of(plant), []).append(history)
        live.setdefault(crew_of(plant), []).extend(_live_edges(demo, plant))
    for name, trees in live.items():
        if any(crew_of(plant) == name and plant.protocol != "mqtt" for plant in plants):
            _simulate(demo, name)
        demo.start_edges(f"history-{name}", "history", past[name])
        demo.start_edges(f"edge-{name}", "live", trees)


async def start_publishers(demo: Demo) -> None:
    """Start what publishes: a broker forgets messages for which nobody has ever subscribed."""
    redis = demo.servers.urls.redis
    for plant in demo.plants:
        if plant.protocol == "mqtt":
            connector = f"{plant.name}-mqtt"
            await demo.true(
                lambda c=connector: is_following(redis, c, demo.now_us),  # type: ignore[misc] # a lambda with a default
                f"edge-{plant.name}",
            )
            _simulate(demo, plant.name)


async def load_history(demo: Demo) -> None:
    """Wait until the past of every plant is stored; its edge then has done its work."""
    waiting = [crew_of(plant) for plant in demo.plants]
    for plant in demo.plants:
        name = f"history-{crew_of(plant)}"
        await demo.true(lambda p=plant: demo.database.has_history(p, demo.now_us), name)  # type: ignore[misc] # a lambda with a default
        demo.say(f"{plant.name}: the past up to now is stored")
        waiting.remove(crew_of(plant))
        if crew_of(plant) not in waiting:
            await demo.crew.dismiss(name)


async def systems_arrived(demo: Demo) -> str:
    """Wait for all that the MES and the quality files told up to now; say what came."""
    booked = _booked(state_of(demo) / MES)
    checked = _lines(state_of(demo) / QUALITY)
    connectors = [mes.CONNECTOR, quality.CONNECTOR]
    there: dict[str, int] = {}

    async def has_all() -> bool:
        there.update(await demo.database.events(connectors))
        return sum(there.values()) >= booked + checked

    await demo.true(has_all, f"edge-{ABROAD}")
    return (
        f"a MES and quality files tell of {there.get('job_started', 0)} jobs, "
        f"{there.get('state_changed', 0)} booked stops, "
        f"{there.get('quality_inspected', 0)} inspections"
    )


def _live_edges(demo: Demo, plant: Plant) -> list[dict[str, Any]]:
    trees = [edge_file.live_of(plant, _where(demo, plant), f"./{plant.name}-live")]
    if plant.name == "palma-3":
        database = state_of(demo) / MES
        trees.append(mes.edge_of(plant, database, f"./{mes.CONNECTOR}-live"))
    if plant.name == "chatt-6":
        folder = state_of(demo) / QUALITY
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trees.append(quality.edge_of(plant, folder, f"./{quality.CONNECTOR}-live"))
    return trees


def _where(demo: Demo, plant: Plant) -> Where:
    match plant.protocol:
        case "opcua":
            return Where(url=f"opc.tcp://{LOOPBACK}:{demo.ports('opcua')}/{plant.name}")
        case "mqtt" | "sparkplug":
            return Where(url=demo.servers.urls.mqtt)
        case "webhook":
            port = demo.ports(plant.protocol)
            return Where(host=LOOPBACK, port=port, key_file=str(_webhook_key(demo)))
        case _:
            return Where(host=LOOPBACK, port=demo.ports(plant.protocol))


def _webhook_key(demo: Demo) -> Path:
    demo.edge_folder.mkdir(mode=0o700, exist_ok=True)
    file = demo.edge_folder / "webhook.key"
    file.touch(mode=0o600)
    file.write_text(secret_of(demo.folder, "webhook") + "\n")
    return file


def _simulate(demo: Demo, crew: str) -> None:
    """Start the process that plays these plants."""
    plants = [plant for plant in demo.plants if crew_of(plant) == crew]
    arguments: list[str] = []
    for plant in plants:
        where = _where(demo, plant)
        match plant.protocol:
            case "opcua":
                arguments += ["--opcua-url", where.url]
            case "modbus" | "s7":
                arguments += [f"--{plant.protocol}", f"{where.host}:{where.port}"]
            case "webhook":
                arguments += ["--webhook", f"http://{where.host}:{where.port}"]
                arguments += ["--webhook-key", where.key_file]
    demo.crew.start(
        f"plant-{crew}",
        *("simulate", *(plant.name for plant in plants), *arguments),
        *("--since-us", str(demo.since_of(plants[0])), "--start-us", str(demo.now_us)),
        *("--state", str(state_of(demo))),
    )


async def _history_start(demo: Demo, plant: Plant) -> dict[str, int]:
    """Return from where on the past is missing: its beginning, or where the last run ended.

    A plant remembers a day; what happened before that, while nobody listened, is a gap.
    """
    latest = await demo.database.latest_us(plant, demo.now_us)
    if latest is None:
        return {"start_us": demo.since_of(plant)}
    remembered = demo.now_us - CATCH_UP_MAX_US
    if latest < remembered:
        return {"start_us": remembered, "gap_from_us": latest}
    if plant.is_polled:
        # Polls tell when they were, not when it happened: told again it would contradict them.
        return {"start_us": min(latest + SECOND_US, demo.now_us)}
    return {"start_us": max(latest - OVERLAP_US, demo.since_of(plant))}


def _booked(database: Path) -> int:
    """Return how many rows the MES has."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10.0)) as tables:
        names = (mes.JOBS, mes.STOPS, mes.INSPECTIONS)
        counts = " UNION ALL ".join(f"SELECT count(*) FROM {name}" for name in names)  # noqa: S608  constants
        return sum(row[0] for row in tables.execute(counts))


def _lines(folder: Path) -> int:
    """Return how many rows the quality files have, each without its header."""
    return sum(len(file.read_text().splitlines()) - 1 for file in folder.rglob("*.csv"))
