"""`werknetz alive`: the health check of a process that has no port to ask."""

import typer

from werknetz.runtime import heartbeat


def register(app: typer.Typer) -> None:
    @app.command("alive")
    def _alive(silent_max: float = heartbeat.SILENT_S) -> None:
        """Exit 0 if the process in this container has turned its main loop lately, else 1."""
        silent = heartbeat.silent_s()
        if silent is None:
            typer.echo(f"no sign of life yet in {heartbeat.alive_file()}", err=True)
            raise typer.Exit(1)
        if silent > silent_max:
            typer.echo(f"silent for {silent:.0f} s, more than {silent_max:.0f} s", err=True)
            raise typer.Exit(1)
