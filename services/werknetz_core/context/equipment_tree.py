"""The equipment as the API knows it: a snapshot, renewed every few seconds beside the requests.

So a poll finds path, zone and calendar without a query. An unknown path asks the database once.
"""

import asyncio
import difflib
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import asyncpg

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.path import EquipmentPath
from werknetz.domain.shift import Calendar
from werknetz.runtime.log import get_logger
from werknetz.store.session import Database
from werknetz_core.access.keys import Principal
from werknetz_core.http.problem import Problem, invalid_parameter

_FORCED_EVERY_S: Final = 1.0
_EQUIPMENT: Final = "SELECT id, path, level, name, time_zone FROM equipment ORDER BY path"
_CALENDARS: Final = """
    SELECT q.path, c.id, c.valid_from, c.document::text AS document
    FROM shift_calendars c JOIN equipment q ON q.id = c.equipment_id
    ORDER BY q.path, c.valid_from
"""
_log: Final = get_logger("core.tree")


@dataclass(frozen=True, slots=True)
class EquipmentNode:
    id: int
    path: str
    level: str
    name: str
    time_zone: str | None  # its own or that of what it is in; above plants: if all agree


class EquipmentTree:
    """All equipment at one time."""

    def __init__(self, rows: Sequence[asyncpg.Record], calendars: Sequence[asyncpg.Record]) -> None:
        self.version = _digest(rows, calendars)
        own = {row["path"]: row["time_zone"] for row in rows}
        self.nodes: Mapping[str, EquipmentNode] = {
            row["path"]: EquipmentNode(
                row["id"], row["path"], row["level"], row["name"], _zone(row["path"], own)
            )
            for row in rows
        }
        self._calendars: dict[str, list[tuple[int, Calendar]]] = {}
        for row in calendars:
            parsed = Calendar.parse(json.loads(row["document"]))
            entry = (microseconds_of(row["valid_from"]), parsed)
            self._calendars.setdefault(row["path"], []).append(entry)

    def calendar_of(self, path: str, at_us: int) -> Calendar | None:
        """Return the calendar that holds for the equipment: its own, else from above."""
        above = path
        while above:
            if entries := self._calendars.get(above):
                valid = [calendar for valid_from, calendar in entries if valid_from <= at_us]
                return valid[-1] if valid else entries[0][1]
            above = above.rpartition("/")[0]
        return None

    def subtree(self, path: str) -> list[EquipmentNode]:
        """Return the equipment and everything below it."""
        return [node for at, node in self.nodes.items() if at == path or at.startswith(path + "/")]

    @cached_property
    def ids_below(self) -> Mapping[str, list[int]]:
        """Of each equipment: the ids of itself and of all that is below."""
        found: dict[str, list[int]] = {path: [] for path in self.nodes}
        for node in self.nodes.values():
            for above in EquipmentPath.parse(node.path).ancestors():
                if str(above) in found:
                    found[str(above)].append(node.id)
        return found


class EquipmentTreeCache:
    """Renews the snapshot; the last one stays in use while PostgreSQL is away."""

    def __init__(self, pool: Database, *, every_s: float) -> None:
        self._pool = pool
        self._every_s = every_s
        self._tree: EquipmentTree | None = None
        self._forced_at = 0.0
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Renew for ever."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.refresh()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("equipment not renewed", error=type(error).__name__)
            except ValueError as error:  # a calendar that nobody can read: keep the last good one
                _log.error("equipment not renewed", error=str(error))

    async def refresh(self) -> EquipmentTree:
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(_EQUIPMENT)
            calendars = await connection.fetch(_CALENDARS)
        self._tree = EquipmentTree(rows, calendars)
        return self._tree

    async def current(self) -> EquipmentTree:
        if self._tree is None:
            async with self._lock:
                if self._tree is None:
                    return await self.refresh()
        return self._tree

    async def find_node(self, path: str, principal: Principal) -> EquipmentNode:
        """Return the equipment; raise 403 outside the key's plants, 404 with what is near."""
        principal.require_equipment(path)
        tree = await self.current()
        if path not in tree.nodes and time.monotonic() - self._forced_at > _FORCED_EVERY_S:
            self._forced_at = time.monotonic()
            tree = await self.refresh()
        if path in tree.nodes:
            return tree.nodes[path]
        raise _unknown(path, [known for known in tree.nodes if principal.can_see(known)])


def _unknown(path: str, known: Sequence[str]) -> Problem:
    try:
        EquipmentPath.parse(path)
    except ValueError as error:
        return invalid_parameter(
            "equipment", f"{error}.", "Write a path such as nordwerk/emden-1/body/line-2/press-3."
        )
    near = difflib.get_close_matches(path, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "GET /api/v1/equipment lists all."
    return Problem(404, "unknown_equipment", f"There is no equipment {path!r}.", hint)


def _zone(path: str, own: Mapping[str, str | None]) -> str | None:
    for above in reversed(EquipmentPath.parse(path).ancestors()):
        if found := own.get(str(above)):
            return found
    below = {zone for at, zone in own.items() if zone and at.startswith(path + "/")}
    return below.pop() if len(below) == 1 else None


def _digest(rows: Sequence[asyncpg.Record], calendars: Sequence[asyncpg.Record]) -> str:
    told = repr([tuple(row) for row in rows]) + repr([tuple(row) for row in calendars])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def now_us() -> int:
    return microseconds_of(datetime.now(UTC))
