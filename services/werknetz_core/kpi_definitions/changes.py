"""Stores and retires own KPIs; each change is in the audit log. Versions are never changed."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from werknetz.connector.yaml_format import ConfigurationError
from werknetz.domain.bucket import instant_of
from werknetz.own_kpis.definition import LoadedKpi, load_definition
from werknetz.store.locks import LOCK_OF
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables import kpi_definitions
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.http.problem import Problem
from werknetz_core.kpi_definitions.schemas import NewKpiDefinition

SUBJECT: Final = "kpi_definition"
VERSIONS_MAX: Final = 1000
_LOCK: Final = 0x44454649  # "DEFI": one change of definitions at a time
_C: Final = kpi_definitions.c


def check_definition(document: str | Mapping[str, Any], now_us: int) -> LoadedKpi:
    """Return the checked definition; raise 422 with every error, its line and its remedy."""
    try:
        return load_definition(document, file="definition", now_us=now_us)
    except ConfigurationError as error:
        raise Problem(
            422, "invalid_definition", error.errors[0],
            Sentence("kpis.correct_definition"),
            errors=[
                {"pointer": "/body/document", "code": "invalid", "detail": text}
                for text in error.errors
            ],
        ) from error  # fmt: skip


async def store_definition(
    session: WriteSession, by: Principal, name: str, body: NewKpiDefinition, now_us: int
) -> None:
    """Store a version; the same content as the newest one changes nothing."""
    loaded = check_definition(body.document, now_us)
    if loaded.document.id != name:
        raise Problem(
            422, "other_id", Sentence("kpis.other_id", id=loaded.document.id, name=name),
            Sentence("kpis.put_other_id", id=loaded.document.id),
        )  # fmt: skip
    await session.execute(sa.text(LOCK_OF), {"kind": _LOCK, "id": 0})
    newest = await load_newest(session, name)
    if is_stored(newest, loaded):
        return
    document = loaded.document.model_dump(mode="json")
    version = 1 if newest is None else newest["version"] + 1
    if version > VERSIONS_MAX:
        raise Problem(
            422,
            "too_many_versions",
            Sentence("kpis.too_many_versions", name=name, versions_max=VERSIONS_MAX),
            Sentence("kpis.store_under_other_id"),
        )
    own = loaded.kpi.own
    assert own is not None  # noqa: S101 - what `load_definition` returns is an own KPI
    valid_from = instant_of(own.valid_from_us)
    await session.execute(
        sa.insert(kpi_definitions).values(
            name=name, version=version, valid_from=valid_from, document=document,
            entered_by=by.name,
        )
    )  # fmt: skip
    await record_change(
        session, by, "created" if newest is None else "changed", (SUBJECT, name),
        before=None if newest is None else audit_of(newest["version"], newest["document"]),
        after=audit_of(version, document), reason=body.reason,
    )  # fmt: skip


async def retire_definition(
    session: WriteSession, by: Principal, name: str, reason: str | None
) -> None:
    """Retire a KPI: it has no values any more, but its versions stay; raise 404."""
    await session.execute(sa.text(LOCK_OF), {"kind": _LOCK, "id": 0})
    newest = await load_newest(session, name)
    if newest is None or newest["retired_at"] is not None:
        raise unknown_definition(name)
    selected = _C.name == name, _C.version == newest["version"]
    await session.execute(
        sa.update(kpi_definitions).where(*selected).values(retired_at=sa.func.clock_timestamp())
    )
    await record_change(
        session, by, "retired", (SUBJECT, name),
        before=audit_of(newest["version"], newest["document"]), after=None, reason=reason,
    )  # fmt: skip


async def load_newest(session: ReadSession | WriteSession, name: str) -> sa.RowMapping | None:
    query = sa.select(kpi_definitions).where(_C.name == name).order_by(_C.version.desc()).limit(1)
    return (await session.execute(query)).mappings().one_or_none()


def is_stored(newest: sa.RowMapping | None, loaded: LoadedKpi) -> bool:
    """Return whether a definition is the newest version, which is in use."""
    if newest is None or newest["retired_at"] is not None:
        return False
    stored: dict[str, Any] = newest["document"]
    return stored == loaded.document.model_dump(mode="json")


def unknown_definition(name: str) -> Problem:
    return Problem(
        404, "unknown_kpi_definition", Sentence("kpis.no_own_kpi", name=name),
        Sentence("kpis.list_definitions"),
    )  # fmt: skip


def audit_of(version: int, document: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": version, **document}
