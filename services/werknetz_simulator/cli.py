"""`werknetz simulate`: simulated plants and partners, for demos and tests."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.truth import LATE_FILE, SEED
from werknetz_simulator.serve import PlantEndpoints, Work, parse_host_port, plant_tasks

PARTNERS = "partners"
SINCE_US = 1_790_805_600_000_000
"""2026-10-01 in Berlin: counters that do not restart count from here by default."""


OPCUA_URL: Final = "opc.tcp://127.0.0.1:4840/emden-1"
SFTP: Final = "127.0.0.1:2222"


def register(app: typer.Typer) -> None:
    @app.command("simulate")
    def _simulate(
        plants: Annotated[list[str], typer.Argument(help=f"of {', '.join(PLANTS)}, {PARTNERS}")],
        *,
        opcua_url: Annotated[str, typer.Option(help="OPC UA endpoint of Emden-1")] = OPCUA_URL,
        modbus: Annotated[
            str, typer.Option(help="HOST:PORT of the Modbus gateway of Palma-3")
        ] = "127.0.0.1:5020",
        s7: Annotated[str, typer.Option(help="HOST:PORT of the PLC of Chatt-6")] = "127.0.0.1:1102",
        webhook: Annotated[
            str, typer.Option(help="the edge that Pueb-5 pushes to")
        ] = "http://127.0.0.1:8088",
        webhook_key: Annotated[
            Path | None, typer.Option(help="file with the API key of that edge")
        ] = None,
        sftp: Annotated[str, typer.Option(help="HOST:PORT of their SFTP server")] = SFTP,
        supply_webhook: Annotated[
            str, typer.Option(help="the edge that three suppliers push to")
        ] = "http://127.0.0.1:8089",
        supply_key: Annotated[
            Path | None,
            typer.Option(help="file with the API key of that edge; without it they do not push"),
        ] = None,
        seed: Annotated[str, typer.Option(help="the same seed generates the same events")] = SEED,
        since_us: Annotated[int, typer.Option(help="instant from which counters count")] = SINCE_US,
        start_us: Annotated[
            int | None, typer.Option(help="publish events from this instant on; default: now")
        ] = None,
        state: Annotated[Path | None, typer.Option(help="folder for their progress")] = None,
    ) -> None:
        """Run simulated plants, each over its own protocol, and simulated partners."""
        _check(plants, state, webhook_key)
        try:
            endpoints = PlantEndpoints(
                opcua_url, parse_host_port(modbus), parse_host_port(s7), webhook, webhook_key
            )
            sftp_address = parse_host_port(sftp)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        start = time.time_ns() // 1000 if start_us is None else start_us
        names = [name for name in plants if name != PARTNERS]
        work = [
            task
            for name in names
            for task in plant_tasks(PLANTS[name], endpoints, state, seed, since_us, start)
        ]
        if len(names) < len(plants) and state is not None:
            hook = supply_webhook, supply_key
            work.append(_run_partners(state, sftp_address, seed, start, hook))
        asyncio.run(_run_all(work))


async def _run_all(work: list[Work]) -> None:
    async with asyncio.TaskGroup() as group:
        for coroutine in work:
            group.create_task(coroutine)


def _check(plants: list[str], state: Path | None, webhook_key: Path | None) -> None:
    """Refuse options that do not fit the plants, and create the folder of their progress."""
    if unknown := sorted(set(plants) - {*PLANTS, PARTNERS}):
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(PLANTS)}, {PARTNERS}")
    if PARTNERS in plants and state is None:
        raise typer.BadParameter("the partners need --state, a folder for their files and keys")
    if "pueb-5" in plants and webhook_key is None:
        raise typer.BadParameter("Pueb-5 needs --webhook-key, the file with the edge's API key")
    if state is not None:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)


async def _run_partners(
    state: Path, sftp: tuple[str, int], seed: str, start_us: int, webhook: tuple[str, Path | None]
) -> None:
    from werknetz_simulator.partners.feed import PartnersFeed
    from werknetz_simulator.partners.messages.webhook_sender import WebhookSender
    from werknetz_simulator.partners.sftp_folders import SftpFolders
    from werknetz_simulator.partners.sftp_server import PartnersServer

    url, key_file = webhook
    folders = SftpFolders(state / PARTNERS)

    def create_feed() -> PartnersFeed:
        return PartnersFeed(
            folders,
            start_us=start_us,
            seed=seed,
            late=state / "plants" / LATE_FILE,
            sender=None if key_file is None else WebhookSender(url, key_file),
        )

    await PartnersServer(folders, *sftp, create_feed).run()
