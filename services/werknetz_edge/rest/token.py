"""The authentication header: from a secret, or from an OAuth2 token that is renewed."""

import base64
import time
from dataclasses import dataclass
from typing import Final

import httpx2
import msgspec

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.rest.config import BasicAuth, ClientCredentials, RestKeyAuth
from werknetz_edge.secret import Secret, SecretMissing

EARLY_S: Final = 60.0  # a token is renewed this long before it expires
RESPONSE_BYTES_MAX: Final = 100_000


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float | None = None


@dataclass(slots=True)
class AuthHeader:
    """Creates the authentication header of each request."""

    auth: BasicAuth | RestKeyAuth | ClientCredentials | None
    _token: str = ""
    _until_s: float = 0.0

    async def create(self, client: httpx2.AsyncClient) -> dict[str, str]:
        """Return the header; raise ConfigurationRejected, or httpx2.TransportError."""
        match self.auth:
            case None:
                return {}
            case BasicAuth(user=user, secret=secret):
                pair = f"{user}:{_read_secret(secret)}".encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case RestKeyAuth() as key:
                return {key.header: f"{key.value_prefix}{_read_secret(key.secret)}"}
            case ClientCredentials() as credentials:
                if not self._token or time.monotonic() >= self._until_s:
                    await self._fetch(client, credentials)
                return {"Authorization": f"Bearer {self._token}"}

    def drop_token(self) -> bool:
        """Drop the token after a 401; return whether there was one: a new token may help."""
        had_token, self._token = bool(self._token), ""
        return had_token

    async def _fetch(self, client: httpx2.AsyncClient, credentials: ClientCredentials) -> None:
        form = {"grant_type": "client_credentials"}
        if credentials.scope is not None:
            form["scope"] = credentials.scope
        if credentials.audience is not None:
            form["audience"] = credentials.audience
        response = await client.post(
            credentials.token_url,
            data=form,
            auth=(credentials.client_id, _read_secret(credentials.secret)),
        )
        if response.is_server_error:
            raise httpx2.ReadError(f"the token server answers {response.status_code}")
        if not response.is_success or len(response.content) > RESPONSE_BYTES_MAX:
            raise ConfigurationRejected(
                f"the token server answers {response.status_code}: {response.text[:200]!r}; check "
                "client_id, secret and scope"
            )
        try:
            token = msgspec.json.decode(response.content, type=_Token)
        except msgspec.DecodeError as error:
            raise ConfigurationRejected(
                f"the token server's response has no access_token: {error}; check token_url"
            ) from error
        lifetime_s = 300.0 if token.expires_in is None else token.expires_in
        self._token = token.access_token
        self._until_s = time.monotonic() + max(lifetime_s - EARLY_S, lifetime_s / 2)


def _read_secret(secret: Secret) -> str:
    """Return the first line of a secret: a client has only one."""
    try:
        return secret.read()[0].decode()
    except SecretMissing as error:
        raise ConfigurationRejected(str(error)) from error
