from werknetz.connector.contract import Delivery, SourceMessage
from werknetz_edge.pipeline.raw_limit import RawLimiter


def _delivery(size: int) -> Delivery:
    content = bytes(i * 37 % 251 for i in range(size))
    return Delivery(messages=[SourceMessage("m", content, b"h")])


def test_a_flood_is_dropped_and_counted_and_quiet_minutes_make_room_again() -> None:
    now_s = [0.0]
    limiter = RawLimiter(10_000, lambda: now_s[0])
    encoded = [limiter.encode(_delivery(20_000), 1, "m@1") for _ in range(50)]
    assert encoded[0] is not None
    assert sum(raw is not None for raw in encoded) < 50
    assert limiter.dropped == sum(raw is None for raw in encoded)
    now_s[0] = 3600.0
    assert limiter.encode(_delivery(100), 1, "m@1") is not None


def test_without_a_limit_nothing_is_encoded() -> None:
    limiter = RawLimiter(0, lambda: 0.0)
    assert limiter.encode(_delivery(10), 1, "m@1") is None
    assert limiter.dropped == 0
