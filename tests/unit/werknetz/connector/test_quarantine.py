from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.connector.normalize import Normalizer
from werknetz.connector.quarantine import (
    ENTRIES_PER_MINUTE_MAX,
    ENTRIES_PER_SOURCE_MAX,
    RAW_CUT,
    RAW_MAX,
    RAW_PER_MINUTE_MAX,
    RAW_SAMPLE_MAX,
    REPEAT_US,
    QuarantineLimiter,
    kind_of_reason,
)
from werknetz.events.batch import Unmapped

NOW = 1_795_000_000_000_000 // REPEAT_US * REPEAT_US


def test_the_kind_of_a_reason_contains_no_values() -> None:
    assert kind_of_reason("quantity: 'a b' is not a number") == "quantity: … is not a number"
    assert kind_of_reason('"x" at line 12') == "… at line …"


def test_entries_above_the_limit_are_counted() -> None:
    limiter = QuarantineLimiter("m@1")
    entries = [limiter.admit("s", f"'{n}' is bad", b"raw", NOW + n) for n in range(10_000)]
    admitted = [entry for entry in entries if entry is not None]
    assert len(admitted) == ENTRIES_PER_SOURCE_MAX + 1  # and the first of those that are counted
    counted = limiter.take_due(NOW + 2 * REPEAT_US)
    assert sum(entry.count for entry in [*admitted, *counted]) == 10_000
    assert limiter.admit("s", "'x' is bad", b"", NOW + 3 * REPEAT_US) is not None


def test_sources_share_one_limit_per_minute() -> None:
    limiter = QuarantineLimiter("m@1")
    entries = [limiter.admit(f"s{n}", "bad", b"", NOW) for n in range(ENTRIES_PER_MINUTE_MAX + 500)]
    floods = [entry for entry in entries if entry is not None and "flood" in entry.reason]
    assert sum(entry is not None for entry in entries) - len(floods) == ENTRIES_PER_MINUTE_MAX


def test_invalid_records_are_limited_and_valid_ones_are_stored() -> None:
    rows = [SourceRecord("t", {"n": n}, str(n).encode(), item=f"line {n}") for n in range(5_000)]
    rows += [SourceRecord("t", {"material": "m", "quantity": 1}, b"good", kind="stock_counted")]
    records = Normalizer(STORE_AS_IS, "c").normalize(Delivery(records=rows), NOW)
    unmapped = [record for record in records if isinstance(record, Unmapped)]
    assert len(unmapped) == ENTRIES_PER_SOURCE_MAX + 1
    assert len(records) == len(unmapped) + 2  # the mapping and the valid record


def test_raw_bytes_are_complete_or_their_size_is_named() -> None:
    limiter = QuarantineLimiter("m@1")
    sizes = [(RAW_MAX, RAW_MAX, 0), (RAW_MAX + 1, RAW_MAX, RAW_MAX + 1), (0, 0, 0)]
    for n, (length, stored, size) in enumerate(sizes):
        entry = limiter.admit(f"s{n}", "bad", b"x" * length, NOW)
        assert entry is not None
        assert (len(entry.raw), entry.size) == (stored, size)


def test_the_raw_bytes_of_a_minute_are_limited() -> None:
    limiter = QuarantineLimiter("m@1")
    count = RAW_PER_MINUTE_MAX // RAW_MAX
    entries = [limiter.admit("s", "bad", b"x" * RAW_MAX, NOW) for _ in range(count + 2)]
    lengths = [len(entry.raw) for entry in entries if entry is not None]
    assert lengths == [RAW_MAX] * count + [RAW_CUT] * 2
    assert entries[-1] is not None
    assert entries[-1].size == RAW_MAX
    later = limiter.admit("s", "bad", b"x" * RAW_MAX, NOW + REPEAT_US)
    assert later is not None
    assert len(later.raw) == RAW_MAX


def test_a_repeat_names_the_size_of_its_example() -> None:
    limiter = QuarantineLimiter("m@1")
    for _ in range(2):
        limiter.count_repeat("s", "bad", b"x" * (RAW_SAMPLE_MAX + 1), NOW)
    limiter.count_repeat("t", "bad", b"", NOW, 2)
    first, second = limiter.take_due(NOW + REPEAT_US)
    assert (len(first.raw), first.size) == (RAW_SAMPLE_MAX, RAW_SAMPLE_MAX + 1)
    assert (second.raw, second.size) == (b"", 0)
