"""`werknetz demo`: the whole platform on this machine, on embedded servers, with nothing else."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

Running = Annotated[
    Path | None, typer.Option(help="folder of the running demo; else the one that runs")
]


def register(app: typer.Typer) -> None:
    demo = typer.Typer(invoke_without_command=True)
    app.add_typer(demo, name="demo")

    @demo.callback()
    def _demo(
        context: typer.Context,
        port: Annotated[int, typer.Option(help="where the API answers")] = 8080,
        data: Annotated[Path | None, typer.Option(help="folder for the data; kept")] = None,
        keep: Annotated[bool, typer.Option("--keep", help="keep the data at the end")] = False,
        plants: Annotated[int, typer.Option(min=1, max=6, help="how many plants")] = 6,
        days: Annotated[int, typer.Option(min=1, max=365, help="of history")] = 30,
    ) -> None:
        """Start servers, simulated plants and the platform; say where it is; stop on Ctrl-C."""
        if context.invoked_subcommand is not None:
            return
        from werknetz_demo.embedded.server import ServerError
        from werknetz_demo.embedded.state import StateError
        from werknetz_demo.lifecycle import live
        from werknetz_demo.run import Wish
        from werknetz_demo.supervisor import CrewError

        async def run() -> None:
            stopped = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stopped.set)
            wish = Wish(port=port, data=data, keep=keep, plants=plants, days=days)
            await live(wish, _say, stopped)

        try:
            asyncio.run(run())
        except (CrewError, ServerError, StateError) as error:
            typer.echo(f"werknetz demo: {error}", err=True)
            raise typer.Exit(1) from None

    _register_mischief(demo)
    _register_plants_mischief(demo)


def _register_mischief(demo: typer.Typer) -> None:
    """Something to watch in a demo that runs."""

    @demo.command("bad-edi")
    def _bad_edi(
        data: Running = None,
    ) -> None:
        """Put a despatch advice with a misspelt quantity into the supplier's SFTP folder."""
        from werknetz_demo.embedded.state import StateError
        from werknetz_demo.faults import drop_bad_edi, running

        try:
            file = drop_bad_edi(running(data))
        except StateError as error:
            typer.echo(f"werknetz demo bad-edi: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(
            f"{file.name} lies in the supplier's folder: its line 1 has 12O pieces, with the "
            "letter O.\nIn some seconds line 2 is an event, and line 1 is in quarantine with its "
            "segment and byte:\n  werknetz quarantine groups      werknetz quarantine list\n"
            "(with the WERKNETZ_URL and WERKNETZ_API_KEY that the demo has printed)"
        )


def _register_plants_mischief(demo: typer.Typer) -> None:
    """What makes machines stand."""

    @demo.command("late-delivery")
    def _late_delivery(
        minutes: Annotated[float, typer.Option(min=1, max=240, help="until it comes")] = 10,
        data: Running = None,
    ) -> None:
        """Hold a delivery back in a running demo, so that a line stands for it."""
        from werknetz_demo.embedded.state import StateError
        from werknetz_demo.faults import hold_back, running

        try:
            typer.echo(hold_back(running(data), minutes))
        except StateError as error:
            typer.echo(f"werknetz demo late-delivery: {error}", err=True)
            raise typer.Exit(1) from None

    @demo.command("break")
    def _break(
        machine: Annotated[str, typer.Argument(help="its name or path: press-3, pueb-5/…/robot-2")],
        minutes: Annotated[float, typer.Option(min=0.5, max=240, help="how long it stands")] = 5,
        data: Running = None,
    ) -> None:
        """Let a machine of a running demo fail for some minutes; say what to look at."""
        from werknetz_demo.embedded.state import StateError
        from werknetz_demo.faults import break_down, running

        try:
            text = break_down(running(data), machine, minutes)
        except StateError as error:
            typer.echo(f"werknetz demo break: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(text)


def _say(text: str) -> None:
    typer.echo(text)
