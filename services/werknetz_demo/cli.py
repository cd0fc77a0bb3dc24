"""`werknetz demo`: the whole platform on this machine, on embedded servers, with nothing else."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    @app.command("demo")
    def _demo(
        port: Annotated[int, typer.Option(help="where the API answers")] = 8080,
        data: Annotated[Path | None, typer.Option(help="folder for the data; kept")] = None,
        keep: Annotated[bool, typer.Option("--keep", help="keep the data at the end")] = False,
        plants: Annotated[int, typer.Option(min=1, max=2, help="how many plants")] = 2,
        days: Annotated[int, typer.Option(min=1, max=365, help="of history")] = 30,
    ) -> None:
        """Start servers, simulated plants and the platform; say where it is; stop on Ctrl-C."""
        from werknetz_demo.crew import CrewError
        from werknetz_demo.embedded.server import ServerError
        from werknetz_demo.embedded.state import StateError
        from werknetz_demo.run import Wish
        from werknetz_demo.story import live

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


def _say(text: str) -> None:
    typer.echo(text)
