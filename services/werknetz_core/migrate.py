"""Upgrades a database to the newest schema. Several processes may run it at once."""

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

from werknetz.store.access.rows_key import RowsKey
from werknetz.store.database_url import open_connection, sqlalchemy_url
from werknetz.store.migration import LOCK_MIGRATION
from werknetz_core.database_roles import LoginRole, apply_roles, make_logins
from werknetz_core.rows_keys.store import store_key


def migrations_folder() -> Path:
    """Return the folder of the migrations: in the checkout, else in the installed package.

    The checkout comes first: an editable install also has a copy, which may be outdated.
    """
    checkout = Path(__file__).resolve().parents[2] / "migrations"
    spec = find_spec("werknetz_migrations")
    if (checkout / "env.py").exists() or spec is None or not spec.submodule_search_locations:
        return checkout
    return Path(spec.submodule_search_locations[0])


def upgrade(
    url: str,
    logins: Sequence[LoginRole] = (),
    reader_plants: Sequence[str] | None = (),
    rows_key: RowsKey | None = None,
) -> list[str]:
    """Upgrade the database at the URL to the newest schema, and its roles; store a key for rows.

    Return the statements that a superuser has to run, because the role in the URL may not.
    """
    return asyncio.run(upgrade_async(url, logins, reader_plants, rows_key))


async def upgrade_async(
    url: str,
    logins: Sequence[LoginRole] = (),
    reader_plants: Sequence[str] | None = (),
    rows_key: RowsKey | None = None,
) -> list[str]:
    """As `upgrade`."""
    engine = create_async_engine(
        sqlalchemy_url(url),
        poolclass=sa.NullPool,
        hide_parameters=True,
        async_creator=lambda: open_connection(url),
    )
    try:
        async with engine.connect() as connection:
            # While DDL waits for a long reader, all others wait behind it: fail and retry.
            await connection.execute(sa.text("SET lock_timeout = '10s'"))
            await connection.execute(sa.text(LOCK_MIGRATION))
            await connection.commit()
            await connection.run_sync(_run_migrations)
            await connection.commit()
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None  # noqa: S101 - it has just answered
            if rows_key is not None:
                await store_key(driver, rows_key)
            missing = await apply_roles(driver)
            if not missing:
                await make_logins(driver, logins, reader_plants)
            return missing
    finally:
        await engine.dispose()


def _run_migrations(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
