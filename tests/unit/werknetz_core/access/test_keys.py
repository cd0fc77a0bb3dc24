"""Keys: their format, and what a principal can see."""

import pytest

from werknetz_core.access.keys import Principal, generate_key, hash_of
from werknetz_core.access.permissions import KeyRole
from werknetz_core.http.problem import Problem


def test_a_key_has_256_bits_and_is_identified_by_its_hash() -> None:
    key = generate_key()
    _, prefix, secret = key.key.split("_")
    assert (prefix, len(bytes.fromhex(secret)), key.hash) == (key.prefix, 32, hash_of(key.key))
    assert generate_key().key != key.key


def test_a_plant_is_no_prefix_of_another_name() -> None:
    principal = Principal("x", KeyRole.VIEWER, ("nordwerk/emden-1",))
    assert principal.can_see("nordwerk/emden-1")
    assert principal.can_see("nordwerk/emden-1/body")
    for path in ("nordwerk", "nordwerk/emden-10", "nordwerk/emden", "other/nordwerk/emden-1"):
        assert not principal.can_see(path)
    with pytest.raises(Problem) as caught:
        principal.require_equipment("nordwerk")
    assert caught.value.status == 403
    assert not Principal("x", KeyRole.ADMIN, ()).can_see("nordwerk")
    assert Principal("x", KeyRole.VIEWER, None).can_see("nordwerk")
