"""`werknetz alive`: the health check of a process that has no port to query."""

import typer

from werknetz.runtime import heartbeat


def register(app: typer.Typer) -> None:
    @app.command("alive")
    def _alive(silent_max: float = heartbeat.STALE_AFTER_S) -> None:
        """Exit 0 if the main loop of this container's process has run lately, else 1."""
        if reason := heartbeat.check(silent_max):
            typer.echo(reason, err=True)
            raise typer.Exit(1)
