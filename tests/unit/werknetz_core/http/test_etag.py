"""Whether a client has the answer already."""

import pytest

from werknetz_core.http.etag import Watermarks, matches


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
    assert matches(sent, '"a"') is same
    assert not matches(sent, None)


@pytest.mark.asyncio
async def test_without_redis_there_is_no_tag() -> None:
    assert await Watermarks(None).tag(["nordwerk"], [], 0) is None
