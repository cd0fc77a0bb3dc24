"""One round through the pages of an endpoint, and the bookmark for the next round."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.connector.clock.wall_clock import read_time
from werknetz.connector.content.paths import value_at_path
from werknetz.connector.contract import ConfigurationRejected
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
from werknetz_edge.rest.paging import PageRequest, first_request, next_request

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
    request: PageRequest = field(init=False)
    is_finished: bool = False
    is_complete: bool = True  # false: a page was unreadable; the bookmark stays where it is
    _pages: int = 0
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
        if not self.is_complete:
            return self.bookmark_before
        times = [t for t in (self.bookmark_before.cursor_us, self._latest_us) if t is not None]
        cursor = min(max(times), self.began_us) if times else None
        if self.bookmark_before.cursor_us is not None and cursor is not None:
            cursor = max(cursor, self.bookmark_before.cursor_us)
        return Bookmark(cursor, **self._validators)

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
        reader = RowReader(self.source, self.config)
        return prepare_part(
            part,
            self.source,
            b"",
            identity_of=self._identity_of,
            read_row=reader.read_row,
            at_us=self.began_us,
        )

    def _identity_of(self, row: DocumentRow) -> bytes:
        """Identify a row by its key and the time of its change; without a key by its content."""
        key = identity_of_paths(self.source, self.config.key, row)
        if key is None:
            key = hash_of(b"content", self.source.encode(), row.raw)
        parts: list[bytes] = []
        if self.config.changed_at is not None and row.fields is not None:
            parts.append(
                str(value_at_path(row.fields, self.config.changed_at.path)).encode(errors="replace")
            )
        if self.config.is_snapshot:
            parts += [self.began_us.to_bytes(8, "big"), row.position.encode()]
        return hash_of(key, *parts)

    def _advance_cursor(self, part: DocumentPart) -> None:
        changed_at = self.config.changed_at
        if changed_at is None:
            return
        for row in part.rows:
            value = None if row.fields is None else value_at_path(row.fields, changed_at.path)
            at_us = None if value is None else read_time(value, changed_at)[0]
            if at_us is not None and (self._latest_us is None or at_us > self._latest_us):
                self._latest_us = at_us

    def _cursor_text(self) -> str:
        cursor = self.config.cursor
        if self.bookmark_before.cursor_us is None:
            return format_instant(_start_us(cursor), cursor)
        return format_instant(
            max(self.bookmark_before.cursor_us - int(cursor.lag_s * 1e6), 0), cursor
        )


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
