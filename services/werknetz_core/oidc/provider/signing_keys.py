"""The public keys with which a provider signs, loaded again when it rotates them."""

import asyncio
import time
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, Final

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from werknetz.runtime.log import get_logger
from werknetz_core.oidc.errors import ProviderUnavailable, TokenInvalid

RELOAD_S: Final = 60.0
"""An unknown key id loads the keys again at most once in this time: anyone may invent ids."""
RETRY_S: Final = 1.0  # a provider that fails is not called for each token
AGE_MAX_S: Final = 3600.0  # a key that the provider withdraws is trusted at most this long
KEYS_MAX: Final = 100
_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
_log: Final = get_logger("core.oidc")

PublicKey = RSAKey | ECKey


class SigningKeys:
    """Call `find` for the key of a token; `load` fetches the provider's key set."""

    def __init__(
        self,
        load: Callable[[], Awaitable[dict[str, Any]]],
        *,
        reload_s: float = RELOAD_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._reload_s = reload_s
        self._now_s = now_s
        self._keys: list[PublicKey] = []
        self._loaded_at_s: float | None = None
        self._tried_at_s: float | None = None
        self._loading = asyncio.Lock()

    async def find(self, key_id: str | None, algorithm: str) -> PublicKey:
        """Return the key; TokenInvalid: the provider has none with this id for the algorithm."""
        await self._load_if_old()
        key = self._find(key_id, algorithm)
        if key is None and self._may_reload():
            await self.reload()
            key = self._find(key_id, algorithm)
        if key is None:
            raise TokenInvalid("it is signed with a key that the provider does not publish")
        return key

    async def reload(self) -> None:
        """Load the key set; ProviderUnavailable if it has no usable key."""
        self._tried_at_s = self._now_s()
        document = await self._load()
        keys = document.get("keys")
        if not isinstance(keys, list) or len(keys) > KEYS_MAX:
            raise ProviderUnavailable(f"the key set has no list `keys` of at most {KEYS_MAX}")
        usable = [key for key in map(_public_key_of, keys) if key is not None]
        if not usable:
            raise ProviderUnavailable("the key set has no public key for signatures")
        self._keys = usable
        self._loaded_at_s = self._tried_at_s

    async def _load_if_old(self) -> None:
        async with self._loading:  # tokens at the same time wait for one answer
            if not self._is_old():
                return
            if self._tried_at_s is not None and self._now_s() < self._tried_at_s + RETRY_S:
                raise ProviderUnavailable("the key set could not be loaded a moment ago")
            await self.reload()

    def _is_old(self) -> bool:
        return self._loaded_at_s is None or self._now_s() >= self._loaded_at_s + AGE_MAX_S

    def _may_reload(self) -> bool:
        return self._tried_at_s is None or self._now_s() >= self._tried_at_s + self._reload_s

    def _find(self, key_id: str | None, algorithm: str) -> PublicKey | None:
        fitting = [
            key
            for key in self._keys
            if key.key_type == _TYPES[algorithm[:2]]
            and key.get("alg") in {None, algorithm}
            and (key_id is None or key.get("kid") == key_id)
        ]
        # A token without a key id is clear only while the provider has a single key.
        is_clear = key_id is not None or len(fitting) == 1
        return fitting[0] if fitting and is_clear else None


def _public_key_of(document: object) -> PublicKey | None:
    """Return a key for signatures; None: it is of another kind, too short, or unreadable."""
    if not isinstance(document, dict) or document.get("use", "sig") != "sig":
        return None
    if document.get("kty") not in set(_TYPES.values()) or document.keys() & _PRIVATE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)  # an RSA key under 2,048 bits
            key = JWKRegistry.import_key(document)
    except (JoseError, SecurityWarning, ValueError, TypeError) as error:
        _log.warning("key of the provider not usable", error=type(error).__name__)
        return None
    return key if isinstance(key, RSAKey | ECKey) else None
