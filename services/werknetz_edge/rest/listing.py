"""The keys of a listing of all rows, by which missing rows are found."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

LISTING: Final = b"listing"
LISTING_ROWS_MAX: Final = 100_000
"""A larger listing withdraws nothing: its keys travel in one message of 1.6 MB."""


@dataclass(slots=True)
class ListingKeys:
    """`is_complete` is false where a row has no key, or the listing is too large."""

    keys: list[bytes] = field(default_factory=list)
    is_complete: bool = True
    is_too_large: bool = False

    def add(self, key: bytes | None) -> None:
        if key is None or self.is_too_large:
            self.is_complete = False
        elif len(self.keys) >= LISTING_ROWS_MAX:
            self.is_complete, self.is_too_large = False, True
            self.keys.clear()
        else:
            self.keys.append(key)

    @property
    def digest(self) -> str:
        """The same for the same rows in any order; not empty for an empty listing."""
        digest = blake2b(digest_size=16)
        for key in sorted(set(self.keys)):
            digest.update(key)
        return digest.hexdigest()
