"""`werknetz alive`: the health check of a process that has no port to query."""

import typer

from werknetz.runtime import heartbeat


def register(app: typer.Typer) -> None:
    @app.command("alive")
    def _alive(silent_max: float = heartbeat.STALE_AFTER_S) -> None:
        """Exit 0 if the main loop of this container's process has run lately, else 1."""
        silent = heartbeat.seconds_since_touch()
        if silent is None:
            typer.echo(f"no sign of life yet in {heartbeat.alive_file()}", err=True)
            raise typer.Exit(1)
        if silent > silent_max:
            typer.echo(f"silent for {silent:.0f} s, more than {silent_max:.0f} s", err=True)
            raise typer.Exit(1)
