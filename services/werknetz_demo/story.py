"""One life of the demo: everything up, each step said when it is true, then all down in reverse.

A second start on a kept folder goes on: what the plants made meanwhile is loaded as history.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from werknetz_core.migrate import upgrade_async
from werknetz_demo import supplier
from werknetz_demo.crew import LOOK_EVERY_S, Crew, CrewError
from werknetz_demo.embedded.process import LOOPBACK, is_free
from werknetz_demo.embedded.servers import Servers
from werknetz_demo.embedded.state import State
from werknetz_demo.mischief import PREFIX
from werknetz_demo.run import Demo, Wish
from werknetz_demo.seed import demo_key, plant_seed
from werknetz_demo.truths import Api, Database, is_following
from werknetz_simulator import edgefile
from werknetz_simulator.plan import DAY_US, SECOND_US
from werknetz_simulator.plant import EMDEN_1, Plant
from werknetz_simulator.position import CATCH_UP_MAX_US

OVERLAP_US: Final = 60 * SECOND_US  # what was on its way when the last run ended is told again
MEANWHILE_US: Final = 5 * SECOND_US


async def live(wish: Wish, say: Callable[[str], None], stopped: asyncio.Event) -> None:
    """Start everything, say so, and stay until told to stop."""
    folder = (wish.data or Path(tempfile.mkdtemp(prefix=PREFIX))).absolute()
    try:
        async with _demo(wish, folder, say) as demo:
            tasks = [
                asyncio.create_task(demo.crew.watch()),
                asyncio.create_task(_watch_servers(demo)),
                asyncio.create_task(_tell(demo)),
                asyncio.create_task(stopped.wait()),
            ]
            try:
                # The first three end only by an error, which then is the end of the demo.
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            say("Stopping …")
    finally:
        if wish.data is None and not wish.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"The data stay in {folder}")
    say("Stopped.")


async def _watch_servers(demo: Demo) -> None:
    """Start a server again that died; the processes wait for it, that is what they promise."""
    while True:
        for server in demo.servers.started.values():
            if not server.running:
                demo.say(f"  {server.name} ended; again at once. Its log: {server.log}")
                await server.stop()
                await server.start()
        await asyncio.sleep(LOOK_EVERY_S)


async def _tell(demo: Demo) -> None:
    """Bring everything up and say where it is; from then on there is nothing to tell."""
    await _rise(demo)
    demo.plain(closing_words(demo))
    await asyncio.Event().wait()


@asynccontextmanager
async def _demo(wish: Wish, folder: Path, say: Callable[[str], None]) -> AsyncIterator[Demo]:
    began = time.monotonic()
    if not is_free(wish.port):
        raise CrewError(f"port {wish.port} is taken: name another one with --port")

    def told(text: str) -> None:
        say(f"{time.monotonic() - began:6.1f} s  {text}")

    async with Servers(folder) as servers:
        told("PostgreSQL, Valkey (streams and tasks) and the MQTT broker answer")
        await upgrade_async(servers.urls.database)
        told("the database has its tables")
        database = Database(servers.urls.database)
        key = demo_key(folder)
        api = Api(f"http://{LOOPBACK}:{wish.port}", key)
        crew = Crew(folder, servers.urls.environment, told)
        try:
            ports = State(folder).port
            yield Demo(wish, folder, servers, crew, database, api, key, told, say, ports)
        finally:
            await crew.stop()
            await api.close()
            await database.close()


async def _rise(demo: Demo) -> None:
    crew = demo.crew
    await plant_seed(await demo.database.connection(), demo.plants, demo.key)
    demo.say(
        f"plants, shift calendars and a key are there: {', '.join(p.path for p in demo.plants)}"
    )
    crew.start("ingest", "ingest")
    crew.start("api", "up", "--host", LOOPBACK, "--port", str(demo.wish.port))
    await _start_plants(demo)
    crew.start("worker", "worker")
    crew.start("beat", "beat")
    await demo.true(lambda: demo.database.has_rows_since(0), "ingest")
    demo.say("the first rows are stored")
    await _start_publishers(demo)
    await demo.true(demo.api.is_ready, "api")
    demo.say(f"the API answers on {demo.url}")
    await _load_history(demo)
    sftp_port = supplier.start(demo)  # as late as this: what is above must not wait for it
    await demo.true(lambda: _is_live(demo), "ingest")
    demo.say("live values arrive over OPC UA and MQTT")
    await demo.true(lambda: _has_kpis(demo), "worker")
    demo.say("the first KPIs are computed")
    await demo.true(lambda: _is_computed(demo, 7), "worker")
    demo.say("the KPIs of the last 7 days are complete")
    demo.say(await supplier.arrived(demo, sftp_port))


async def _start_plants(demo: Demo) -> None:
    """Start each live edge, and the edge that loads what happened before; and Emden.

    An OPC UA plant holds its story until somebody listens.
    """
    opcua_port = demo.ports("opcua")
    for plant in demo.plants:
        url = demo.servers.urls.mqtt
        if plant is EMDEN_1:
            url = f"opc.tcp://{LOOPBACK}:{opcua_port}/{plant.name}"
        options = {
            "since_us": demo.since_us,
            **await _history_start(demo, plant),
            "end_us": demo.now_us,
        }
        history = edgefile.history_of(plant, options, f"./{plant.name}-history")
        live_edge = edgefile.live_of(plant, url, f"./{plant.name}-live")
        if plant is EMDEN_1:
            _start_plant(demo, plant, "--opcua-url", url)
        demo.start_edge(f"history-{plant.name}", "history", history)
        demo.start_edge(f"edge-{plant.name}", "live", live_edge)


def _start_plant(demo: Demo, plant: Plant, *where: str) -> None:
    demo.crew.start(
        f"plant-{plant.name}",
        *("simulate", plant.name, *where),
        *("--since-us", str(demo.since_us), "--start-us", str(demo.now_us)),
        *("--state", str(demo.folder / "plants")),
    )


async def _start_publishers(demo: Demo) -> None:
    """Start what publishes: a broker forgets messages for which nobody has ever subscribed."""
    redis = demo.servers.urls.redis
    for plant in demo.plants:
        if plant is not EMDEN_1:
            connector = f"{plant.name}-mqtt"
            await demo.true(
                lambda c=connector: is_following(redis, c, demo.now_us),  # type: ignore[misc] # a lambda with a default
                f"edge-{plant.name}",
            )
            _start_plant(demo, plant)


async def _history_start(demo: Demo, plant: Plant) -> dict[str, int]:
    """Return from where on the past is missing: its beginning, or where the last run ended.

    A plant remembers a day; what happened before that, while nobody listened, is a gap.
    """
    latest = await demo.database.latest_us(plant, demo.now_us)
    if latest is None:
        return {"start_us": demo.since_us}
    remembered = demo.now_us - CATCH_UP_MAX_US
    if latest < remembered:
        return {"start_us": remembered, "gap_from_us": latest}
    return {"start_us": max(latest - OVERLAP_US, demo.since_us)}


async def _load_history(demo: Demo) -> None:
    for plant in demo.plants:
        name = f"history-{plant.name}"
        await demo.true(lambda p=plant: demo.database.has_history(p, demo.now_us), name)  # type: ignore[misc] # a lambda with a default
        await demo.crew.dismiss(name)
        demo.say(f"{plant.name}: the past up to now is stored")


async def _is_live(demo: Demo) -> bool:
    """Tell whether each plant's machines, not only their edge, have spoken since the start."""
    horizon = demo.now_us + CATCH_UP_MAX_US
    latest = [await demo.database.latest_us(plant, horizon) for plant in demo.plants]
    return all(at_us is not None and at_us > demo.now_us for at_us in latest)


async def _has_kpis(demo: Demo) -> bool:
    return await demo.database.has_elements() and await demo.api.answers("nordwerk", "-7d")


async def _is_computed(demo: Demo, days: int) -> bool:
    end = demo.now_us - MEANWHILE_US
    return await demo.database.dirty(end - days * DAY_US, end - 2 * 900 * SECOND_US) == 0


def closing_words(demo: Demo) -> str:
    """Return what INTERFACES.md, section 4, shows: where it is, the key, a line that works."""
    port = urlsplit(demo.url).port
    return (
        f"\n  API         {demo.url}/api/v1      API docs  {demo.url}/docs   key: {demo.key}\n"
        f"  Try         WERKNETZ_URL={demo.url} WERKNETZ_API_KEY={demo.key} \\\n"
        "              werknetz kpi oee nordwerk/emden-1 --start -7d\n"
        f'              curl -H "X-API-Key: {demo.key}" '
        f'"http://{LOOPBACK}:{port}/api/v1/kpi_values?equipment=nordwerk&kpi=oee&start=-7d"\n'
        f'              curl -H "X-API-Key: {demo.key}" '
        f'"http://{LOOPBACK}:{port}/api/v1/events?kind=shipment_announced&limit=3"\n'
        f"              WERKNETZ_URL={demo.url} WERKNETZ_API_KEY={demo.key} \\\n"
        "              werknetz quarantine groups\n"
        f"  Break it    werknetz demo bad-edi --data {demo.folder}\n"
        f"  Logs        {demo.folder}/logs\n"
        "  Ctrl-C stops everything.\n"
    )
