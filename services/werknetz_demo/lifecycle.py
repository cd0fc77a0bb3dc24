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
from werknetz_demo import plants, supplier, supply
from werknetz_demo.embedded.process import LOOPBACK, is_free
from werknetz_demo.embedded.servers import Servers
from werknetz_demo.embedded.state import State
from werknetz_demo.faults import PREFIX
from werknetz_demo.master_data import plant_masterdata
from werknetz_demo.readiness import Api, Database
from werknetz_demo.run import Demo, Wish
from werknetz_demo.seed import demo_key, plant_seed
from werknetz_demo.supervisor import LOOK_EVERY_S, Crew, CrewError
from werknetz_simulator.plants.plan import DAY_US, SECOND_US
from werknetz_simulator.plants.position import CATCH_UP_MAX_US

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
    await plant_masterdata(await demo.database.connection(), demo.plants)
    demo.say(
        f"plants, shift calendars and a key are there: {', '.join(p.path for p in demo.plants)}"
    )
    crew.start("ingest", "ingest")
    crew.start("api", "up", "--host", LOOPBACK, "--port", str(demo.wish.port))
    await plants.start_plants(demo, abroad=False)
    crew.start("worker", "worker")
    crew.start("beat", "beat")
    await demo.true(lambda: demo.database.has_rows_since(0), "ingest")
    demo.say("the first rows are stored")
    await plants.start_publishers(demo)
    await demo.true(demo.api.is_ready, "api")
    demo.say(f"the API answers on {demo.url}")
    await plants.start_plants(demo, abroad=True)  # four plants more: the API goes first
    await plants.load_history(demo)
    sftp_port = supplier.start(demo)  # as late as this: what is above must not wait for it
    await supplier.opened(demo)
    supply.start(demo, sftp_port)
    await demo.true(lambda: _is_live(demo), "ingest")
    demo.say(f"live values arrive over {plants.spoken(demo)}")
    await demo.true(lambda: _has_kpis(demo), "worker")
    demo.say("the first KPIs are computed")
    await demo.true(lambda: _is_computed(demo, 7), "worker")
    demo.say("the KPIs of the last 7 days are complete")
    if any(plants.crew_of(plant) == plants.ABROAD for plant in demo.plants):
        demo.say(await plants.systems_arrived(demo))
    demo.say(await supplier.arrived(demo, sftp_port))
    demo.say(await supply.arrived(demo))
    if any(plant.starved_line for plant in demo.plants):
        demo.say(await supply.wait_for_supply_caused_loss(demo))


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
        "              werknetz losses supply --start -7d  (downtime and its late delivery)\n"
        "              werknetz losses warnings            (which lines will stop)\n"
        f"  Break it    werknetz demo break press-3 --data {demo.folder}\n"
        f"              werknetz demo bad-edi --data {demo.folder}\n"
        f"              werknetz demo late-delivery --data {demo.folder}\n"
        f"  Logs        {demo.folder}/logs\n"
        "  Ctrl-C stops everything.\n"
    )
