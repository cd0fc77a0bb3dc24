"""One round through the pages of an endpoint, and where the next round begins."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.connector.contract import ConfigurationRejected
from werknetz.connector.records import value_at_path
from werknetz.connector.values import parse_time
from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz_edge.documents.entries import PreparedPart, RowReader, identity_of_paths, prepare_part
from werknetz_edge.documents.rows import (
    DocumentPart,
    Row,
    UnreadableDocument,
    parse_json,
    read_parts,
)
from werknetz_edge.documents.seen import hash_of
from werknetz_edge.rest.client import ResponsePage
from werknetz_edge.rest.config import CURSOR, CursorConfig, EndpointConfig, LinkPaging, TokenPaging
from werknetz_edge.rest.memory import Bookmark
from werknetz_edge.rest.paging import PageRequest, first_request, next_request

_UNIX: Final = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}


@dataclass(slots=True)
class PollRound:
    """Asks page by page until it is over; then `bookmark` says how far it came."""

    name: str
    config: EndpointConfig
    bookmark_before: Bookmark
    base_url: str
    began_us: int
    next_due_s: float  # on the monotonic clock
    request: PageRequest = field(init=False)
    is_finished: bool = False
    is_complete: bool = True  # false: something could not be read, so the next round asks again
    _pages: int = 0
    _latest_us: int | None = None
    _validators: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        form, since = self.config, self._since()
        url = self.base_url + form.path.replace(CURSOR, since)
        parameters = {k: v.replace(CURSOR, since) for k, v in form.parameters.items()}
        self.request = first_request(PageRequest(url, parameters), form.paging)

    @property
    def source(self) -> str:
        return f"rest/{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """Ask only for what has changed; of a single page only, as a page's ETag is its own."""
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
        """Read a page, and set the next question."""
        address = self._address
        self._pages += 1
        if page.content is None or not page.content.strip():
            self.is_finished = True
            self._validators = {} if page.content is not None else {
                "url": self.bookmark_before.url, "etag": self.bookmark_before.etag, "modified": self.bookmark_before.modified,
            }  # fmt: skip
            return []
        made: list[PreparedPart] = []
        rows = 0
        for part in self._parts(page.content):
            rows += len(part.rows)
            self._advance_cursor(part)
            made.append(self._handed(part))
        following = self._next(self.request, page, rows) if self.is_complete else None
        self.is_finished = following is None
        self.request = following or self.request
        if self.config.paging is None:
            self._validators = {
                "url": address, "etag": page.headers.get("etag", ""),
                "modified": page.headers.get("last-modified", ""),
            }  # fmt: skip
        return made

    @property
    def bookmark(self) -> Bookmark:
        """Of a round that is over. A change of the future would hide all until then: not later."""
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
            yield DocumentPart(0, content, [Row(0, "", content, None, str(error))])

    def _next(self, asked: PageRequest, page: ResponsePage, rows: int) -> PageRequest | None:
        paging, body = self.config.paging, None
        if isinstance(paging, (LinkPaging, TokenPaging)) and paging.path is not None:
            try:
                body = parse_json(page.content or b"")
            except ValueError as error:
                raise ConfigurationRejected(
                    f"{self.name}: `paging.path` needs a JSON document: {error}"
                ) from error
        found = next_request(asked, paging, body=body, rows=rows, headers=page.headers)
        if found == asked:
            raise ConfigurationRejected(
                f"{self.name}: the next page is the same again: {asked.url}"
            )
        if found is not None and self._pages >= self.config.pages_max:
            raise ConfigurationRejected(
                f"{self.name} has more than {self._pages} pages: ask for larger ones or for less, "
                "or raise pages_max"
            )
        return found

    def _handed(self, part: DocumentPart) -> PreparedPart:
        reader = RowReader(self.source, self.config)
        return prepare_part(
            part,
            self.source,
            b"",
            identity_of=self._key_of,
            read_row=reader.read_row,
            at_us=self.began_us,
        )

    def _key_of(self, row: Row) -> bytes:
        """The key and the time of the change; without a key, the content."""
        own = identity_of_paths(self.source, self.config.key, row)
        if own is None:
            own = hash_of(b"content", self.source.encode(), row.raw)
        more: list[bytes] = []
        if self.config.changed_at is not None and row.fields is not None:
            more.append(
                str(value_at_path(row.fields, self.config.changed_at.path)).encode(errors="replace")
            )
        if self.config.is_snapshot:
            more += [self.began_us.to_bytes(8, "big"), row.position.encode()]
        return hash_of(own, *more)

    def _advance_cursor(self, part: DocumentPart) -> None:
        form = self.config.changed_at
        if form is None:
            return
        for row in part.rows:
            stated = None if row.fields is None else value_at_path(row.fields, form.path)
            at_us = None if stated is None else parse_time(stated, form, None)
            if at_us is not None and (self._latest_us is None or at_us > self._latest_us):
                self._latest_us = at_us

    def _since(self) -> str:
        cursor = self.config.cursor
        if self.bookmark_before.cursor_us is None:
            return written(_start_us(cursor), cursor)
        return written(max(self.bookmark_before.cursor_us - int(cursor.lag_s * 1e6), 0), cursor)


def written(at_us: int, form: CursorConfig) -> str:
    """An instant as the source reads it."""
    if form.format in _UNIX:
        return str(at_us // _UNIX[form.format])
    local = instant_of(at_us).astimezone(ZoneInfo(form.zone))
    if form.format == "iso":
        return local.isoformat().replace("+00:00", "Z")
    return local.strftime(form.format)


def _start_us(form: CursorConfig) -> int:
    at = datetime.fromisoformat(form.start)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(form.zone))
    return max(microseconds_of(at.astimezone(ZoneInfo("UTC"))), 0)
