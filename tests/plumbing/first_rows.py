"""What a test of the page starts with: a company of three plants, and keys of the API."""

import asyncpg

from werknetz_core.access.keys import generate_key

EMDEN, ZWICK = "nordwerk/emden-1", "nordwerk/zwick-2"


async def add_plants(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "WITH e AS (INSERT INTO equipment (path, level, name) VALUES"
            " ('nordwerk', 'enterprise', 'nordwerk') RETURNING id)"
            " INSERT INTO equipment (path, level, name, parent_id, time_zone)"
            " SELECT 'nordwerk/' || name, 'plant', name, e.id, 'Europe/Berlin' FROM e,"
            " unnest(ARRAY['emden-1', 'zwick-2', 'palma-3']) AS name"
        )
    finally:
        await connection.close()


async def add_key(url: str, name: str, role: str) -> str:
    key = generate_key()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, $3, $4)",
            key.prefix, key.hash, name, role,
        )  # fmt: skip
    finally:
        await connection.close()
    return key.key
