"""The mappings of one connector, ready to normalize its raw inputs."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg

from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.runtime.log import get_logger
from werknetz.store import mappings as statements
from werknetz_core.mappings.replay_normalizer import ReplayNormalizer, parse_mapping_document

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_log: Final = get_logger("core.mappings")


@dataclass(slots=True)
class NormalizerCache:
    """The normalizers of one connector, by mapping label; each document is parsed once."""

    connector_id: str
    _sources: dict[str, str] | None = None  # key → address of the connector's points
    _normalizers: dict[str, ReplayNormalizer | None] = field(default_factory=dict)

    async def load(self, connection: "Connection", labels: set[str]) -> None:
        """Load the mappings with these labels, and the names of stored points."""
        if self._sources is None:
            rows = await connection.fetch(statements.POINT_SOURCES, self.connector_id)
            self._sources = {row["key"]: row["source"] for row in rows}
        new = sorted(labels - self._normalizers.keys())
        if not new:
            return
        self._normalizers |= dict.fromkeys(new)
        for row in await connection.fetch(statements.DOCUMENTS, new):
            try:
                mapping = await asyncio.to_thread(
                    parse_mapping_document, row["document"], row["label"]
                )
            except ConfigurationError as error:
                _log.warning("stored mapping not readable", mapping=row["label"], reason=str(error))
                continue
            self._normalizers[row["label"]] = self.create(mapping)

    def create(self, mapping: Mapping) -> ReplayNormalizer:
        """Return a normalizer that continues the names of stored points. Call `load` before."""
        return ReplayNormalizer(mapping, self.connector_id, self._sources or {})

    def add(self, mapping: Mapping) -> ReplayNormalizer:
        normalizer = self._normalizers[mapping.label] = self.create(mapping)
        return normalizer

    def get(self, label: str) -> ReplayNormalizer | None:
        return self._normalizers.get(label)
