"""All KPIs in memory: those of the catalogue, and those that the customer defines.

Formulas are compiled once, when a definition is new. Requests need no query; an unknown name
causes one refresh, as another process may have stored the definition a moment ago.
"""

import asyncio
import difflib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.connector.yaml_format import ConfigurationError
from werknetz.domain.bucket import microseconds_of
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Kpi
from werknetz.own_kpis.definition import join_versions, load_definition
from werknetz.runtime.log import get_logger
from werknetz.store.session import Database
from werknetz.store.shop_floor.kpi_definitions import KPI_DEFINITIONS
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem

_FORCED_REFRESH_EVERY_S: Final = 1.0
_REPEATED_MAX: Final = 5  # names that a hint shows
_log: Final = get_logger("core.kpis")


@dataclass(frozen=True, slots=True)
class KpiCatalogue:
    """The KPIs at one time."""

    own: Mapping[str, Kpi] = field(default_factory=dict)  # by name; not those that are retired
    unusable: Mapping[str, str] = field(default_factory=dict)  # own KPIs by name, with the reason
    retired: Mapping[str, datetime] = field(default_factory=dict)

    def all(self) -> list[Kpi]:
        return [*CATALOGUE.values(), *self.own.values()]

    def has(self, name: str) -> bool:
        return name in CATALOGUE or name in self.own

    def find(self, name: str) -> Kpi:
        """Return a KPI; raise 422 with similar names, or why an own KPI has no values."""
        kpi = CATALOGUE.get(name) or self.own.get(name)
        if kpi is not None:
            return kpi
        code = "unknown_kpi"
        detail: str = Sentence("kpis.unknown", name=name)
        near = difflib.get_close_matches(name, [*CATALOGUE, *self.own], n=3, cutoff=0.4)
        similar = Sentence("requests.did_you_mean_then", near=[*near]) if near else ""
        hint = Sentence("kpis.list_all", near=similar)
        if names := _names_in(name):
            parameters = "&".join(f"kpi={part}" for part in names)
            hint = Sentence("kpis.repeat_parameter", parameters=parameters)
        if name in self.unusable:
            code = "unusable_kpi"
            detail = Sentence("kpis.unusable", name=name, fault=self.unusable[name])
            hint = Sentence("kpis.store_corrected", name=name)
        elif name in self.retired:
            code = "retired_kpi"
            detail = Sentence(
                "kpis.retired", name=name, since=self.retired[name].isoformat(timespec="seconds")
            )
            hint = Sentence("kpis.bring_back", name=name)
        errors = [{"pointer": "/query/kpi", "code": code, "detail": name}]
        raise Problem(422, code, detail, hint, errors=errors)


def _names_in(text: str) -> list[str]:
    """Return the names in a text with commas; none if it has no comma."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    return names[:_REPEATED_MAX] if "," in text else []


def require_level(kpi: Kpi, level: str) -> None:
    """Raise 422 where the definition of an own KPI has no values of this level."""
    if kpi.levels is not None and level not in kpi.levels:
        levels = ", ".join(kpi.levels)
        errors = [{"pointer": "/query/kpi", "code": "other_level", "detail": kpi.name}]
        raise Problem(
            422, "other_level", Sentence("kpis.other_level", name=kpi.name, level=level),
            Sentence("kpis.use_level", levels=levels),
            errors=errors,
        )  # fmt: skip


class KpiCatalogueCache:
    """Holds the KPIs and refreshes them; the last ones are used while PostgreSQL is unavailable."""

    def __init__(self, database: Database, *, refresh_s: float) -> None:
        self._database = database
        self._refresh_s = refresh_s
        self._catalogue: KpiCatalogue | None = None
        self._compiled: dict[tuple[str, int], Kpi | str] = {}
        self._forced_at_s = 0.0
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(self._refresh_s)
            try:
                await self.refresh()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("KPI definitions not refreshed", error=type(error).__name__)

    async def refresh(self) -> KpiCatalogue:
        rows = await self._database.fetch(KPI_DEFINITIONS)
        self._catalogue = self._build(rows)
        return self._catalogue

    async def current(self) -> KpiCatalogue:
        if self._catalogue is None:
            async with self._lock:
                if self._catalogue is None:
                    return await self.refresh()
        return self._catalogue

    async def with_names(self, names: Iterable[str]) -> KpiCatalogue:
        """Return the KPIs, refreshed where one of these is not among them."""
        if all(name in CATALOGUE for name in names):
            return self._catalogue or WITHOUT_OWN
        catalogue = await self.current()
        is_due = time.monotonic() - self._forced_at_s > _FORCED_REFRESH_EVERY_S
        if is_due and not all(catalogue.has(name) for name in names):
            self._forced_at_s = time.monotonic()
            return await self.refresh()
        return catalogue

    def _build(self, rows: Sequence[asyncpg.Record]) -> KpiCatalogue:
        versions: dict[str, list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            versions[row["name"]].append(row)
        own: dict[str, Kpi] = {}
        unusable: dict[str, str] = {}
        retired: dict[str, datetime] = {}
        compiled: dict[tuple[str, int], Kpi | str] = {}
        for name, stored in versions.items():
            if stored[-1]["retired_at"] is not None:
                retired[name] = stored[-1]["retired_at"]
                continue
            loaded = [self._load(row) for row in stored]
            compiled |= {
                (name, row["version"]): kpi for row, kpi in zip(stored, loaded, strict=True)
            }
            problems = [kpi for kpi in loaded if isinstance(kpi, str)]
            if problems:
                unusable[name] = problems[0]
            else:
                own[name] = join_versions([kpi for kpi in loaded if isinstance(kpi, Kpi)])
        self._compiled = compiled
        return KpiCatalogue(own, unusable, retired)

    def _load(self, row: asyncpg.Record) -> Kpi | str:
        """Return the KPI, or why it cannot be used: one definition never stops the others."""
        compiled = self._compiled.get((row["name"], row["version"]))
        if compiled is not None:
            return compiled
        try:
            return load_definition(
                json.loads(row["document"]), file=f"version {row['version']}",
                version=row["version"], now_us=microseconds_of(row["valid_from"]),
            ).kpi  # fmt: skip
        except ConfigurationError as error:
            _log.error("KPI definition cannot be used", name=row["name"], reason=str(error))
            return str(error)


WITHOUT_OWN: Final = KpiCatalogue()
