"""Publishes to each connector the active version of the mapping that it uses.

PostgreSQL holds it; Redis may lose it, so it is published periodically.
"""

from time import monotonic
from typing import TYPE_CHECKING, Final

import asyncpg

from werknetz.link.wire import DesiredMapping, connector_of
from werknetz.runtime.log import get_logger
from werknetz.store.ingest import points as naming
from werknetz_core.ingest.streams import CoreLink

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PUBLISH_EVERY_S: Final = 2.0
_log = get_logger("ingest.mapping_publisher")


class MappingPublisher:
    def __init__(self, link: CoreLink) -> None:
        self._link = link
        self._published_at = -PUBLISH_EVERY_S

    async def publish(self, connection: "Connection", names: list[str]) -> None:
        """Publish for these streams when it is due. Raises LinkLost."""
        if monotonic() - self._published_at < PUBLISH_EVERY_S:
            return
        ids = sorted({connector_of(name)[0] for name in names})
        mappings = {
            row["connector"]: DesiredMapping(
                row["name"], row["version"], bytes(row["digest"]), row["document"]
            )
            for row in await connection.fetch(naming.DESIRED_MAPPINGS, ids)
        }
        if mappings and not await self._link.publish_desired_mappings(mappings):
            _log.warning("Redis is full, mappings are not published")
            return
        self._published_at = monotonic()
