"""Small questions to the embedded servers and to the processes of this machine."""

import asyncpg
import psutil


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=60)
    await connection.execute(statement)
    await connection.close(timeout=60)


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url, timeout=60)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close(timeout=60)


def is_at_work(pid: int) -> bool:
    """One that is dead but that init has yet to reap still has its number."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
