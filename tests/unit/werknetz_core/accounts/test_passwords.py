"""Which passwords and names are accepted, and how passwords are hashed."""

import asyncio
import unicodedata

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from werknetz_core.accounts.hashing import PasswordHasher
from werknetz_core.accounts.names import lowered_name, normalize_user_name
from werknetz_core.accounts.password_change import generate_initial_password
from werknetz_core.accounts.password_rules import fault_of, normalize_password

CONTEXT = ("anna.mueller", "Anna Müller", None, "ann")
ACCEPTED = (
    "vier zebras lesen", "Zt4-mauer-kiesel-9", "correct horse battery staple", "eleven char1",
    "密码短语十二个字符好的吗", "anna liest vier zebras", "a1b2c3d4e5f6g7"[::-1],
    "aabbccddeeaa"[:9] + "bac", "zebra7zebra77", "ertzuio7x4m2", "ertzuiop7x4m2k9",
    "werknetzk4x-9qz",
)  # fmt: skip
REFUSED = {
    "eleven char": "11 characters",
    "": "0 characters",
    "x1y2" * 64 + "z": "257 characters",
    "aaaaaaaaaaaaaaab": "repeats",
    "1111222233334444": "repeats",
    "abcdabcdabcd": "repeats",
    "abcdabcdabcda": "repeats",
    "zebra7zebra7": "repeats",
    "zebra7zebra7zeb": "repeats",
    "ertzuiop7x4m": "run",
    "7x4mertzuiop": "run",
    "ertzuiop7x4m2k": "run",
    "annaannak4x7": "name",
    "werknetzk4x-9q": "first",
    "abcdefghijklm": "run",
    "qwertzuiopas": "run",
    "poiuztrewq12": "run",
    "anna.mueller2026": "name",
    "MUELLER-2026!": "name",
    "password1234": "first",
    "P4ssw0rt!2345": "first",
    "Werknetz2026!": "first",
    "Schalke04!!!": "first",
    "1qaz2wsx3edc": "first",
}


@pytest.mark.parametrize("password", ACCEPTED)
def test_passwords_that_are_accepted(password: str) -> None:
    assert fault_of(password, CONTEXT) is None


@pytest.mark.parametrize(("password", "reason"), REFUSED.items())
def test_passwords_that_are_refused_with_the_reason(password: str, reason: str) -> None:
    fault = fault_of(password, CONTEXT)
    assert fault is not None
    assert reason in fault


def test_the_bounds_of_the_length() -> None:
    assert fault_of("kiesel mauer"[:11]) is not None
    assert fault_of("kiesel mauer") is None
    sentence = " ".join(f"{number} kiesel rollen" for number in range(20))
    assert fault_of(sentence[:256]) is None
    assert fault_of(sentence[:257]) is not None


def test_initial_passwords_are_accepted_and_differ() -> None:
    passwords = {generate_initial_password() for _ in range(50)}
    assert len(passwords) == 50
    assert all(fault_of(password) is None for password in passwords)


def test_the_same_characters_are_the_same_password() -> None:
    composed, decomposed = (unicodedata.normalize(form, "größer") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert normalize_password(composed) == normalize_password(decomposed)


def test_short_names_are_parts_of_many_words() -> None:
    assert fault_of("annannannk4x7", ("ann",)) is None
    assert fault_of("annaannak4x7", ("anna",)) is not None


@pytest.mark.asyncio
async def test_a_password_is_verified_against_its_hash() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("vier zebras lesen")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await hasher.verify("vier zebras lesen", stored)).is_right
    assert not (await hasher.verify("vier zebras lesen ", stored)).is_right
    assert (await hasher.verify("vier zebras lesen", stored)).new_hash is None
    assert not (await hasher.verify("vier zebras lesen", None)).is_right


@pytest.mark.asyncio
async def test_a_hash_of_other_parameters_is_replaced() -> None:
    hasher = PasswordHasher()
    weak = Argon2Hasher(1, 1024, 1).hash("vier zebras lesen")
    verification = await hasher.verify("vier zebras lesen", weak)
    assert verification.is_right
    assert verification.new_hash is not None
    assert verification.new_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await hasher.verify("wrong", weak)).new_hash is None


@pytest.mark.asyncio
async def test_an_unknown_account_takes_as_long_because_a_hash_is_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasher = PasswordHasher()
    compared: list[str] = []
    verify = hasher._hasher.verify_and_update

    def count(password: str, stored: str) -> tuple[bool, str | None]:
        compared.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(hasher._hasher, "verify_and_update", count)
    stored = await hasher.hash("vier zebras lesen")
    await asyncio.gather(hasher.verify("x", None), hasher.verify("x", stored))
    assert len(compared) == 2
    assert {text.rsplit("$", 2)[0] for text in compared} == {"$argon2id$v=19$m=19456,t=2,p=1"}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("X", "x"), ("Anna", "anna"), ("ANNA.MÜLLER@werk.example", "anna.müller@werk.example"),
     ("Ａnna", "anna"), ("x" * 100, "x" * 100)],
)  # fmt: skip
def test_names_that_are_the_same(typed: str, stored: str) -> None:
    assert normalize_user_name(typed) == stored
    assert lowered_name(typed) == stored


@pytest.mark.parametrize("name", ["", "x" * 101, "a b", "a:b", "a/b", "a\\b", "a\nb", "a\u200bb"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="it must"):
        normalize_user_name(name)
