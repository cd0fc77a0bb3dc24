"""The providers of this server, opened with the API and closed with it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from werknetz.texts.sentence import Sentence
from werknetz_core.oidc.errors import BAD_REQUEST, SignInRefused
from werknetz_core.oidc.limits import OidcLimits
from werknetz_core.oidc.provider.connection import ProviderConnection
from werknetz_core.oidc.settings import OidcSettings

CALLBACK: Final = "/api/v1/session/oidc/callback"
LOGIN: Final = "/api/v1/session/oidc/login"
BACKCHANNEL_LOGOUT: Final = "/api/v1/session/oidc/backchannel_logout"
CHECK_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Providers:
    settings: OidcSettings
    connections: Mapping[str, ProviderConnection]
    limits: OidcLimits

    @classmethod
    def open(cls, settings: OidcSettings) -> Self:
        """Open no connection yet: the API starts while a provider is down."""
        connections = {
            provider.name: ProviderConnection.of(provider) for provider in settings.providers
        }
        return cls(settings, connections, OidcLimits(settings.requests_per_min))

    async def close(self) -> None:
        for connection in self.connections.values():
            await connection.close()

    @property
    def redirect_uri(self) -> str:
        return self.settings.base_url + CALLBACK

    def choose(self, name: str | None) -> ProviderConnection:
        """Return the provider of this name; without a name, the only one."""
        if name is None and len(self.connections) == 1:
            return next(iter(self.connections.values()))
        connection = self.connections.get(name or "")
        if connection is None:
            names = ", ".join(self.connections)
            raise SignInRefused(
                BAD_REQUEST,
                "unknown_identity_provider",
                Sentence("oidc.no_provider_named")
                if name is None
                else Sentence("oidc.unknown_provider"),
                Sentence("oidc.send_provider", names=names),
            )
        return connection

    def of_issuer(self, issuer: object, audience: object) -> ProviderConnection | None:
        """Return the provider that a token is from, before anything in it is verified."""
        audiences = audience if isinstance(audience, list) else [audience]
        return next(
            (
                connection
                for connection in self.connections.values()
                if connection.settings.issuer == issuer
                and connection.settings.client_id in audiences
            ),
            None,
        )

    async def find_problems(self) -> dict[str, str | None]:
        """Return of each provider why it signs nobody in; None: it does."""
        names = list(self.connections)
        problems = await asyncio.gather(*(self._find_problem(name) for name in names))
        return dict(zip(names, problems, strict=True))

    async def _find_problem(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(CHECK_S):
                return await self.connections[name].find_problem()
        except TimeoutError:
            return f"does not answer within {CHECK_S:g} s"
