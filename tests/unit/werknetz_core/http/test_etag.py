"""ETags and If-None-Match."""

import pytest

from werknetz_core.http.etag import Watermarks, etag_matches


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        (None, False),
    ],
)
def test_matches(sent: str | None, same: bool) -> None:
    assert etag_matches(sent, '"a"') is same
    assert not etag_matches(sent, None)


@pytest.mark.asyncio
async def test_without_redis_there_is_no_etag() -> None:
    assert await Watermarks(None).etag_of(["nordwerk"], [], 0) is None
