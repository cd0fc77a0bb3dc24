"""One round through the pages of an endpoint, and the bookmark for the next round."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.connector.clock.local_time import AHEAD_MAX_US
from werknetz.connector.clock.wall_clock import read_time
from werknetz.connector.content.paths import value_at_path
from werknetz.connector.contract import ConfigurationRejected, SourceGroupEnd
from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz_edge.documents.dedup import hash_of
from werknetz_edge.documents.prepare import PreparedPart, RowReader, identity_of_paths, prepare_part
from werknetz_edge.documents.rows import (
    DocumentPart,
    DocumentRow,
    UnreadableDocument,
    parse_json,
    read_parts,
)
from werknetz_edge.rest.bookmarks import Bookmark
from werknetz_edge.rest.client import ResponsePage
from werknetz_edge.rest.config import CURSOR, CursorConfig, EndpointConfig, LinkPaging, TokenPaging
from werknetz_edge.rest.listing import LISTING, ListingKeys
from werknetz_edge.rest.paging import PageRequest, first_request, next_request

LATE_FACTOR: Final = 12
"""Every 12th round starts this many lags earlier, to find changes that were committed later."""
LATE_MIN_US: Final = 3_600_000_000
_UNIX: Final = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}


@dataclass(slots=True)
class PollRound:
    """Reads page by page until it is finished; then `bookmark` is how far it was read."""

    name: str
    config: EndpointConfig
    bookmark_before: Bookmark
    base_url: str
    began_us: int
    next_due_s: float  # on the monotonic clock
    is_deep: bool = False  # starts far before the cursor, to find late commits
    request: PageRequest = field(init=False)
    is_finished: bool = False
    is_complete: bool = True  # false: a page was unreadable; the bookmark stays where it is
    is_unconfirmed: bool = False  # too many rows are missing: another round must find the same
    without_time: int = 0  # rows without `changed_at`
    future: int = 0  # rows that are dated later than now
    without_key: int = 0  # rows whose content is their key
    listing: ListingKeys = field(default_factory=ListingKeys)
    _pages: int = 0
    _has_listing: bool = False  # false: nothing has changed since the last round
    _latest_us: int | None = None
    _validators: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config, since = self.config, self._cursor_text()
        url = self.base_url + config.path.replace(CURSOR, since)
        parameters = {k: v.replace(CURSOR, since) for k, v in config.parameters.items()}
        self.request = first_request(PageRequest(url, parameters), config.paging)

    @property
    def source(self) -> str:
        return f"rest/{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """Conditional headers; only without paging, since an ETag belongs to a single page."""
        if self.config.paging is not None or self.bookmark_before.url != self._address:
            return {}
        pairs = {
            "If-None-Match": self.bookmark_before.etag,
            "If-Modified-Since": self.bookmark_before.modified,
        }
        return {name: value for name, value in pairs.items() if value}

    @property
    def _address(self) -> str:
        return repr((self.request.url, sorted(self.request.parameters.items())))

    def read_page(self, page: ResponsePage) -> list[PreparedPart]:
        """Read a page, and set the next request."""
        address = self._address
        self._pages += 1
        if page.content is None or not page.content.strip():
            self.is_finished = True
            before = self.bookmark_before
            self._validators = {} if page.content is not None else {
                "url": before.url, "etag": before.etag, "modified": before.modified,
            }  # fmt: skip
            return []
        self._has_listing = True
        prepared: list[PreparedPart] = []
        rows = 0
        for part in self._parts(page.content):
            rows += len(part.rows)
            self._advance_cursor(part)
            prepared.append(self._prepare(part))
        next_request = self._next_request(self.request, page, rows) if self.is_complete else None
        self.is_finished = next_request is None
        self.request = next_request or self.request
        if self.config.paging is None:
            self._validators = {
                "url": address, "etag": page.headers.get("etag", ""),
                "modified": page.headers.get("last-modified", ""),
            }  # fmt: skip
        return prepared

    @property
    def bookmark(self) -> Bookmark:
        """The bookmark of a finished round. Never in the future: that would hide later changes."""
        before = self.bookmark_before
        if not self.is_complete or self.is_unconfirmed:
            return before
        times = [t for t in (before.cursor_us, self._latest_us) if t is not None]
        listing = self.listing.digest if self.group_end is not None else before.listing
        return Bookmark(
            max(times, default=None), **self._validators,
            floor_us=before.floor_us, listing=listing,
        )  # fmt: skip

    @property
    def has_listing(self) -> bool:
        """Whether all rows of the source were read, each with its key."""
        return self._has_listing and self.is_complete and self.listing.is_complete

    @property
    def group_end(self) -> SourceGroupEnd | None:
        """The end of a complete listing whose rows are not those of the round before."""
        if not self.config.deletions or not self.has_listing or self.is_unconfirmed:
            return None
        if self.listing.digest == self.bookmark_before.listing:
            return None
        return SourceGroupEnd(self.source, LISTING, self.listing.keys, reason="missing")

    def _parts(self, content: bytes) -> Iterator[DocumentPart]:
        try:
            yield from read_parts(io.BytesIO(content), self.config)
        except UnreadableDocument as error:
            self.is_complete = False
            yield DocumentPart(0, content, [DocumentRow(0, "", content, None, str(error))])

    def _next_request(
        self, request: PageRequest, page: ResponsePage, rows: int
    ) -> PageRequest | None:
        paging, body = self.config.paging, None
        if isinstance(paging, (LinkPaging, TokenPaging)) and paging.path is not None:
            try:
                body = parse_json(page.content or b"")
            except ValueError as error:
                raise ConfigurationRejected(
                    f"{self.name}: `paging.path` needs a JSON document: {error}"
                ) from error
        following = next_request(request, paging, body=body, rows=rows, headers=page.headers)
        if following == request:
            raise ConfigurationRejected(
                f"{self.name}: the next page is the same as this one: {request.url}"
            )
        if following is not None and self._pages >= self.config.pages_max:
            raise ConfigurationRejected(
                f"{self.name} has more than {self._pages} pages: use larger pages or a filter, "
                "or raise pages_max"
            )
        return following

    def _prepare(self, part: DocumentPart) -> PreparedPart:
        config = self.config
        reader = RowReader(
            self.source,
            config,
            can_revise=config.can_revise,
            group=LISTING if config.deletions else b"",
            changed_at=config.changed_at,
        )
        if config.key and config.output == "records":
            part = replace(part, rows=[self._require_key(row) for row in part.rows])
        return prepare_part(
            part,
            self.source,
            b"",
            identity_of=self._key_of,
            read_row=reader.read_row,
            at_us=self.began_us,
            can_revise=config.can_revise,
            dedup_identities_of=self._dedup_identities_of,
        )

    def _require_key(self, row: DocumentRow) -> DocumentRow:
        """Return the row, without fields where its key is missing: it goes to quarantine."""
        key = identity_of_paths(self.source, self.config.key, row)
        if self.config.deletions:
            self.listing.add(key)
        if key is not None or row.fields is None:
            return row
        names = ", ".join(self.config.key)
        return replace(row, fields=None, reason=f"its key ({names}) is missing")

    def _key_of(self, row: DocumentRow) -> bytes:
        """Return the key of a row, of this moment in a snapshot; without a key its content."""
        key = identity_of_paths(self.source, self.config.key, row)
        if key is None:
            self.without_key += row.fields is not None and self.config.output == "records"
            key = hash_of(b"content", self.source.encode(), row.raw)
        if self.config.is_snapshot:
            return hash_of(key, self.began_us.to_bytes(8, "big"), row.position.encode())
        return key

    def _dedup_identities_of(self, row: DocumentRow, key: bytes) -> tuple[bytes, bytes]:
        """Version 0.1 had the time of the change in the identity, where it is configured."""
        if self.config.is_snapshot:
            return key, b""
        if self.config.changed_at is None or row.fields is None:
            return hash_of(key), b""
        changed_at = str(value_at_path(row.fields, self.config.changed_at.path))
        return hash_of(key), hash_of(key, changed_at.encode(errors="replace"))

    def _advance_cursor(self, part: DocumentPart) -> None:
        changed_at = self.config.changed_at
        if changed_at is None:
            return
        for row in part.rows:
            value = None if row.fields is None else value_at_path(row.fields, changed_at.path)
            at_us = None if value is None else read_time(value, changed_at)[0]
            if at_us is None:
                self.without_time += row.fields is not None
            elif at_us > self.began_us:
                self.future += at_us > self.began_us + AHEAD_MAX_US
            elif self._latest_us is None or at_us > self._latest_us:
                self._latest_us = at_us

    def _cursor_text(self) -> str:
        cursor, before = self.config.cursor, self.bookmark_before
        if before.cursor_us is None:
            return format_instant(_start_us(cursor), cursor)
        lag_us = int(cursor.lag_s * 1e6)
        if self.is_deep:
            deep_us = max(LATE_FACTOR * lag_us, LATE_MIN_US)
            floor_us = 0 if before.floor_us is None else before.floor_us - lag_us
            start_us = min(max(before.cursor_us - deep_us, floor_us), before.cursor_us - lag_us)
        else:
            start_us = before.cursor_us - lag_us
        return format_instant(max(start_us - self._repeated_us(start_us), 0), cursor)

    def _repeated_us(self, at_us: int) -> int:
        """Return by how much the clocks will be set back over a local time: later rows repeat it.

        Only where `changed_at` is written without a zone.
        """
        changed_at = self.config.changed_at
        zone = None if changed_at is None else changed_at.zone
        if zone is None or self.config.cursor.format in _UNIX:
            return 0
        local = instant_of(at_us).astimezone(ZoneInfo(zone))
        first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
        if local.fold or first is None or second is None or first <= second:
            return 0
        return (first - second) // timedelta(microseconds=1)


def format_instant(at_us: int, config: CursorConfig) -> str:
    """Write a time in the format that the source expects."""
    if config.format in _UNIX:
        return str(at_us // _UNIX[config.format])
    local = instant_of(at_us).astimezone(ZoneInfo(config.zone))
    if config.format == "iso":
        return local.isoformat().replace("+00:00", "Z")
    return local.strftime(config.format)


def _start_us(config: CursorConfig) -> int:
    at = datetime.fromisoformat(config.start)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(config.zone))
    return max(microseconds_of(at.astimezone(ZoneInfo("UTC"))), 0)
