"""One provider as the server sees it: metadata, keys, and whether it answers."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Self

from werknetz.runtime.log import get_logger
from werknetz_core.oidc.errors import ProviderUnavailable
from werknetz_core.oidc.provider.calls import Answer, ProviderCalls
from werknetz_core.oidc.provider.metadata import WELL_KNOWN, ProviderMetadata
from werknetz_core.oidc.provider.signing_keys import SigningKeys
from werknetz_core.oidc.settings import ProviderSettings

OK: Final = 200
METADATA_AGE_MAX_S: Final = 3600.0
RETRY_S: Final = 1.0  # a provider that fails is not called for each request
CHECK_AGE_MAX_S: Final = 30.0  # readiness is polled: the provider is not asked each time
_log: Final = get_logger("core.oidc")


class ProviderConnection:
    """Nothing is loaded before it is needed: the API starts without the provider."""

    def __init__(
        self,
        settings: ProviderSettings,
        calls: ProviderCalls,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.calls = calls
        self.keys = SigningKeys(self._load_keys, now_s=now_s)
        self._now_s = now_s
        self._metadata: ProviderMetadata | None = None
        self._loaded_at_s = 0.0
        self._checked_at_s: float | None = None
        self._failed_at_s = 0.0
        self._problem: str | None = None
        self._loading = asyncio.Lock()

    @classmethod
    def of(cls, settings: ProviderSettings) -> Self:
        return cls(settings, ProviderCalls(settings.issuer, settings.ca_file))

    async def close(self) -> None:
        await self.calls.close()

    async def metadata(self) -> ProviderMetadata:
        """Return the metadata, at most an hour old; ProviderUnavailable says why there is none."""
        metadata = self._metadata
        if metadata is not None and self._now_s() < self._loaded_at_s + METADATA_AGE_MAX_S:
            return metadata
        async with self._loading:  # requests at the same time wait for one answer
            if self._metadata is not metadata and self._metadata is not None:
                return self._metadata
            if self._problem is not None and self._now_s() < self._failed_at_s + RETRY_S:
                raise ProviderUnavailable(self._problem)
            return await self._load_metadata()

    async def find_problem(self) -> str | None:
        """Return why the provider cannot sign people in; None: it can.

        Asks the provider if the last answer is older than 30 s.
        """
        now_s = self._now_s()
        if self._checked_at_s is None or now_s >= self._checked_at_s + CHECK_AGE_MAX_S:
            self._checked_at_s = now_s  # first: requests at the same time do not ask, too
            try:
                await self._load_metadata()
            except ProviderUnavailable as error:
                _log.warning(
                    "identity provider unavailable",
                    provider=self.settings.name,
                    error=str(error),
                )
        return self._problem

    async def _load_metadata(self) -> ProviderMetadata:
        try:
            url = self.settings.issuer.rstrip("/") + WELL_KNOWN
            document = _document_of(await self.calls.get(url), "the discovery document")
            self._metadata = ProviderMetadata.of(document, self.settings)
        except ProviderUnavailable as error:
            self._problem = str(error)
            self._failed_at_s = self._now_s()
            raise
        self._problem = None
        self._checked_at_s = self._loaded_at_s = self._now_s()
        return self._metadata

    async def _load_keys(self) -> dict[str, Any]:
        metadata = await self.metadata()
        return _document_of(await self.calls.get(metadata.jwks_uri), "the key set")


def _document_of(answer: Answer, what: str) -> dict[str, Any]:
    if answer.status != OK:
        raise ProviderUnavailable(f"{what} is answered with {answer.status}")
    return answer.document
