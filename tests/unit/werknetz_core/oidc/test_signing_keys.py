"""Keys of a provider: rotation, and how often its key set is loaded."""

import asyncio
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from plumbing.oidc_tokens import EC_KEY, PRIVATE_KEY, public_keys
from werknetz_core.oidc.errors import ProviderUnavailable, TokenInvalid
from werknetz_core.oidc.provider.signing_keys import (
    AGE_MAX_S,
    KEYS_MAX,
    RELOAD_S,
    RETRY_S,
    SigningKeys,
)

NEW_KEY = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})


class KeyServer:
    def __init__(self, *documents: dict[str, Any] | Exception) -> None:
        self.documents = list(documents)
        self.loads = 0
        self.now_s = 1000.0
        self.keys = SigningKeys(self._load, now_s=lambda: self.now_s)

    async def _load(self) -> dict[str, Any]:
        document = self.documents[min(self.loads, len(self.documents) - 1)]
        self.loads += 1
        if isinstance(document, Exception):
            raise document
        return document


@pytest.mark.asyncio
async def test_keys_are_loaded_once_for_many_tokens() -> None:
    server = KeyServer(public_keys(PRIVATE_KEY))
    for _ in range(3):
        assert (await server.keys.find("k1", "RS256")).kid == "k1"
    assert server.loads == 1


@pytest.mark.asyncio
async def test_unknown_key_id_loads_the_rotated_keys() -> None:
    server = KeyServer(public_keys(PRIVATE_KEY), public_keys(NEW_KEY))
    await server.keys.find("k1", "RS256")
    server.now_s += RELOAD_S
    assert (await server.keys.find("k2", "RS256")).kid == "k2"
    with pytest.raises(TokenInvalid):  # the former key is not trusted any more
        await server.keys.find("k1", "RS256")


@pytest.mark.asyncio
async def test_invented_key_ids_load_the_keys_once_in_an_interval() -> None:
    server = KeyServer(public_keys(PRIVATE_KEY))
    await server.keys.find("k1", "RS256")
    server.now_s += RELOAD_S - 0.001
    for number in range(5):
        with pytest.raises(TokenInvalid):
            await server.keys.find(f"x{number}", "RS256")
    assert server.loads == 1
    server.now_s += 0.001
    for number in range(5):
        with pytest.raises(TokenInvalid):
            await server.keys.find(f"x{number}", "RS256")
    assert server.loads == 2


@pytest.mark.asyncio
async def test_withdrawn_key_is_trusted_for_an_hour_at_most() -> None:
    server = KeyServer(public_keys(PRIVATE_KEY), public_keys(NEW_KEY))
    await server.keys.find("k1", "RS256")
    server.now_s += AGE_MAX_S - 0.001
    await server.keys.find("k1", "RS256")
    server.now_s += 0.001
    with pytest.raises(TokenInvalid):
        await server.keys.find("k1", "RS256")


@pytest.mark.asyncio
async def test_failing_provider_is_tried_again_after_a_second_while_there_are_no_keys() -> None:
    server = KeyServer(ProviderUnavailable("down"), public_keys(PRIVATE_KEY))
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await server.keys.find("k1", "RS256")
        server.now_s += (RETRY_S - 0.001) / 4
    assert server.loads == 1
    server.now_s = 1000.0 + RETRY_S
    assert (await server.keys.find("k1", "RS256")).kid == "k1"


@pytest.mark.asyncio
async def test_tokens_at_the_same_time_load_the_keys_once() -> None:
    server = KeyServer(public_keys(PRIVATE_KEY))
    keys = await asyncio.gather(*(server.keys.find("k1", "RS256") for _ in range(20)))
    assert {key.kid for key in keys} == {"k1"}
    assert server.loads == 1


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": {}},
        {"keys": []},
        {"keys": ["k"]},
        {"keys": [{"kty": "RSA"}]},
        {"keys": [{"kty": "AKP", "kid": "k1"}]},
        {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "k1"}]},
        {"keys": public_keys(PRIVATE_KEY)["keys"] * (KEYS_MAX + 1)},
        {"keys": [{**public_keys(PRIVATE_KEY)["keys"][0], "use": "enc"}]},
        {"keys": [dict(OctKey.import_key("s" * 64).as_dict(private=True))]},
        {"keys": [dict(PRIVATE_KEY.as_dict(private=True))]},
    ],
    ids=range(11),
)
@pytest.mark.asyncio
async def test_key_set_without_a_usable_key_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnavailable, match="key set"):
        await KeyServer(document).keys.find("k1", "RS256")


@pytest.mark.asyncio
async def test_unusable_keys_do_not_hide_the_others() -> None:
    keys = [{"kty": "AKP", "kid": "pq"}, {"kty": "RSA", "kid": "broken"}]
    server = KeyServer({"keys": [*keys, *public_keys(PRIVATE_KEY)["keys"]]})
    assert (await server.keys.find("k1", "RS256")).kid == "k1"


@pytest.mark.asyncio
async def test_short_rsa_key_is_refused() -> None:
    with pytest.warns(Warning, match="2048"):
        short = RSAKey.generate_key(1024, {"kid": "k1"})
    with pytest.raises(ProviderUnavailable, match="key set"):
        await KeyServer(public_keys(short)).keys.find("k1", "RS256")


@pytest.mark.asyncio
async def test_key_serves_only_its_own_algorithm() -> None:
    key = {**public_keys(PRIVATE_KEY)["keys"][0], "alg": "RS256"}
    server = KeyServer({"keys": [key, *public_keys(EC_KEY)["keys"]]})
    assert (await server.keys.find("k1", "RS256")).kid == "k1"
    for key_id, algorithm in (("k1", "PS256"), ("k1", "ES256"), ("e1", "RS256")):
        with pytest.raises(TokenInvalid):
            await server.keys.find(key_id, algorithm)
