"""Runs the demo: starts everything, reports each step once it has succeeded, stops in reverse.

A second start on the same folder continues: what the plants produced meanwhile becomes history.
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

from werknetz_core.dashboard.files import PAGE, page_file
from werknetz_core.migrate import upgrade_async
from werknetz_demo import partners, plants, target
from werknetz_demo.embedded.process import LOOPBACK, is_port_free
from werknetz_demo.embedded.servers import EmbeddedServers
from werknetz_demo.embedded.state import DataFolder, DataFolderError
from werknetz_demo.faults import PREFIX
from werknetz_demo.master_data import insert_master_data
from werknetz_demo.readiness import ApiProbe, DatabaseProbe
from werknetz_demo.run import Demo, DemoOptions
from werknetz_demo.seed import demo_key, insert_seed
from werknetz_demo.shop_floor import energy, inspection
from werknetz_demo.supervisor import CHECK_EVERY_S, Supervisor, SupervisorError
from werknetz_simulator.plants.plan import DAY_US, SECOND_US
from werknetz_simulator.plants.position import CATCH_UP_MAX_US

SETTLE_US: Final = 5 * SECOND_US
KPI_DAYS: Final = 7
BUCKET_US: Final = 900 * SECOND_US


async def run_demo(options: DemoOptions, show: Callable[[str], None], stop: asyncio.Event) -> None:
    """Start everything, report the steps, and run until `stop` is set."""
    folder = (options.data or Path(tempfile.mkdtemp(prefix=PREFIX))).absolute()
    try:
        async with _open_demo(options, folder, show) as demo:
            try:
                await _run_until_stopped(demo, stop)
            except BaseExceptionGroup as errors:
                if len(errors.exceptions) > 1:
                    raise
                raise errors.exceptions[0] from None
            show("Stopping …")
    finally:
        if options.data is None and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            show(f"The data stay in {folder}")
    show("Stopped.")


async def _run_until_stopped(demo: Demo, stop: asyncio.Event) -> None:
    """Supervise and start everything; an error of any task ends the demo."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(demo.supervisor.watch()),
            group.create_task(_watch_servers(demo)),
            group.create_task(_start_and_report(demo)),
        ]
        await stop.wait()
        for task in tasks:
            task.cancel()


async def _watch_servers(demo: Demo) -> None:
    """Restart a server that died; the processes wait for it and reconnect."""
    while True:
        for server in demo.servers.started.values():
            if not server.is_running:
                demo.report(f"  {server.name} ended and is restarted. Its log: {server.log}")
                await server.stop()
                await server.start()
        await asyncio.sleep(CHECK_EVERY_S)


async def _start_and_report(demo: Demo) -> None:
    """Start everything, then print addresses and commands to try."""
    await _start_all(demo)
    demo.show(summary_of(demo))


@asynccontextmanager
async def _open_demo(
    options: DemoOptions, folder: Path, show: Callable[[str], None]
) -> AsyncIterator[Demo]:
    began = time.monotonic()
    if not is_port_free(options.port):
        raise SupervisorError(f"port {options.port} is in use: name another one with --port")

    def report(text: str) -> None:
        show(f"{time.monotonic() - began:6.1f} s  {text}")

    _check_partners(folder)
    async with EmbeddedServers(folder) as servers:
        report("PostgreSQL, Valkey (streams and tasks) and the MQTT broker are running")
        users = servers.database_users()
        await upgrade_async(servers.urls.database, users.logins, rows_key=users.rows_key)
        report("the database schema is up to date")
        database = DatabaseProbe(servers.urls.database)
        key = demo_key(folder)
        api = ApiProbe(f"http://{LOOPBACK}:{options.port}", key)
        environment = servers.urls.environment | users.environment
        supervisor = Supervisor(folder, environment, report, users.urls)
        try:
            ports = DataFolder(folder).port
            yield Demo(
                options, folder, servers, supervisor, database, api, key, report, show, ports
            )
        finally:
            await supervisor.stop()
            await api.close()
            await database.close()


def _check_partners(folder: Path) -> None:
    """Reject a folder with messages of Weserguss that the current simulator does not generate."""
    if (folder / "supplier" / "told.json").exists():
        raise DataFolderError(
            f"{folder} has partners' messages of an earlier version: name another folder"
        )


async def _start_all(demo: Demo) -> None:
    supervisor = demo.supervisor
    await insert_seed(await demo.database.connection(), demo.plants, demo.key)
    await insert_master_data(await demo.database.connection(), demo.plants)
    demo.report(
        f"plants, shift calendars and an API key are created: "
        f"{', '.join(plant.path for plant in demo.plants)}"
    )
    supervisor.start("ingest", "ingest")
    supervisor.start("api", "up", "--host", LOOPBACK, "--port", str(demo.options.port))
    await plants.start_plants(demo, shared=False)
    supervisor.start("worker", "worker")
    supervisor.start("beat", "beat")
    await demo.wait_until(lambda: demo.database.has_rows_since(0), "ingest")
    demo.report("the first rows are stored")
    await plants.start_publishers(demo)
    await demo.wait_until(demo.api.is_ready, "api")
    demo.report(f"the API answers on {demo.url}")
    await plants.start_plants(demo, shared=True)  # only now, so that the API starts first
    await plants.wait_for_history(demo)
    sftp_port = partners.start_server(demo)  # only now, so that the steps above start first
    await partners.wait_for_server(demo)
    partners.start_edges(demo, sftp_port)
    await _wait_for_live_values(demo)
    demo.report(f"live values arrive over {plants.protocols_text(demo)}")
    await _wait_for_first_kpis(demo)
    demo.report("the first KPIs are computed")
    await _wait_for_kpis(demo)
    demo.report(f"the KPIs of the last {KPI_DAYS} days are complete")
    demo.report(await target.set_target(demo))
    if any(plants.process_of(plant) == plants.SHARED_PROCESS for plant in demo.plants):
        demo.report(await plants.wait_for_plant_systems(demo))
    await inspection.set_capacities(demo)
    demo.report(await partners.wait_for_weserguss(demo))
    demo.report(await partners.wait_for_partners(demo))
    demo.report(await inspection.wait_for_inspection(demo))
    demo.report(await energy.wait_for_energy(demo))
    if any(plant.starved_line for plant in demo.plants):
        demo.report(await partners.wait_for_supply_caused_downtime(demo))


async def _wait_for_live_values(demo: Demo) -> None:
    """Wait until machines of each plant have sent a value since the start."""
    horizon = demo.now_us + CATCH_UP_MAX_US
    latest: list[int | None] = []

    async def is_live() -> bool:
        latest[:] = [await demo.database.latest_us(plant, horizon) for plant in demo.plants]
        return all(at_us is not None and at_us > demo.now_us for at_us in latest)

    def live_plants() -> int:
        return sum(at_us is not None and at_us > demo.now_us for at_us in latest)

    await demo.wait_until(is_live, "ingest", progress=live_plants)


async def _wait_for_first_kpis(demo: Demo) -> None:
    marked = [-1]

    async def has_kpis() -> bool:
        marked[0] = await demo.database.dirty_bucket_count(0, demo.now_us)
        has_elements = await demo.database.has_elements()
        return has_elements and await demo.api.answers_kpi("nordwerk", "-7d")

    await demo.wait_until(has_kpis, "worker", progress=lambda: marked[0])


async def _wait_for_kpis(demo: Demo) -> None:
    """Wait until no bucket of the last days is marked and every one has elements.

    Both matter: buckets without samples, as off shift, are never marked; the worker computes them
    together with the marked buckets around them.
    """
    end_us = (demo.now_us - SETTLE_US) // BUCKET_US * BUCKET_US - BUCKET_US
    first_us = end_us - KPI_DAYS * DAY_US
    state = {"marked": -1, "missing": -1}

    async def is_complete() -> bool:
        state["marked"] = await demo.database.dirty_bucket_count(first_us, end_us)
        if state["marked"]:
            return False
        missing = 0
        for plant in demo.plants:
            start_us = max(first_us, demo.history_start_us(plant))
            start_us += -start_us % BUCKET_US
            expected = len(plant.machines) * max(0, (end_us - start_us) // BUCKET_US)
            missing += expected - await demo.database.element_count(plant, start_us, end_us)
        state["missing"] = missing
        return missing == 0

    await demo.wait_until(is_complete, "worker", progress=lambda: dict(state))


def _state_of_page() -> str:
    """Return a line that names what to do where the page is not built; else nothing."""
    if page_file(PAGE) is not None:
        return ""
    return (
        "              is not built yet: `make demo` builds it beside the start and logs to\n"
        "              build/dashboard.log; `make dashboard` builds it, too. Then load it again.\n"
    )


def summary_of(demo: Demo) -> str:
    """Return the addresses, the API key and commands to try."""
    port = urlsplit(demo.url).port
    return (
        f"\n  API         {demo.url}/api/v1      API docs  {demo.url}/docs   key: {demo.key}\n"
        f"  Dashboard   {demo.url}/#key={demo.key}\n{_state_of_page()}"
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
        "              werknetz losses ranking --by line,category --compare previous\n"
        f"              werknetz targets show {target.KEY}   (what is missing to the goal)\n"
        "              werknetz comparison nordwerk        (plants that are comparable)\n"
        "              werknetz kpi oee nordwerk/emden-1 --start -7d --group-by product\n"
        f"              werknetz kpi first_pass_yield,worker_efficiency {inspection.LINE_PATH}\n"
        f"              werknetz equipment characteristics --under {inspection.LINE_PATH}\n"
        f"              werknetz kpi comprehensive_energy_consumption {energy.LINE_PATH} --by 1d\n"
        f"  Break it    werknetz demo break press-3 --data {demo.folder}\n"
        f"              werknetz demo bad-edi --data {demo.folder}\n"
        f"              werknetz demo late-delivery --data {demo.folder}\n"
        f"  Logs        {demo.folder}/logs\n"
        "  Ctrl-C stops everything.\n"
    )
