"""What a policy lets pass: windows over weekends, holidays and clock changes; wrong documents."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from werknetz.domain.bucket import TIME_MAX_US, instant_of, microseconds_of
from werknetz.kpi.supply.policy import BUILT_IN, Policy, PolicyRejected

BERLIN = ZoneInfo("Europe/Berlin")


def us(text: str) -> int:
    return microseconds_of(datetime.fromisoformat(text).astimezone(UTC))


def window(document: dict[str, object], start: str, end: str) -> tuple[str, str]:
    window = Policy.parse(document).window(us(start), us(end), BERLIN)
    begin, until = (instant_of(at).astimezone(BERLIN) for at in window)
    return f"{begin:%m-%d %H:%M}", f"{until:%m-%d %H:%M}"


DAY = ("2026-11-20T00:00+01:00", "2026-11-21T00:00+01:00")  # a Friday


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"early": "0h", "late": "0h"}, ("11-20 00:00", "11-21 00:00")),
        ({"early": "1d", "late": "0h"}, ("11-19 00:00", "11-21 00:00")),
        ({"early": "4h", "late": "2h"}, ("11-19 20:00", "11-21 02:00")),
        ({"early": "0h", "late": "1bd"}, ("11-20 00:00", "11-24 00:00")),  # Monday's end
        (
            {"early": "0h", "late": "1bd", "holidays": ["2026-11-23"]},
            ("11-20 00:00", "11-25 00:00"),
        ),
        ({"early": "5bd", "late": "1d"}, ("11-13 00:00", "11-22 00:00")),
    ],
)
def test_windows(document: dict[str, object], expected: tuple[str, str]) -> None:
    assert window(document, *DAY) == expected


def test_a_day_more_is_a_day_of_the_site_over_the_change_of_the_clock() -> None:
    span = window({"early": "0h", "late": "1d"}, "2026-10-24T00:00+02:00", "2026-10-25T00:00+02:00")
    assert span == ("10-24 00:00", "10-26 00:00")  # 25 hours


def test_an_instant_is_in_and_midnight_belongs_to_the_next_day() -> None:
    policy = Policy.parse({"early": "0h", "late": "0h"})
    at = us("2026-11-20T10:00+01:00")
    assert policy.window(at, at, BERLIN) == (at, at + 1)
    start, end = policy.window(us(DAY[0]), us(DAY[1]), BERLIN)
    assert (start, end) == (us(DAY[0]), us(DAY[1]))  # half-open: the end is not in


def test_the_last_day_there_is_does_not_break_it() -> None:
    policy = Policy.parse({"early": "1d", "late": "2bd"})
    assert policy.window(TIME_MAX_US, TIME_MAX_US, BERLIN)[1] >= TIME_MAX_US


def test_a_policy_round_trips_as_a_document() -> None:
    document = {
        "reference": "confirmed", "early": "2bd", "late": "4h", "tolerance": 0.05,
        "over_tolerance": 0.1, "level": "order", "frozen_days": 5.0, "demand": "cumulative",
        "business_days": ["mon", "sat"], "holidays": ["2026-12-25"], "asn_expected": False,
    }  # fmt: skip
    policy = Policy.parse(document, version=3)
    assert policy.to_document() == document
    assert policy.holidays == {date(2026, 12, 25)}
    assert Policy.parse({}) == BUILT_IN
    for word in ("every line of an order", "0.05", "2 business days before", "announced", "5 days"):
        assert word in policy.text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"earley": "1d"}, "earley is not known"),
        ({"early": "a day"}, '"1d"'),
        ({"late": -1}, "late is -1"),
        ({"tolerance": 1.0}, "0.99"),
        ({"tolerance": True}, "tolerance is True"),
        ({"level": "pallet"}, "line, order"),
        ({"reference": "despatch"}, "requested_delivery, confirmed"),
        ({"business_days": []}, "mon, tue"),
        ({"holidays": ["25.12."]}, "2026-12-24"),
        ({"holidays": "2026-12-25"}, "write a list"),
        ({"asn_expected": "yes"}, "true or false"),
    ],
)
def test_an_error_names_what_to_write(document: dict[str, object], message: str) -> None:
    with pytest.raises(PolicyRejected) as refused:
        Policy.parse(document)
    assert message in str(refused.value)
    assert refused.value.field_name in document


@pytest.mark.parametrize(
    ("field", "limit"), [("tolerance", 0.99), ("over_tolerance", 10.0), ("frozen_days", 366.0)]
)
def test_numbers_have_limits(field: str, limit: float) -> None:
    for value in (0, limit):
        assert getattr(Policy.parse({field: value}), field) == value
    for value in (-0.01, limit + 0.01, True, "1"):
        with pytest.raises(PolicyRejected, match=field):
            Policy.parse({field: value})
