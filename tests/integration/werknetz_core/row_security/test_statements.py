"""Each service may run every statement that it uses: nothing is found out in production."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

import werknetz.store
from plumbing.servers import API, INGEST, WORKER, url_as
from werknetz.store.elements.rollups.reading import piece_sums, piece_sums_with_states, run_rows
from werknetz.store.ingest.records import CREATE_STAGING_TABLE
from werknetz.store.relations import findings

pytestmark = pytest.mark.asyncio
SERVICES = Path(__file__).parents[4] / "services"
CORE = SERVICES / "werknetz_core"
# A replay runs in the process of ingest.
REPLAYS = tuple(
    CORE / "mappings" / f"{name}.py"
    for name in (
        "replays/runner", "replays/apply", "replays/event_correction", "normalizer_cache",
        "raw_inputs",
    )
)  # fmt: skip
OF_OWNER = frozenset(
    {
        "LOCK_MIGRATION",
        "UNLOCK_MIGRATION",
        "SET_READER",
        "STORE_ROWS_KEY",
        "LIST_ROWS_KEYS",
        "END_SIGNED",
    }
)
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
TEMPORARY = {
    INGEST: (CREATE_STAGING_TABLE,),
    WORKER: tuple(text for name, text in vars(findings).items() if "TEMP TABLE" in str(text)),
}
NAME = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")


def _sources(login: str) -> list[Path]:
    ingest = {*(CORE / "ingest").rglob("*.py"), *REPLAYS}
    if login == INGEST:
        return sorted(ingest)
    if login == WORKER:
        return sorted((SERVICES / "werknetz_worker").rglob("*.py"))
    return sorted({*CORE.rglob("*.py")} - ingest)


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for entry in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(entry.name)


def _statements(value: Any) -> Iterator[str]:
    if isinstance(value, sa.TextClause):
        yield str(value.compile(dialect=dialect()))
    elif isinstance(value, str):
        if STATEMENT.match(value):
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _statements(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _statements(part)


def list_statements(login: str) -> dict[str, str]:
    """Return the statements of the store that the modules of a service import and name."""
    texts = [file.read_text(encoding="utf-8") for file in _sources(login)]
    used: dict[str, str] = {}
    for module in _modules(werknetz.store):
        importing = [text for text in texts if _imports(text, module.__name__)]
        names = {name for text in importing for name in NAME.findall(text)} - OF_OWNER
        for name in sorted(names & vars(module).keys()):
            for number, statement in enumerate(_statements(vars(module)[name])):
                used[f"{module.__name__}.{name}.{number}"] = statement
    return used


def _imports(text: str, module: str) -> bool:
    package, _, name = module.rpartition(".")
    return bool(
        re.search(rf"from {re.escape(module)} import", text)
        or re.search(rf"from {re.escape(package)} import [^\n]*\b{name}\b", text)
    )


@pytest.mark.parametrize(("login", "at_least"), [(API, 150), (INGEST, 50), (WORKER, 150)])
async def test_a_service_may_run_each_of_its_statements(
    database_url: str, login: str, at_least: int
) -> None:
    settings = {"search_path": "werknetz_api, public"} if login == API else {}
    connection = await asyncpg.connect(url_as(database_url, login), server_settings=settings)
    for statement in TEMPORARY.get(login, ()):
        await connection.execute(statement)
    refused: dict[str, str] = {}
    planned = 0
    for name, statement in list_statements(login).items():
        try:
            await connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}")
            planned += 1
        except asyncpg.InsufficientPrivilegeError as error:
            refused[name] = str(error)
        except asyncpg.PostgresError:
            continue  # a part of a statement, or parameters without a type
    await connection.close()
    assert not refused, refused
    assert planned >= at_least


@pytest.mark.parametrize(
    "statement",
    [
        piece_sums(frozenset({"pq"}), with_stale=True),
        piece_sums(frozenset({"pq"}), with_stale=False),
        piece_sums_with_states(frozenset({"pq"})),
        run_rows(frozenset({"pq"})),
    ],
    ids=["stale", "current", "polled", "runs"],
)
async def test_sums_look_at_rows_of_their_equipment_only(database_url: str, statement: str) -> None:
    """What is not leakproof, PostgreSQL checks after the policy: no index has a part of it then."""
    settings = {
        "search_path": "werknetz_api, public", "enable_seqscan": "off",
        "plan_cache_mode": "force_generic_plan",
    }  # fmt: skip
    connection = await asyncpg.connect(url_as(database_url, API), server_settings=settings)
    await connection.execute(f"PREPARE sums AS {statement}")
    arrays = ", ".join(["'{}'"] * len(set(re.findall(r"\$\d+", statement))))
    plan = [row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE sums({arrays})")]
    await connection.close()
    # Of elements it may choose another index while there are none.
    [scan] = [n for n, line in enumerate(plan) if " on element_sums " in line]
    assert "Index Cond: ((equipment_id = " in "".join(plan[scan + 1 : scan + 5])
