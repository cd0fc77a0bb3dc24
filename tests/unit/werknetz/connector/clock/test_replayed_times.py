"""A replay of raw input has the times and statuses that the edge stored."""

import zlib
from typing import Any

import msgspec
import pytest

from werknetz.connector.clock.clock_check import ClockCheck, TimeOptions
from werknetz.connector.contract import Delivery, Reading, SourceRecord
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import decode_delivery, encode_delivery
from werknetz.events.batch import Raw, Samples
from werknetz.events.codec import columns_of
from werknetz_core.mappings.replay_normalizer import ReplayNormalizer

NOW = 1_795_000_000_000_000
LOST = 1_325_376_300_000_000  # 2012-01-01T00:05Z


@pytest.mark.parametrize("clock", ["source", "server", "arrival"])
@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize(
    "more", [{}, {"lane": "backfill"}, {"is_history": True}, {"may_repeat": True}]
)
@pytest.mark.parametrize("may_be_old", [True, False])
def test_a_replay_judges_times_as_the_edge_did(
    clock: Any, history: bool, more: dict[str, Any], may_be_old: bool
) -> None:
    options = TimeOptions(clock=clock, history=history)
    readings = [
        Reading(f"a{n}", 1.0, 0, at_us, NOW - 2, may_be_old=may_be_old)
        for n, at_us in enumerate([NOW - 1, LOST, LOST + 31 * 86_400_000_000, NOW + 90_000_000])
    ]
    delivery = Delivery(readings, **more)
    normalizer = Normalizer(STORE_AS_IS, "c", clock=ClockCheck(options))
    (samples,) = [r for r in normalizer.normalize(delivery, NOW) if isinstance(r, Samples)]
    columns = columns_of(samples)
    raw = encode_delivery(delivery, NOW, "as-is@1", options)
    assert raw is not None
    replayed = ReplayNormalizer(STORE_AS_IS, "c").normalize(decode_delivery(raw)).samples
    for n in range(len(readings)):
        part = replayed[f"connector:c:a{n}"]
        assert (part.at_us[0], part.status[0]) == (columns.time[n], columns.status[n])
        server = columns.time if columns.server_time is None else columns.server_time
        assert part.server_us[0] == server[n]


def test_raw_input_of_version_0_1_is_not_judged_by_its_age() -> None:
    stored = [[["a", 1.0, 0, LOST, None, None]]]  # readings, the first of the fields
    payload = zlib.compress(msgspec.msgpack.encode(stored))
    raw = decode_delivery(Raw(NOW, LOST, LOST, 1, "m@1", "zlib", payload))
    assert raw.clock == "source"
    samples = ReplayNormalizer(STORE_AS_IS, "c").normalize(raw).samples["connector:c:a"]
    assert (samples.at_us[0], samples.status[0]) == (LOST, 0)


def test_a_raw_record_has_its_zone() -> None:
    record = SourceRecord("s", {"t": 1}, b"k", zone="Asia/Tokyo", time_field="t")
    raw = encode_delivery(Delivery(records=[record]), NOW, "m@1")
    assert raw is not None
    (decoded,) = decode_delivery(raw).delivery.records
    assert (decoded.zone, decoded.time_field) == ("Asia/Tokyo", "t")
