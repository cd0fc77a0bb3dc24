"""Brings a database to the newest schema; safe to run by several processes at once."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

from werknetz.store.database_url import sqlalchemy_url

_LOCK = 0x5745524B  # "WERK": one migration at a time


def migrations_folder() -> Path:
    """Return where the migrations are: in the checkout, else inside the installed package.

    The checkout first: beside an editable install lies a copy from the day of the install.
    """
    checkout = Path(__file__).resolve().parents[2] / "migrations"
    spec = find_spec("werknetz_migrations")
    if (checkout / "env.py").exists() or spec is None or not spec.submodule_search_locations:
        return checkout
    return Path(spec.submodule_search_locations[0])


def upgrade(url: str) -> None:
    """Bring the database at the URL to the newest schema."""
    asyncio.run(upgrade_async(url))


async def upgrade_async(url: str) -> None:
    engine = create_async_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
    try:
        async with engine.connect() as connection:
            # A long reader must not queue everybody behind our DDL: fail, and be tried again.
            await connection.execute(sa.text("SET lock_timeout = '10s'"))
            await connection.execute(sa.text(f"SELECT pg_advisory_lock({_LOCK})"))
            await connection.commit()
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
