from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.connector.normalize import Normalizer
from werknetz.connector.quarantine import (
    ENTRIES_PER_MINUTE_MAX,
    ENTRIES_PER_SOURCE_MAX,
    REPEAT_US,
    QuarantineLimiter,
    kind_of_reason,
)
from werknetz.events.batch import Unmapped

NOW = 1_795_000_000_000_000 // REPEAT_US * REPEAT_US


def test_a_reason_without_its_values_is_what_groups() -> None:
    assert kind_of_reason("quantity: 'a b' is not a number") == "quantity: … is not a number"
    assert kind_of_reason('"x" at line 12') == "… at line …"


def test_a_flood_is_kept_up_to_a_bound_and_counted_beyond() -> None:
    refusals = QuarantineLimiter("m@1")
    said = [refusals.admit("s", f"'{n}' is bad", b"raw", NOW + n) for n in range(10_000)]
    whole = [each for each in said if each is not None]
    assert len(whole) == ENTRIES_PER_SOURCE_MAX + 1  # and the first that is only counted
    counted = refusals.take_due(NOW + 2 * REPEAT_US)
    assert sum(each.count for each in [*whole, *counted]) == 10_000
    assert refusals.admit("s", "'x' is bad", b"", NOW + 3 * REPEAT_US) is not None


def test_many_sources_share_one_bound() -> None:
    refusals = QuarantineLimiter("m@1")
    said = [refusals.admit(f"s{n}", "bad", b"", NOW) for n in range(ENTRIES_PER_MINUTE_MAX + 500)]
    floods = [each for each in said if each is not None and "flood" in each.reason]
    assert sum(each is not None for each in said) - len(floods) == ENTRIES_PER_MINUTE_MAX


def test_bad_records_do_not_flood_and_good_ones_go_on() -> None:
    bad = [SourceRecord("t", {"n": n}, str(n).encode(), item=f"line {n}") for n in range(5_000)]
    bad += [SourceRecord("t", {"material": "m", "quantity": 1}, b"good", kind="stock_counted")]
    records = Normalizer(STORE_AS_IS, "c").normalize(Delivery(records=bad), NOW)
    refused = [record for record in records if isinstance(record, Unmapped)]
    assert len(refused) == ENTRIES_PER_SOURCE_MAX + 1
    assert len(records) == len(refused) + 2  # the mapping and the good one
