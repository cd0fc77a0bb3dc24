"""The equipment hierarchy in memory: a snapshot that is refreshed every few seconds.

Requests read path, time zone and calendar without a query. An unknown path causes one refresh.
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
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.path import EquipmentPath
from werknetz.domain.shift import Calendar, CalendarRejected
from werknetz.runtime.log import get_logger
from werknetz.store.access.caller import all_plants
from werknetz.store.equipment.lifetimes import FORMER_PATHS
from werknetz.store.queries.equipment import CALENDARS, EQUIPMENT
from werknetz.store.session import Database
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.http.problem import Problem, invalid_parameter

_FORCED_REFRESH_EVERY_S: Final = 1.0
_log: Final = get_logger("core.tree")


@dataclass(frozen=True, slots=True)
class EquipmentNode:
    id: int
    path: str
    level: str
    name: str
    time_zone: str | None  # own or inherited; above plants: set if all plants have the same
    language: str | None = None  # of a plant
    clock: str | None = None  # of a plant: 12h or 24h


class EquipmentTree:
    """All equipment and shift calendars at one time."""

    def __init__(
        self,
        rows: Sequence[asyncpg.Record],
        calendars: Sequence[asyncpg.Record],
        former_paths: Sequence[asyncpg.Record] = (),
    ) -> None:
        self.former_paths: Mapping[str, str] = {row["path"]: row["current"] for row in former_paths}
        self.version = _digest(rows, calendars)
        own = {row["path"]: row["time_zone"] for row in rows}
        self.nodes: Mapping[str, EquipmentNode] = {
            row["path"]: EquipmentNode(
                row["id"],
                row["path"],
                row["level"],
                row["name"],
                _time_zone_of(row["path"], own),
                row["language"],
                row["clock"],
            )
            for row in rows
        }
        self._calendars: dict[str, list[tuple[int, Calendar]]] = {}
        for row in calendars:
            try:
                parsed = Calendar.parse_stored(json.loads(row["document"]))
            except CalendarRejected as error:  # one calendar never stops the others
                _log.error("shift calendar cannot be used", id=row["id"], reason=str(error))
                continue
            entry = (microseconds_of(row["valid_from"]), parsed)
            self._calendars.setdefault(row["path"], []).append(entry)
        self._histories: dict[tuple[str, ...], CalendarHistory] = {}

    def calendar_history(self, path: str) -> CalendarHistory:
        """Return the calendars of the equipment over time: its own, else the nearest above."""
        above: list[str] = []
        ancestor = path
        while ancestor:
            if ancestor in self._calendars:
                above.append(ancestor)
            ancestor = ancestor.rpartition("/")[0]
        key = tuple(above)
        if key not in self._histories:
            self._histories[key] = CalendarHistory.of(self._calendars[name] for name in key)
        return self._histories[key]

    def shift_scopes(self, path: str) -> list[EquipmentNode]:
        """Return the equipment whose calendars cut the shifts of an equipment.

        That is itself, or the nearest below that have calendars of their own, such as its plants.
        """
        if self.calendar_history(path).steps:
            return [self.nodes[path]]
        own = sorted(name for name in self._calendars if name.startswith(path + "/"))
        nearest: list[str] = []
        for name in own:  # what is above comes first
            if not any(name.startswith(above + "/") for above in nearest):
                nearest.append(name)
        return [self.nodes[name] for name in nearest]

    def calendar_of(self, path: str, at_us: int) -> Calendar | None:
        """Return the calendar that holds at an instant."""
        return self.calendar_history(path).calendar_at(at_us)

    def subtree(self, path: str) -> list[EquipmentNode]:
        """Return the equipment and everything below it."""
        return list(self._nodes_below.get(path, ()))

    def paths_over_time(self, path: str, *, moved: bool = True) -> list[str]:
        """Return the path of an equipment and those that it, or parts of it, had before.

        `path` may be a former one. `moved`: also places from which it moved, whose history stays.
        """
        present = path if path in self.nodes else self.former_paths.get(path, path)
        former = (
            before
            for before, current in self.former_paths.items()
            if (current == present or current.startswith(present + "/"))
            and (moved or before not in self.nodes)
        )
        return sorted({path, present, *former})

    def visible_ids(self, principal: Principal) -> list[int] | None:
        """Return the ids of the equipment that the key may see; None: of all."""
        if principal.plants is None:
            return None
        return [node.id for node in self.nodes.values() if principal.can_see(node.path)]

    @cached_property
    def _nodes_below(self) -> Mapping[str, list[EquipmentNode]]:
        below: dict[str, list[EquipmentNode]] = {}
        for node in self.nodes.values():
            for ancestor in EquipmentPath.parse(node.path).ancestors():
                below.setdefault(str(ancestor), []).append(node)
        return below

    @cached_property
    def ids_below(self) -> Mapping[str, list[int]]:
        """The ids of each equipment and of all below it, by path."""
        ids: dict[str, list[int]] = {path: [] for path in self.nodes}
        for node in self.nodes.values():
            for ancestor in EquipmentPath.parse(node.path).ancestors():
                if str(ancestor) in ids:
                    ids[str(ancestor)].append(node.id)
        return ids


class EquipmentTreeCache:
    """Holds the snapshot and refreshes it; the last one is used while PostgreSQL is unavailable."""

    def __init__(self, pool: Database, *, refresh_s: float) -> None:
        self._pool = pool
        self._refresh_s = refresh_s
        self._tree: EquipmentTree | None = None
        self._refreshed_at_s = 0.0
        self._lock = asyncio.Lock()
        self._changes = 0  # of this process
        self._seen_changes = 0  # that were committed before the snapshot was read
        self._loads = self._loaded = 0  # numbers of the newest load, and of that of the snapshot

    def expire(self) -> None:
        """Refresh before the next use: this process has changed equipment or calendars."""
        self._changes += 1

    async def run(self) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(self._refresh_s)
            try:
                await self.refresh()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("equipment not refreshed", error=type(error).__name__)
            except ValueError as error:  # an unreadable calendar: the last snapshot stays in use
                _log.error("equipment not refreshed", error=str(error))

    async def refresh(self) -> EquipmentTree:
        # Until the rows are here, the snapshot is expired for everybody else, too.
        self._loads += 1
        load, changes = self._loads, self._changes
        with all_plants():  # every caller uses the snapshot
            rows, calendars, former_paths = await self._load()
        if self._tree is not None and load < self._loaded:
            return self._tree  # a later load was faster: what this one saw is former
        self._loaded, self._seen_changes = load, changes
        former = {row["path"]: row["current"] for row in former_paths}
        present = self._tree
        if (
            present is None
            or present.version != _digest(rows, calendars)
            or present.former_paths != former
        ):
            self._tree = present = EquipmentTree(rows, calendars, former_paths)
        return present  # unchanged: what it has derived stays in use

    async def _load(self) -> tuple[list[asyncpg.Record], ...]:
        async with self._pool.acquire() as connection:
            return (
                await connection.fetch(EQUIPMENT),
                await connection.fetch(CALENDARS),
                await connection.fetch(FORMER_PATHS),
            )

    async def current(self) -> EquipmentTree:
        if self._tree is None or self._is_expired:
            async with self._lock:
                if self._tree is None or self._is_expired:
                    return await self.refresh()
        return self._tree

    @property
    def _is_expired(self) -> bool:
        return self._seen_changes < self._changes

    async def find_node(self, path: str, principal: Principal) -> EquipmentNode:
        """Return the equipment; raise 403 outside the key's plants, 404 with similar paths."""
        principal.require_equipment(path)
        tree = await self.current()
        if (
            path not in tree.nodes
            and time.monotonic() - self._refreshed_at_s > _FORCED_REFRESH_EVERY_S
        ):
            self._refreshed_at_s = time.monotonic()
            tree = await self.refresh()
        if path in tree.nodes:
            return tree.nodes[path]
        present = tree.former_paths.get(path, "")
        if present in tree.nodes and principal.can_see(present):
            return tree.nodes[present]
        raise _unknown_equipment(path, [p for p in tree.nodes if principal.can_see(p)])


def _unknown_equipment(path: str, visible: Sequence[str]) -> Problem:
    try:
        EquipmentPath.parse(path)
    except ValueError as error:
        return invalid_parameter(
            "equipment",
            Sentence("equipment.invalid_path", error=error),
            Sentence("equipment.use_path"),
        )
    near = difflib.get_close_matches(path, visible, n=3, cutoff=0.5)
    hint = (
        Sentence("requests.did_you_mean", near=[*near])
        if near
        else Sentence("equipment.list_equipment")
    )
    return Problem(404, "unknown_equipment", Sentence("equipment.unknown", path=path), hint)


def _time_zone_of(path: str, own: Mapping[str, str | None]) -> str | None:
    for ancestor in reversed(EquipmentPath.parse(path).ancestors()):
        if zone := own.get(str(ancestor)):
            return zone
    below = {zone for p, zone in own.items() if zone and p.startswith(path + "/")}
    return below.pop() if len(below) == 1 else None


def _digest(rows: Sequence[asyncpg.Record], calendars: Sequence[asyncpg.Record]) -> str:
    content = repr([tuple(row) for row in rows]) + repr([tuple(row) for row in calendars])
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def now_us() -> int:
    return microseconds_of(datetime.now(UTC))
