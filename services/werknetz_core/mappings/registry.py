"""Stored mapping versions: add, load, activate. The document of a version never changes."""

import asyncio

import sqlalchemy as sa

from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables import connectors, mapping_versions
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.http.problem import Problem
from werknetz_core.mappings.replay_normalizer import parse_mapping_document

VERSIONS = mapping_versions


async def read_document(document: str, name: str = "mapping") -> Mapping:
    """Parse a document in a thread: a large one takes seconds."""
    return await asyncio.to_thread(parse_document, document, name)


def parse_document(
    document: str, name: str = "mapping", *, pointer: str = "/body/document"
) -> Mapping:
    """Parse a document; raise a problem that lists each error with its line and remedy.

    `pointer`: to what sent the document, in the body of the request.
    """
    try:
        return parse_mapping_document(document, name)
    except ConfigurationError as error:
        errors = [{"pointer": pointer, "code": "invalid", "detail": text} for text in error.errors]
        raise Problem(
            422,
            "mapping_invalid",
            error.errors[0],
            Sentence("mappings.correct_errors"),
            errors=errors,
        ) from error


async def add_version(
    session: WriteSession, mapping: Mapping, document: str, *, note: str, by: str
) -> sa.RowMapping:
    """Store a draft; return the existing row for the same content, raise 409 for another one."""
    existing = (
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
    same: list[sa.RowMapping] = [row for row in existing if row["digest"] == mapping.digest]
    if same:
        return same[0]
    if existing:
        newest = await newest_version(session, mapping.name)
        raise Problem(
            409,
            "mapping_version_taken",
            Sentence("mappings.version_taken", label=mapping.label),
            Sentence("mappings.use_version", version=newest + 1),
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


async def load_version(session: ReadSession, name: str, version: int) -> sa.RowMapping:
    """Return a version, preferably the active one with that number, else not a draft; raise 404."""
    row = (
        (
            await session.execute(
                sa.select(VERSIONS)
                .where(VERSIONS.c.name == name, VERSIONS.c.version == version)
                .where(VERSIONS.c.digest != b"")
                .order_by(
                    (VERSIONS.c.state == "active").desc(),
                    (VERSIONS.c.state != "draft").desc(),
                    VERSIONS.c.id.desc(),
                )
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
            Sentence("mappings.unknown_version", name=name, version=version),
            Sentence("mappings.list_all"),
        )
    return row


async def activate(session: WriteSession, row: sa.RowMapping, *, by: str) -> None:
    """Activate a version; edges that use the name switch to it."""
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


async def active_version(session: ReadSession, name: str) -> int | None:
    query = sa.select(VERSIONS.c.version).where(
        VERSIONS.c.name == name, VERSIONS.c.state == "active"
    )
    version: int | None = await session.scalar(query.limit(1))
    return version


async def version_in_use(session: ReadSession, name: str) -> int:
    """Return the active version, else the newest that an edge has used.

    Raises 409 for a mapping that has only drafts, 404 for one that does not exist.
    """
    active = await active_version(session, name)
    if active is not None:
        return active
    query = sa.select(sa.func.max(VERSIONS.c.version)).where(
        VERSIONS.c.name == name, VERSIONS.c.digest != b""
    )
    used: int | None = await session.scalar(query.where(VERSIONS.c.state != "draft"))
    if used is not None:
        return used
    if await session.scalar(query) is None:
        raise Problem(
            404, "unknown_mapping", Sentence("mappings.unknown", name=name),
            Sentence("mappings.list_all"),
        )  # fmt: skip
    raise no_active_version(name)


def no_active_version(name: str) -> Problem:
    return Problem(
        409,
        "no_active_version",
        Sentence("mappings.no_active_version", mapping=name),
        Sentence("mappings.activate_one"),
    )


async def connectors_using(session: ReadSession, name: str) -> list[str]:
    rows = await session.execute(
        sa.select(connectors.c.id)
        .join(VERSIONS, VERSIONS.c.id == connectors.c.mapping_id)
        .where(VERSIONS.c.name == name)
        .order_by(connectors.c.id)
    )
    return [row[0] for row in rows]


async def mapping_name_of(session: ReadSession, connector: str) -> str:
    """Return the name of the mapping that a connector uses; raise 409 if it is not known."""
    name: str | None = await session.scalar(
        sa.select(VERSIONS.c.name)
        .join(connectors, connectors.c.mapping_id == VERSIONS.c.id)
        .where(connectors.c.id == connector)
    )
    if name is None:
        raise Problem(
            409, "no_mapping", Sentence("mappings.none_reported", connector=connector),
            Sentence("mappings.start_edge"),
        )  # fmt: skip
    return name


async def select_connectors(
    session: ReadSession, principal: Principal, *, connector: str | None, mapping: str
) -> list[str]:
    """Return the named connector, or all that use the mapping; raise 404 if none is visible."""
    candidates = [connector] if connector is not None else await connectors_using(session, mapping)
    query = sa.select(connectors.c.id).where(
        connectors.c.id.in_(candidates), equipment_scope.connector_visible(principal)
    )
    visible = sorted((await session.scalars(query)).all())
    if not visible:
        raise Problem(
            404,
            "unknown_connector",
            Sentence("mappings.no_connector_uses", mapping=mapping)
            if connector is None
            else Sentence("mappings.unknown_connector", connector=connector),
            Sentence("mappings.send_connector"),
        )
    return visible


async def newest_version(session: ReadSession, name: str) -> int:
    newest = await session.scalar(
        sa.select(sa.func.max(VERSIONS.c.version)).where(VERSIONS.c.name == name)
    )
    return int(newest or 0)
