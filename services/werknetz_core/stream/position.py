"""Where a reader of a stream is: a digest of what it has of each topic, in `Last-Event-ID`.

The digest depends on content alone, so any process can say whether something has changed. Nothing
is lost by a reconnect: a topic that has changed is sent whole, one that has not is not sent.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

CHARACTERS_MAX: Final = 500
_PART: Final = re.compile(r"([a-z]{1,20})\.([0-9a-f]{16})")


def digest_of(items: Mapping[str, bytes]) -> str:
    """Return a digest of the items of a topic: key → content."""
    digest = hashlib.blake2b(digest_size=8)
    for key, content in sorted(items.items()):
        for part in (key.encode(), content):
            digest.update(len(part).to_bytes(4, "big") + part)
    return digest.hexdigest()


def format_position(digests: Mapping[str, str]) -> str:
    return ",".join(f"{topic}.{digest}" for topic, digest in digests.items())


def parse_position(text: str | None) -> dict[str, str]:
    """Return digests by topic; what cannot be read is left out, so its topics are sent whole."""
    if text is None or len(text) > CHARACTERS_MAX:
        return {}
    matches = [_PART.fullmatch(part.strip()) for part in text.split(",")]
    return {match[1]: match[2] for match in matches if match is not None}
