"""Rows that the demo inserts directly: the plants, their calendars and one API key."""

import hashlib
import json
from pathlib import Path
from typing import Final

import asyncpg

from werknetz.domain.path import EquipmentPath
from werknetz_demo.embedded.state import secret_of
from werknetz_simulator.plants.plant import Plant

STATEMENT_WITHIN_S: Final = 10.0
_EQUIPMENT: Final = """
    INSERT INTO equipment (path, level, name, parent_id, time_zone)
    VALUES ($1, $2, $3, (SELECT id FROM equipment WHERE path = $4), $5)
    ON CONFLICT (path) DO UPDATE SET time_zone = coalesce(equipment.time_zone, excluded.time_zone)
"""
_CALENDAR: Final = """
    INSERT INTO shift_calendars (equipment_id, valid_from, document)
    SELECT id, '2020-01-01Z', $2::jsonb FROM equipment WHERE path = $1
    ON CONFLICT (equipment_id, valid_from) DO UPDATE SET document = excluded.document
"""
_KEY: Final = """
    INSERT INTO api_keys (prefix, hash, name, role) VALUES ('demo', $1, 'demo', 'admin')
    ON CONFLICT (prefix) DO UPDATE SET hash = excluded.hash, revoked_at = NULL
"""


def demo_key(folder: Path) -> str:
    """Return the API key of this folder: random, stored with mode 0600, the same at each start."""
    return f"wn_demo_{hashlib.sha256(secret_of(folder, 'api_key').encode()).hexdigest()}"


async def insert_seed(connection: asyncpg.Connection, plants: list[Plant], key: str) -> None:
    """Insert plants, calendars and the key; repeating it is harmless."""
    async with connection.transaction():
        for plant in plants:
            for path in EquipmentPath.parse(plant.path).ancestors():
                zone = plant.plan.time_zone if path.level == "plant" else None
                parent = str(path.parent) if path.parent else None
                await connection.execute(
                    _EQUIPMENT,
                    *(str(path), path.level, path.name, parent, zone),
                    timeout=STATEMENT_WITHIN_S,
                )
            document = json.dumps(plant.plan.to_document())
            await connection.execute(_CALENDAR, plant.path, document, timeout=STATEMENT_WITHIN_S)
        digest = hashlib.sha256(key.encode()).digest()
        await connection.execute(_KEY, digest, timeout=STATEMENT_WITHIN_S)
