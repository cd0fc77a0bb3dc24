"""`werknetz simulate`: plants and a supplier that behave like real ones, to try things on."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.truth import LATE_FILE, SEED
from werknetz_simulator.serve import Places, Work, place_of, serve

SUPPLIER = "supplier"
SINCE_US = 1_790_805_600_000_000
"""2026-10-01 in Berlin: from here on counters that run on are numbered, unless told otherwise."""


def register(app: typer.Typer) -> None:
    @app.command("simulate")
    def _simulate(
        plants: Annotated[list[str], typer.Argument(help=f"of {', '.join(PLANTS)}, {SUPPLIER}")],
        *,
        opcua_url: Annotated[
            str, typer.Option(help="where Emden-1 serves")
        ] = "opc.tcp://127.0.0.1:4840/emden-1",
        modbus: Annotated[str, typer.Option(help="where Palma-3 serves")] = "127.0.0.1:5020",
        s7: Annotated[str, typer.Option(help="where Chatt-6 serves")] = "127.0.0.1:1102",
        webhook: Annotated[
            str, typer.Option(help="the edge that Pueb-5 pushes to")
        ] = "http://127.0.0.1:8088",
        webhook_key: Annotated[
            Path | None, typer.Option(help="file with the key that opens it")
        ] = None,
        sftp: Annotated[
            str, typer.Option(help="where the supplier's SFTP server listens")
        ] = "127.0.0.1:2222",
        supply_webhook: Annotated[
            str, typer.Option(help="the edge that three suppliers push to")
        ] = "http://127.0.0.1:8089",
        supply_key: Annotated[
            Path | None, typer.Option(help="file with its key; without it only the foundry speaks")
        ] = None,
        seed: Annotated[str, typer.Option(help="the same seed tells the same story")] = SEED,
        since_us: Annotated[int, typer.Option(help="where counters begin")] = SINCE_US,
        start_us: Annotated[
            int | None, typer.Option(help="tell from this instant on; default: now")
        ] = None,
        state: Annotated[
            Path | None, typer.Option(help="folder that keeps how far each plant got")
        ] = None,
    ) -> None:
        """Run simulated plants until stopped, each by its own protocol; a supplier."""
        _check(plants, state, webhook_key)
        try:
            places = Places(opcua_url, place_of(modbus), place_of(s7), webhook, webhook_key)
            sftp_place = place_of(sftp)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        start = time.time_ns() // 1000 if start_us is None else start_us
        if state is not None:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
        work: list[Work] = []
        for name in plants:
            if name == SUPPLIER and state is not None:
                pushed = supply_webhook, supply_key
                work.append(_run_supplier(state, sftp_place, seed, start, pushed))
            else:
                work += serve(PLANTS[name], places, state, seed, since_us, start)
        asyncio.run(_together(work))


async def _together(work: list[Work]) -> None:
    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(one)


def _check(plants: list[str], state: Path | None, webhook_key: Path | None) -> None:
    if unknown := sorted(set(plants) - {*PLANTS, SUPPLIER}):
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(PLANTS)}, supplier")
    if SUPPLIER in plants and state is None:
        raise typer.BadParameter("the supplier needs --state: where its files and keys lie")
    if "pueb-5" in plants and webhook_key is None:
        raise typer.BadParameter("Pueb-5 needs --webhook-key: the file with the edge's key")


async def _run_supplier(
    state: Path, where: tuple[str, int], seed: str, start_us: int, pushed: tuple[str, Path | None]
) -> None:
    from werknetz_simulator.partners.foundry.folders import Place
    from werknetz_simulator.partners.foundry.sftp_server import Group, Supplier
    from werknetz_simulator.partners.foundry.timeline import SupplierTruth
    from werknetz_simulator.partners.webhook_sender import Hook

    host, port = where
    url, key = pushed
    group = None if key is None else Group(state / "plants" / LATE_FILE, Hook(url, key))
    await Supplier(Place(state / SUPPLIER), host, port, SupplierTruth(seed), start_us, group).run()
