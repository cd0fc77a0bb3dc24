"""`werknetz simulate`: plants and a supplier that behave like real ones, to try things on."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from werknetz.runtime.settings import required_env
from werknetz_simulator.plant import EMDEN_1, PLANTS
from werknetz_simulator.position import Position
from werknetz_simulator.truth import SEED, Truth

SUPPLIER = "supplier"
SINCE_US = 1_790_805_600_000_000
"""2026-10-01 in Berlin: from here on the counters of Zwick are numbered, unless told otherwise."""


def register(app: typer.Typer) -> None:
    @app.command("simulate")
    def _simulate(
        plants: Annotated[list[str], typer.Argument(help=f"of {', '.join(PLANTS)}, {SUPPLIER}")],
        opcua_url: Annotated[
            str, typer.Option(help="where Emden-1 serves")
        ] = "opc.tcp://127.0.0.1:4840/emden-1",
        sftp: Annotated[
            str, typer.Option(help="where the supplier's SFTP server listens")
        ] = "127.0.0.1:2222",
        seed: Annotated[str, typer.Option(help="the same seed tells the same story")] = SEED,
        since_us: Annotated[int, typer.Option(help="where counters begin")] = SINCE_US,
        start_us: Annotated[
            int | None, typer.Option(help="tell from this instant on; default: now")
        ] = None,
        state: Annotated[
            Path | None, typer.Option(help="folder that keeps how far each plant got")
        ] = None,
    ) -> None:
        """Run simulated plants until stopped: Emden-1 on OPC UA, Zwick-2 on MQTT; a supplier."""
        unknown = sorted(set(plants) - {*PLANTS, SUPPLIER})
        if unknown:
            raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(PLANTS)}, supplier")
        if SUPPLIER in plants and state is None:
            raise typer.BadParameter("the supplier needs --state: where its files and keys lie")
        start = time.time_ns() // 1000 if start_us is None else start_us
        if state is not None:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
        since = min(since_us, start)

        async def run() -> None:
            async with asyncio.TaskGroup() as group:
                for name in plants:
                    if name == SUPPLIER and state is not None:
                        group.create_task(_run_supplier(state, sftp, seed, start))
                        continue
                    position = Position(state / f"{name}.position" if state else None, start)
                    truth = Truth(PLANTS[name], since_us=since, seed=seed)
                    group.create_task(_run(truth, opcua_url, position))

        asyncio.run(run())


async def _run(truth: Truth, opcua_url: str, position: Position) -> None:
    """Load only the protocol that the plant speaks."""
    if truth.plant is EMDEN_1:
        from werknetz_simulator.opcua_plant import OpcuaPlant

        await OpcuaPlant(truth, opcua_url, position).run()
    else:
        from werknetz_simulator.mqtt_plant import MqttPlant

        await MqttPlant(truth, required_env("WERKNETZ_MQTT_URL"), position).run()


async def _run_supplier(state: Path, where: str, seed: str, start_us: int) -> None:
    from werknetz_simulator.supplier.place import Place
    from werknetz_simulator.supplier.server import Supplier
    from werknetz_simulator.supplier.truth import SupplierTruth

    host, _, port = where.rpartition(":")
    if not host or not port.isdecimal():
        raise typer.BadParameter(f"{where!r} is no HOST:PORT", param_hint="--sftp")
    truth = SupplierTruth(seed)
    await Supplier(Place(state / SUPPLIER), host, int(port), truth, start_us).run()
