"""Tells each connector which mapping is active for the name that it uses; again and again.

PostgreSQL knows; Redis may forget. A connector is known by the first mapping it has used.
"""

from time import monotonic
from typing import TYPE_CHECKING, Final

import asyncpg

from werknetz.link.wire import DesiredMapping, connector_of
from werknetz.store.ingest import points as naming
from werknetz_core.ingest.streams import CoreLink

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SAY_EVERY_S: Final = 2.0


class Wanted:
    def __init__(self, link: CoreLink) -> None:
        self._link = link
        self._said_at = -SAY_EVERY_S

    async def say(self, connection: "Connection", names: list[str]) -> None:
        """Say it for these streams, when it is time. Raises LinkLost."""
        if monotonic() - self._said_at < SAY_EVERY_S:
            return
        ids = sorted({connector_of(name)[0] for name in names})
        for row in await connection.fetch(naming.WANTED_MAPPINGS, ids):
            wanted = DesiredMapping(
                row["name"], row["version"], bytes(row["digest"]), row["document"]
            )
            await self._link.publish_desired_mapping(row["connector"], wanted)
        self._said_at = monotonic()
