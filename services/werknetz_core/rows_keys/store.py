"""Stores the keys that sign whose rows the API sees, replaces them, and checks the one in use."""

import contextlib
import json
import os
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from werknetz.runtime.settings import SettingError
from werknetz.store.access.caller import give_plants
from werknetz.store.access.rows_key import (
    END_SIGNED,
    LIST_ROWS_KEYS,
    OVERLAP,
    STORE_ROWS_KEY,
    RowsKey,
    RowsKeyRefused,
)
from werknetz.store.database_url import open_connection
from werknetz.store.shop_floor.audit import ADD_AUDIT_ENTRY
from werknetz_core.admin import CONNECT_S, AdminError

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

T = TypeVar("T")


def key_from_option(file: Path) -> RowsKey:
    """Read the key of a file; raise AdminError."""
    try:
        return RowsKey.from_file(file)
    except SettingError as error:
        raise AdminError(
            f"--rows-key: {error}", f"`openssl rand -hex 32 > {file}` makes a key"
        ) from error


async def store_key(connection: "Connection", key: RowsKey, overlap: timedelta = OVERLAP) -> None:
    """Store a key as the one in force, outside a transaction; record which ones it replaces.

    Former ones are valid for the overlap. Without one, connections that are open see no row until
    they state their plants again: what a former key has signed for them would be valid for up to
    an hour. The audit log has no key, only fingerprints.
    """
    async with connection.transaction():
        former = [row["fingerprint"] for row in await connection.fetch(LIST_ROWS_KEYS)
                  if row["valid_until"] is None]  # fmt: skip
        await connection.execute(STORE_ROWS_KEY, key.fingerprint, *key.pads, overlap)
        if former and key.fingerprint not in former:
            after = {"fingerprint": key.fingerprint, "overlap_s": overlap.total_seconds()}
            await connection.execute(
                ADD_AUDIT_ENTRY, "rotated", "rows_key", key.fingerprint,
                json.dumps({"fingerprints": former}), json.dumps(after),
            )  # fmt: skip
    if not overlap:
        await connection.execute(END_SIGNED)


async def list_keys(url: str) -> list[dict[str, Any]]:
    """Return fingerprint, added_at, valid_until and is_valid of each stored key."""
    connection = await open_connection(url, timeout=CONNECT_S, command_timeout=CONNECT_S)
    try:
        return [dict(row) for row in await _as_owner(connection.fetch(LIST_ROWS_KEYS))]
    finally:
        await connection.close(timeout=CONNECT_S)


async def replace_key(url: str, file: Path, overlap: timedelta) -> str:
    """Make a key, store it in the database and in the file; return its fingerprint.

    The file is written under another name first: a full disk must not cost the API its key.
    """
    key, new = RowsKey.generate(), file.with_name(f"{file.name}.new")
    connection = await open_connection(url, timeout=CONNECT_S, command_timeout=CONNECT_S)
    try:
        _write(new, key, _mode_of(file))
        await _as_owner(store_key(connection, key, overlap))
        new.replace(file)
    except PermissionError as error:
        raise AdminError(f"{file} cannot be written", "correct the path or its rights") from error
    finally:
        new.unlink(missing_ok=True)
        await connection.close(timeout=CONNECT_S)
    return key.fingerprint


async def find_refusal(connection: "Connection") -> tuple[str, str] | None:
    """Return what is wrong with the key of this process, and the remedy; None: it is accepted."""
    try:
        await give_plants(connection, {}, RowsKey.from_environment())
    except RowsKeyRefused as error:
        return error.what, error.remedy
    except SettingError as error:
        return str(error), "Correct the variable."
    except asyncpg.UndefinedTableError as error:
        return str(error), "Run `werknetz migrate`."
    return None


async def _as_owner(work: Awaitable[T]) -> T:
    try:
        return await work
    except asyncpg.InsufficientPrivilegeError as error:
        raise AdminError(
            "only the owner of the tables has the keys", "name its URL in WERKNETZ_DATABASE_URL"
        ) from error


def _mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777 if file.exists() else 0o600


def _write(file: Path, key: RowsKey, mode: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(f"{key.text}\n")
    file.chmod(mode)
