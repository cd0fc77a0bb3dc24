"""The tables that the migrations make are those that the code speaks of."""

import re

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from werknetz.store.database_url import sqlalchemy_url
from werknetz.store.schema import metadata

OUTSIDE = re.compile(r"[a-z_]+_(\d{8}|catch_all)|alembic_version")


@pytest.mark.asyncio
async def test_migrations_make_the_tables(database_url: str) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        options = {"include_name": lambda name, kind, _: kind != "table" or not _is_part(name)}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))

    engine = create_async_engine(sqlalchemy_url(database_url), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def _is_part(name: str | None) -> bool:
    """Tell whether a table is a partition, which the writer makes."""
    return OUTSIDE.fullmatch(name or "") is not None
