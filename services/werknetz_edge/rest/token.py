"""What opens the interface: a header of a secret, or of a token that is fetched and renewed."""

import base64
import time
from dataclasses import dataclass
from typing import Final

import httpx2
import msgspec

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.rest.config import BasicAuth, ClientCredentials, KeyAuth
from werknetz_edge.secret import Secret, SecretMissing

EARLY_S: Final = 60.0  # a token is renewed so long before its end
ANSWER_MAX: Final = 100_000


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float | None = None


@dataclass(slots=True)
class Opener:
    """Makes the header for each question."""

    auth: BasicAuth | KeyAuth | ClientCredentials | None
    _token: str = ""
    _until_s: float = 0.0

    async def headers(self, client: httpx2.AsyncClient) -> dict[str, str]:
        """Return the header; raise ConfigurationRejected, or httpx2.TransportError."""
        match self.auth:
            case None:
                return {}
            case BasicAuth(user=user, secret=secret):
                pair = f"{user}:{_secret(secret)}".encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case KeyAuth() as key:
                return {key.header: f"{key.before}{_secret(key.secret)}"}
            case ClientCredentials() as own:
                if not self._token or time.monotonic() >= self._until_s:
                    await self._fetch(client, own)
                return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> bool:
        """After a 401: whether a new token may help."""
        had, self._token = bool(self._token), ""
        return had

    async def _fetch(self, client: httpx2.AsyncClient, own: ClientCredentials) -> None:
        form = {"grant_type": "client_credentials"}
        if own.scope is not None:
            form["scope"] = own.scope
        if own.audience is not None:
            form["audience"] = own.audience
        answer = await client.post(
            own.token_url, data=form, auth=(own.client_id, _secret(own.secret))
        )
        if answer.is_server_error:
            raise httpx2.ReadError(f"the token server answers {answer.status_code}")
        if not answer.is_success or len(answer.content) > ANSWER_MAX:
            raise ConfigurationRejected(
                f"the token server answers {answer.status_code}: {answer.text[:200]!r}; check "
                "client_id, secret and scope"
            )
        try:
            token = msgspec.json.decode(answer.content, type=_Token)
        except msgspec.DecodeError as error:
            raise ConfigurationRejected(
                f"the token server's answer has no access_token: {error}; check token_url"
            ) from error
        lasts_s = 300.0 if token.expires_in is None else token.expires_in
        self._token = token.access_token
        self._until_s = time.monotonic() + max(lasts_s - EARLY_S, lasts_s / 2)


def _secret(secret: Secret) -> str:
    """The first line: ours is the sender's side, which has only one."""
    try:
        return secret.read()[0].decode()
    except SecretMissing as error:
        raise ConfigurationRejected(str(error)) from error
