"""Codes of the second factor: values of RFC 6238, steps around now, and a code used twice."""

import pytest

from werknetz_core.accounts.recovery_codes import CODES, generate_codes, hash_of_code
from werknetz_core.accounts.secret_box import SecretBox, SecretBoxKeyInvalid
from werknetz_core.accounts.totp import (
    STEP_S,
    code_of,
    generate_secret,
    is_code,
    matching_step,
    step_at,
    text_of_secret,
    uri_of,
)

SECRET = b"12345678901234567890"
SECOND_US = 1_000_000
SEALED = bytes.fromhex(
    "548c470fbde1f4b8cb0c56a5bbc8b38a28c68c10ed1556ff490ff14d9b2f3a0c987a306a8395fb360bddd4a5e34d0ba8"
)
"""The secret for the owner 7, as an earlier version stored it."""


@pytest.mark.parametrize(
    ("at_s", "code"),
    [  # RFC 6238, appendix B, SHA-1
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"),
        (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_codes_of_the_standard(at_s: int, code: str) -> None:
    assert code_of(SECRET, step_at(at_s * SECOND_US), digits=8) == code
    assert code_of(SECRET, step_at(at_s * SECOND_US)) == code[-6:]


@pytest.mark.parametrize(
    ("late_s", "is_accepted"),
    [(-31, False), (-30, True), (-1, True), (0, True), (29, True), (30, True), (59, True),
     (60, False)],
)  # fmt: skip
def test_a_code_is_accepted_one_step_before_and_after(late_s: int, is_accepted: bool) -> None:
    step = 1000
    code = code_of(SECRET, step)
    at_us = (step * STEP_S + late_s) * SECOND_US
    assert (matching_step(SECRET, code, at_us, None) == step) is is_accepted


@pytest.mark.parametrize(("last_step", "is_accepted"), [(998, True), (999, True), (1000, False)])
def test_a_code_counts_once(last_step: int, is_accepted: bool) -> None:
    at_us = 1000 * STEP_S * SECOND_US
    assert (matching_step(SECRET, code_of(SECRET, 1000), at_us, last_step) is not None) is (
        is_accepted
    )
    # Nor does the one before it, once a later one was used.
    assert matching_step(SECRET, code_of(SECRET, 999), at_us, 999) is None


def test_the_first_step_has_none_before_it() -> None:
    assert matching_step(SECRET, code_of(SECRET, 0), 0, None) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [("123456", True), ("12345", False), ("1234567", False), ("١٢٣٤٥٦", False), ("12345a", False)],
)
def test_what_has_the_form_of_a_code(text: str, *, expected: bool) -> None:
    assert is_code(text) is expected


def test_the_uri_of_an_app() -> None:
    assert text_of_secret(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert uri_of(SECRET, "anna müller") == (
        "otpauth://totp/Werknetz%3Aanna%20m%C3%BCller?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Werknetz&algorithm=SHA1&digits=6&period=30"
    )
    assert len({generate_secret() for _ in range(10)}) == 10


def test_recovery_codes_are_found_however_they_are_typed() -> None:
    codes = generate_codes()
    assert len(set(codes)) == CODES
    hashes = {hash_of_code(code) for code in codes}
    assert len(hashes) == CODES
    assert None not in hashes
    typed = f" {codes[0].upper().replace('-', ' ')} "
    assert hash_of_code(typed) == hash_of_code(codes[0])
    for text in ("", "abc", codes[0] + "a", codes[0][:-1] + "1"):
        assert hash_of_code(text) is None


def test_a_sealed_secret_opens_with_its_key_and_for_its_owner() -> None:
    box = SecretBox("k" * 32)
    sealed = box.seal(SECRET, 7)
    assert box.open(sealed, 7) == SECRET
    assert box.open(SEALED, 7) == SECRET
    assert SECRET not in sealed
    assert box.seal(SECRET, 7) != sealed
    for other, owner in ((box, 8), (SecretBox("l" * 32), 7)):
        with pytest.raises(SecretBoxKeyInvalid):
            other.open(sealed, owner)
    for damaged in (b"", sealed[:20], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(SecretBoxKeyInvalid):
            box.open(damaged, 7)
    with pytest.raises(SecretBoxKeyInvalid):
        SecretBox("k" * 31)
