"""Which time a value gets, and how a wrong clock is marked and reported (M6)."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from werknetz.connector.clock.clock_check import ClockCheck, TimeOptions
from werknetz.connector.contract import Delivery, Reading, ReadingBlock
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz.events.batch import Samples
from werknetz.events.codec import columns_of

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  equipment: n/p
  rules:
    - {source: a}
    - {source: b}
    - {source: by_arrival, time: {clock: arrival}}
    - {source: by_server, time: {clock: server}}
    - {source: by_source, time: {clock: source}}
"""


def _us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def _normalizer(**options: Any) -> Normalizer:
    check = ClockCheck(TimeOptions(**options))
    return Normalizer(parse_mapping(parse_yaml(MAPPING, file="m")), "c", clock=check)


def _store(
    normalizer: Normalizer, delivery: Delivery, arrival_us: int = NOW
) -> list[tuple[int, int, int | None]]:
    """Return time, status and server time of each sample."""
    rows: list[tuple[int, int, int | None]] = []
    for record in normalizer.normalize(delivery, arrival_us):
        if isinstance(record, Samples):
            columns = columns_of(record)
            server = columns.server_time
            rows += [
                (int(columns.time[n]), int(columns.status[n]),
                 None if server is None or server[n] == columns.time[n] else int(server[n]))
                for n in range(len(columns))
            ]  # fmt: skip
    return rows


def _reading(at_us: int | None, source: str = "a", **more: Any) -> Delivery:
    return Delivery([Reading(source, 1.0, source_time_us=at_us, **more)])


def _block(at_us: int, source: str = "a") -> Delivery:
    block = ReadingBlock(
        [source], np.zeros(1, np.int32), np.ones(1), np.zeros(1, np.uint32),
        np.array([at_us], np.int64),
    )  # fmt: skip
    return Delivery(blocks=[block])


@pytest.mark.parametrize("deliver", [_reading, _block], ids=["reading", "block"])
@pytest.mark.parametrize(
    ("at_us", "stored_us", "is_good", "finding"),
    [
        (NOW, NOW, True, None),
        (NOW + 60 * SECOND, NOW + 60 * SECOND, True, None),
        (NOW + 60 * SECOND + 1, NOW + 60 * SECOND + 1, False, "clock_ahead"),
        (NOW + 61 * SECOND, NOW + 61 * SECOND, False, "clock_ahead"),
        (NOW + 40 * DAY, NOW + 40 * DAY, False, "clock_ahead"),
        (NOW - 60 * SECOND, NOW - 60 * SECOND, True, None),
        (NOW - 60 * SECOND - 1, NOW - 60 * SECOND - 1, False, "late"),
        (NOW - 2 * HOUR, NOW - 2 * HOUR, False, "late"),
        (_us("2013-01-01T00:00Z"), _us("2013-01-01T00:00Z"), False, "late"),
        (_us("2012-12-31T23:59Z"), NOW, False, "bad_time"),
        (_us("2012-01-01T00:05Z"), NOW, False, "bad_time"),
        (_us("2012-01-09T11:00Z"), NOW, False, "bad_time"),
        (_us("2000-01-01T00:05Z"), NOW, False, "bad_time"),
        (_us("1999-12-31T23:00Z"), NOW, False, "bad_time"),
        (_us("1990-01-01T00:00Z"), NOW, False, "bad_time"),
        (_us("1984-01-01T00:01Z"), NOW, False, "bad_time"),
        (_us("1980-01-06T00:00Z"), NOW, False, "bad_time"),
        (0, NOW, False, "bad_time"),
        (-11_644_473_600_000_000, NOW, False, "bad_time"),
    ],
)
def test_a_live_time_is_judged_by_its_arrival(
    deliver: Any, at_us: int, stored_us: int, is_good: bool, finding: str | None
) -> None:
    normalizer = _normalizer()
    status = GOOD if is_good else UNCERTAIN_TIME
    source_us = at_us if finding == "bad_time" else None
    assert _store(normalizer, deliver(at_us)) == [(stored_us, status, source_us)]
    texts = normalizer.clock.findings.texts(NOW)
    assert list(texts) == ([] if finding is None else [finding])
    if finding is not None:
        assert "a: " in texts[finding]
        assert f"offset {(at_us - NOW) / 1e6:+.1f} s" in texts[finding]


@pytest.mark.parametrize(
    ("more", "stored_us"),
    [
        ({"lane": "backfill"}, _us("2012-01-01T00:05Z")),
        ({"is_history": True}, _us("2012-01-01T00:05Z")),
        ({"may_repeat": True}, NOW),
    ],
)
def test_history_is_not_judged_by_its_age(more: dict[str, Any], stored_us: int) -> None:
    """A default date is wrong in a first value of a subscription, too, but no other old time is."""
    normalizer = _normalizer()
    old = Delivery([Reading("a", 1.0, source_time_us=_us("2021-03-05T00:05Z"))], **more)
    assert _store(normalizer, old) == [(_us("2021-03-05T00:05Z"), GOOD, None)]
    lost = Delivery([Reading("a", 1.0, source_time_us=_us("2012-01-01T00:05Z"))], **more)
    assert _store(normalizer, lost)[0][0] == stored_us
    ahead = Delivery([Reading("a", 1.0, source_time_us=NOW + 61 * SECOND)], **more)
    assert _store(normalizer, ahead) == [(NOW + 61 * SECOND, UNCERTAIN_TIME, None)]
    assert "clock_offset_s" not in normalizer.clock.details()


def test_a_retained_value_may_be_old() -> None:
    normalizer = _normalizer()
    assert _store(normalizer, _reading(NOW - DAY, may_be_old=True)) == [(NOW - DAY, GOOD, None)]
    lost_us = _us("2000-01-03T00:05Z")
    assert _store(normalizer, _reading(lost_us, may_be_old=True)) == [
        (NOW, UNCERTAIN_TIME, lost_us)
    ]


def test_an_option_declares_a_source_of_stored_values() -> None:
    assert _store(_normalizer(history=True), _reading(NOW - DAY)) == [(NOW - DAY, GOOD, None)]
    late = _normalizer(late_max_s=600)
    assert _store(late, _reading(NOW - 600 * SECOND))[0][1] == GOOD
    assert _store(late, _reading(NOW - 600 * SECOND - 1))[0][1] == UNCERTAIN_TIME


def test_an_outage_explains_late_values_but_not_older_ones() -> None:
    normalizer = _normalizer()
    assert _store(normalizer, _reading(NOW))[0][1] == GOOD
    back_us = NOW + 5 * HOUR  # the machine was away for five hours, and sends what it stored
    for n in range(5):
        at_us = NOW + n * HOUR
        assert _store(normalizer, _reading(at_us), back_us + n) == [(at_us, GOOD, None)]
    assert _store(normalizer, _reading(NOW - 2 * HOUR), back_us + 9)[0][1] == UNCERTAIN_TIME
    assert not _store(normalizer, _reading(back_us + 10), back_us + 10)[0][1]
    # It has caught up: the same age is no backlog any more.
    assert _store(normalizer, _reading(back_us - HOUR), back_us + 11)[0][1] == UNCERTAIN_TIME


def test_the_points_of_an_outage_are_judged_one_by_one() -> None:
    normalizer = _normalizer()
    _store(normalizer, Delivery([*_reading(NOW).readings, *_reading(NOW, "b").readings]))
    later = NOW + HOUR
    _store(normalizer, _reading(later, "b"), later)
    both = [*_reading(NOW + 60 * SECOND, "a").readings, *_reading(NOW + 60 * SECOND, "b").readings]
    assert [row[1] for row in _store(normalizer, Delivery(both), later)] == [GOOD, UNCERTAIN_TIME]


@pytest.mark.parametrize(("speed", "is_backlog"), [(1.0, False), (1.4, False), (1.6, True)])
def test_after_a_restart_a_backlog_catches_up_and_a_slow_clock_does_not(
    speed: float, is_backlog: bool
) -> None:
    check = ClockCheck(known_points=1)
    document = parse_yaml(MAPPING, file="m")
    normalizer = Normalizer(parse_mapping(document), "c", {"n/p:a": 1}, clock=check)
    statuses = [
        _store(normalizer, _reading(NOW - DAY + int(speed * n * SECOND)), NOW + n * SECOND)[0][1]
        for n in range(0, 130, 10)
    ]
    assert statuses[:6] == [GOOD] * 6, "a backlog of any age, until it has been judged"
    assert (statuses[-1] == GOOD) is is_backlog


def test_the_offset_is_the_median_of_live_values() -> None:
    normalizer = _normalizer()
    assert normalizer.clock.details() == {}
    for n in range(9):
        wrong = 5_000 if n % 3 == 0 else 12
        at_us = NOW + n * SECOND
        _store(normalizer, _reading(at_us + wrong * SECOND), at_us)
    assert normalizer.clock.details() == {"clock_offset_s": "+12.000"}
    _store(normalizer, _reading(None), NOW)
    assert normalizer.clock.details() == {"clock_offset_s": "+12.000"}, "no time of the source"


def test_a_finding_closes_an_hour_after_its_last_value() -> None:
    normalizer = _normalizer()
    _store(normalizer, _reading(NOW + DAY))
    findings = normalizer.clock.findings
    assert "(1 times)" in findings.texts(NOW + HOUR)["clock_ahead"]
    assert findings.texts(NOW + HOUR + 1) == {}


@pytest.mark.parametrize("source", ["by_arrival", "by_server", "by_source", "a"])
@pytest.mark.parametrize("clock", ["source", "server", "arrival"])
@pytest.mark.parametrize("as_block", [False, True])
def test_the_clock_of_the_rule_counts_then_that_of_the_edge_file(
    source: str, clock: str, as_block: bool
) -> None:
    normalizer = _normalizer(clock=clock)
    times = {"source": NOW - 10 * SECOND, "server": NOW - SECOND, "arrival": NOW}
    delivery = _reading(times["source"], source, server_time_us=times["server"])
    if as_block:
        delivery = _block(times["source"], source)
        delivery.blocks[0].server_time_us = np.array([times["server"]], np.int64)
    counts = clock if source == "a" else source.removeprefix("by_")
    ((at_us, status, _),) = _store(normalizer, delivery)
    assert (at_us, status) == (times[counts], GOOD)


@pytest.mark.parametrize("deliver", [_reading, _block], ids=["reading", "block"])
def test_the_server_clock_of_a_source_without_one_is_uncertain(deliver: Any) -> None:
    assert _store(_normalizer(clock="server"), deliver(NOW - SECOND)) == [
        (NOW, UNCERTAIN_TIME, None)
    ]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_a_default_date_is_a_local_midnight(zone: str) -> None:
    from zoneinfo import ZoneInfo

    lost_us = int(datetime(2012, 1, 1, 0, 5, tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp())
    rows = _store(_normalizer(), _reading(lost_us * SECOND, may_be_old=True))
    assert rows == [(NOW, UNCERTAIN_TIME, lost_us * SECOND)]


@pytest.mark.parametrize(
    ("at", "is_bad"),
    [
        ("2011-12-31T09:59:59Z", False),
        ("2011-12-31T10:00:00Z", True),  # midnight in the easternmost zone
        ("2012-01-31T09:59:59Z", True),
        ("2012-01-31T10:00:00Z", False),
        ("2009-12-31T10:00:00Z", True),
        ("2000-01-31T09:59:59Z", True),
        ("2000-01-31T10:00:00Z", False),
        ("1999-12-31T09:00:00Z", True),
    ],
)
def test_a_value_that_may_be_old_is_bad_only_near_a_default_date(at: str, is_bad: bool) -> None:
    at_us = _us(at)
    expected = (NOW, UNCERTAIN_TIME, at_us) if is_bad else (at_us, GOOD, None)
    assert _store(_normalizer(), _reading(at_us, may_be_old=True)) == [expected]


@pytest.mark.parametrize(
    ("at", "status"), [("1999-12-31T23:59:59Z", UNCERTAIN_TIME), ("2000-01-01T00:00:00Z", GOOD)]
)
def test_history_before_2000_is_uncertain(at: str, status: int) -> None:
    old = Delivery([Reading("a", 1.0, source_time_us=_us(at))], is_history=True)
    assert _store(_normalizer(), old) == [(_us(at), status, None)]


def test_a_bad_value_may_repeat_an_old_time() -> None:
    """A server that loses a device reports the last time with a bad status."""
    normalizer = _normalizer()
    _store(normalizer, _reading(NOW - DAY, status=0x8031_0000))
    assert normalizer.clock.findings.texts(NOW) == {}


def test_many_sources_are_counted() -> None:
    normalizer = _normalizer()
    names = ["a", "b", "by_source", "by_server"]
    ahead = [Reading(n, 1.0, 0, NOW + DAY, NOW + DAY) for n in names]
    for _ in range(3):
        normalizer.normalize(Delivery(ahead), NOW)
    text = normalizer.clock.findings.texts(NOW)["clock_ahead"]
    assert text.startswith("by_server: ")
    assert "(3 times); " in text
    assert "; and 1 more. Their time is ahead of ours" in text
