"""`python -m chaos.program edge FILE` or `ingest`: the two commands under test, and no others."""

import typer

from werknetz_core.ingest import cli as ingest
from werknetz_edge import cli as edge

if __name__ == "__main__":
    app = typer.Typer()
    edge.register(app)
    ingest.register(app)
    app()
