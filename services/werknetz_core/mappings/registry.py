"""Mapping versions in PostgreSQL: sent, looked at, put in force. A document never changes."""

import sqlalchemy as sa

from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables import connectors, mapping_versions
from werknetz_core.http.problem import Problem
from werknetz_core.mappings.replay_namer import mapping_of_document

VERSIONS = mapping_versions


def read(document: str, name: str = "mapping") -> Mapping:
    """Read a document; raise a problem that lists each error with its line and remedy."""
    try:
        return mapping_of_document(document, name)
    except ConfigurationError as error:
        errors = [
            {"pointer": "/body/document", "code": "invalid", "detail": text}
            for text in error.errors
        ]
        raise Problem(
            422,
            "mapping_invalid",
            error.errors[0],
            "Correct what `errors` lists; `werknetz mapping check FILE` says the same without "
            "a server.",
            errors=errors,
        ) from error


async def add(
    session: WriteSession, mapping: Mapping, document: str, *, note: str, by: str
) -> sa.RowMapping:
    """Keep a draft; the same content again is the same row. Raise where the version is taken."""
    found = (
        (
            await session.execute(
                sa.select(VERSIONS)
                .where(VERSIONS.c.name == mapping.name, VERSIONS.c.version == mapping.version)
                .where(VERSIONS.c.digest != b"")
                .order_by(VERSIONS.c.id)
            )
        )
        .mappings()
        .all()
    )
    same: list[sa.RowMapping] = [row for row in found if row["digest"] == mapping.digest]
    if same:
        return same[0]
    if found:
        newest = await _newest(session, mapping.name)
        raise Problem(
            409,
            "mapping_version_taken",
            f"{mapping.label} exists with another content.",
            f"Write `version: {newest + 1}`: a version that has named values never changes.",
        )
    inserted = await session.execute(
        sa.insert(VERSIONS)
        .values(
            name=mapping.name, version=mapping.version, digest=mapping.digest, document=document,
            state="draft", note=note, created_by=by,
        )
        .returning(VERSIONS)
    )  # fmt: skip
    added: sa.RowMapping = inserted.mappings().one()
    return added


async def find(session: ReadSession, name: str, version: int) -> sa.RowMapping:
    """Return a version, the active one of two with that number first; raise 404."""
    row = (
        (
            await session.execute(
                sa.select(VERSIONS)
                .where(VERSIONS.c.name == name, VERSIONS.c.version == version)
                .where(VERSIONS.c.digest != b"")
                .order_by((VERSIONS.c.state == "active").desc(), VERSIONS.c.id.desc())
                .limit(1)
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise Problem(
            404,
            "unknown_mapping",
            f"There is no mapping {name}@{version}.",
            "GET /api/v1/mappings lists them.",
        )
    return row


async def activate(session: WriteSession, row: sa.RowMapping, *, by: str) -> None:
    """Put a version in force; the edges that use the name take it over by themselves."""
    await session.execute(
        sa.update(VERSIONS)
        .where(VERSIONS.c.name == row["name"], VERSIONS.c.state == "active")
        .where(VERSIONS.c.id != row["id"])
        .values(state="superseded")
    )
    await session.execute(
        sa.update(VERSIONS)
        .where(VERSIONS.c.id == row["id"])
        .values(state="active", activated_at=sa.func.clock_timestamp(), activated_by=by)
    )


async def connectors_using(session: ReadSession, name: str) -> list[str]:
    rows = await session.execute(
        sa.select(connectors.c.id)
        .join(VERSIONS, VERSIONS.c.id == connectors.c.mapping_id)
        .where(VERSIONS.c.name == name)
        .order_by(connectors.c.id)
    )
    return [row[0] for row in rows]


async def name_used_by(session: ReadSession, connector: str) -> str:
    """Return the name of the mapping that a connector uses; raise where it has used none."""
    name: str | None = await session.scalar(
        sa.select(VERSIONS.c.name)
        .join(connectors, connectors.c.mapping_id == VERSIONS.c.id)
        .where(connectors.c.id == connector)
    )
    if name is None:
        raise Problem(
            409, "no_mapping", f"Connector {connector!r} has not yet said which mapping it uses.",
            "Start its edge, so that it says so.",
        )  # fmt: skip
    return name


async def _newest(session: ReadSession, name: str) -> int:
    found = await session.scalar(
        sa.select(sa.func.max(VERSIONS.c.version)).where(VERSIONS.c.name == name)
    )
    return int(found or 0)
