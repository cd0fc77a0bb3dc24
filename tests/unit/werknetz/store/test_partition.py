from datetime import date

import numpy as np

from werknetz.store.ingest.partitions import DAY_US, RAW_INPUTS, SAMPLES, days_of


def test_a_name_converts_to_its_day_and_back() -> None:
    assert SAMPLES.name_of(date(2026, 3, 9)) == "samples_20260309"
    assert SAMPLES.day_of("samples_20260309") == date(2026, 3, 9)
    for other in (SAMPLES.catch_all, "samples_20261399", "samples_2026", "archive"):
        assert SAMPLES.day_of(other) is None


def test_days_are_cut_in_utc_within_the_bounds() -> None:
    day = 20_000
    at_us = np.array([day * DAY_US, day * DAY_US - 1, 0, 2**62], np.int64)
    first, last = date(2000, 1, 1), date(2100, 1, 1)
    assert days_of(at_us, first, last) == {date(2024, 10, 4), date(2024, 10, 3)}


def test_other_tables_have_days_too() -> None:
    assert RAW_INPUTS.day_of("raw_inputs_20260309") == date(2026, 3, 9)
    assert RAW_INPUTS.day_of("samples_20260309") is None
