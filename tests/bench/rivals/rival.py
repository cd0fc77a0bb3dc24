"""What the rivals have in common: their database and their table."""

import os
import secrets
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg

from bench.rivals.chain import Chain
from bench.rivals.installation import schema

USER, DATABASE = "corpus", "peers"  # names that the rivals' programs contain


class RivalChain(Chain):
    table: ClassVar[str] = "raw_event"
    tag: ClassVar[str] = "tag"
    at: ClassVar[str] = "ts"

    @property
    def database_url(self) -> str:
        return urlsplit(self.postgres.superuser_url)._replace(path=f"/{DATABASE}").geturl()

    async def make_table(self) -> dict[str, str]:
        """Create the database; return the environment of the processes that write to it."""
        password = secrets.token_hex(16)
        connection = await asyncpg.connect(self.postgres.superuser_url, timeout=60)
        await connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{password}'")
        await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {USER}")
        await connection.close(timeout=60)
        connection = await asyncpg.connect(self.database_url, timeout=60)
        await connection.execute(f"{schema()} GRANT ALL ON raw_event, raw_event_id_seq TO {USER}")
        await connection.close(timeout=60)
        return os.environ | {"PGPASSWORD": password}
