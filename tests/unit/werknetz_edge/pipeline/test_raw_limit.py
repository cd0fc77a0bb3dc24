from werknetz.connector.contract import Delivery, SourceMessage
from werknetz_edge.pipeline.raw_limit import RawLimiter


def _delivery(size: int) -> Delivery:
    content = bytes(i * 37 % 251 for i in range(size))
    return Delivery(messages=[SourceMessage("m", content, b"h")])


def test_a_flood_is_dropped_and_counted_and_quiet_minutes_make_room_again() -> None:
    now_s = [0.0]
    keeper = RawLimiter(10_000, lambda: now_s[0])
    kept = [keeper.encode(_delivery(20_000), 1, "m@1") for _ in range(50)]
    assert kept[0] is not None
    assert sum(raw is not None for raw in kept) < 50
    assert keeper.dropped == sum(raw is None for raw in kept)
    now_s[0] = 3600.0
    assert keeper.encode(_delivery(100), 1, "m@1") is not None


def test_none_is_kept_where_none_is_wanted() -> None:
    keeper = RawLimiter(0, lambda: 0.0)
    assert keeper.encode(_delivery(10), 1, "m@1") is None
    assert keeper.dropped == 0
