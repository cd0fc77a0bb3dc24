"""`werknetz demo`: the whole platform on this machine, on embedded servers."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

Running = Annotated[
    Path | None, typer.Option(help="folder of the running demo; default: the only one that runs")
]


def register(app: typer.Typer) -> None:
    demo = typer.Typer(invoke_without_command=True)
    app.add_typer(demo, name="demo")

    @demo.callback()
    def _demo(
        context: typer.Context,
        port: Annotated[int, typer.Option(help="port of the API")] = 8080,
        data: Annotated[
            Path | None, typer.Option(help="folder for the data, which stays after the end")
        ] = None,
        keep: Annotated[
            bool, typer.Option("--keep", help="keep the temporary data folder at the end")
        ] = False,
        plants: Annotated[int, typer.Option(min=1, max=6, help="number of simulated plants")] = 6,
        days: Annotated[int, typer.Option(min=1, max=365, help="days of history")] = 30,
    ) -> None:
        """Start servers, simulated plants and the platform; stop with Ctrl-C."""
        if context.invoked_subcommand is not None:
            return
        from werknetz_demo.embedded.server import ServerError
        from werknetz_demo.embedded.state import DataFolderError
        from werknetz_demo.lifecycle import run_demo
        from werknetz_demo.run import DemoOptions
        from werknetz_demo.supervisor import SupervisorError

        async def run() -> None:
            stopped = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stopped.set)
            options = DemoOptions(port=port, data=data, keep=keep, plants=plants, days=days)
            await run_demo(options, _print_line, stopped)

        try:
            asyncio.run(run())
        except (SupervisorError, ServerError, DataFolderError) as error:
            typer.echo(f"werknetz demo: {error}", err=True)
            raise typer.Exit(1) from None

    _register_bad_edi(demo)
    _register_plant_faults(demo)


def _register_bad_edi(demo: typer.Typer) -> None:
    """Register the command that sends a faulty message."""

    @demo.command("bad-edi")
    def _bad_edi(
        data: Running = None,
    ) -> None:
        """Send a despatch advice with a misspelt quantity to a running demo."""
        from werknetz_demo.embedded.state import DataFolderError
        from werknetz_demo.faults import drop_bad_edi, running_folder

        try:
            file = drop_bad_edi(running_folder(data))
        except DataFolderError as error:
            typer.echo(f"werknetz demo bad-edi: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(
            f"{file.name} is in the SFTP folder of Weserguss: its line 1 has 12O pieces, with the "
            "letter O.\nWithin seconds line 2 is stored as an event, and line 1 is in quarantine "
            "with its segment and byte:\n"
            "  werknetz quarantine groups      werknetz quarantine list\n"
            "(with WERKNETZ_URL and WERKNETZ_API_KEY as the demo has printed them)"
        )


def _register_plant_faults(demo: typer.Typer) -> None:
    """Register the commands that stop machines."""

    @demo.command("late-delivery")
    def _late_delivery(
        minutes: Annotated[
            float, typer.Option(min=1, max=240, help="minutes until it arrives")
        ] = 10,
        data: Running = None,
    ) -> None:
        """Delay a delivery in a running demo, so that a line starves."""
        from werknetz_demo.embedded.state import DataFolderError
        from werknetz_demo.faults import delay_delivery, running_folder

        try:
            typer.echo(delay_delivery(running_folder(data), minutes))
        except DataFolderError as error:
            typer.echo(f"werknetz demo late-delivery: {error}", err=True)
            raise typer.Exit(1) from None

    @demo.command("break")
    def _break(
        machine: Annotated[str, typer.Argument(help="its name or path: press-3, pueb-5/…/robot-2")],
        minutes: Annotated[float, typer.Option(min=0.5, max=240, help="minutes of downtime")] = 5,
        data: Running = None,
    ) -> None:
        """Stop a machine of a running demo for some minutes; print commands to try."""
        from werknetz_demo.embedded.state import DataFolderError
        from werknetz_demo.faults import break_down, running_folder

        try:
            text = break_down(running_folder(data), machine, minutes)
        except DataFolderError as error:
            typer.echo(f"werknetz demo break: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(text)


def _print_line(text: str) -> None:
    typer.echo(text)
