"""How long an account and an address wait after failed sign-ins."""

import pytest

from werknetz_core.accounts.lock_out import (
    AT_ADDRESS,
    ELSEWHERE,
    OF_ADDRESS,
    SignInAttempt,
    SignInBackOff,
)


@pytest.mark.parametrize(
    ("back_off", "failures", "wait_s"),
    [
        (AT_ADDRESS, 4, 0), (AT_ADDRESS, 5, 30), (AT_ADDRESS, 6, 60), (AT_ADDRESS, 9, 480),
        (AT_ADDRESS, 10, 900), (AT_ADDRESS, 10**6, 900),
        (ELSEWHERE, 19, 0), (ELSEWHERE, 20, 60), (ELSEWHERE, 24, 900),
        (OF_ADDRESS, 19, 0), (OF_ADDRESS, 20, 10), (OF_ADDRESS, 25, 300),
    ],
)  # fmt: skip
def test_the_wait_doubles_up_to_a_bound(
    back_off: SignInBackOff, failures: int, wait_s: float
) -> None:
    assert back_off.wait_s(failures) == wait_s


def test_nobody_waits_longer_than_a_quarter_of_an_hour() -> None:
    """Whoever guesses must not lock a person out for ever."""
    assert max(AT_ADDRESS.max_s, ELSEWHERE.max_s, OF_ADDRESS.max_s) <= 900


def test_an_account_is_counted_however_its_name_is_typed() -> None:
    assert SignInAttempt.of("Anna", "10.1.2.3") == SignInAttempt.of("ANNA", "10.1.2.3")
    assert SignInAttempt.of("anna", "10.1.2.3") != SignInAttempt.of("anne", "10.1.2.3")
    assert b"anna" not in SignInAttempt.of("anna", "10.1.2.3").account
