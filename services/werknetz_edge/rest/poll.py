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
from werknetz_edge.documents.entries import Handed, Reader, handed, key_of_paths
from werknetz_edge.documents.rows import Part, Row, UnreadableDocument, parts_of, read_json
from werknetz_edge.documents.seen import hash_of
from werknetz_edge.rest.client import Page
from werknetz_edge.rest.config import CURSOR, CursorForm, EndpointForm, LinkPaging, TokenPaging
from werknetz_edge.rest.memory import Bookmark
from werknetz_edge.rest.paging import Question, first_of, next_of

_UNIX: Final = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}


@dataclass(slots=True)
class Poll:
    """Asks page by page until it is over; then `bookmark` says how far it came."""

    name: str
    form: EndpointForm
    before: Bookmark
    base_url: str
    began_us: int
    next_due_s: float  # on the monotonic clock
    asking: Question = field(init=False)
    is_over: bool = False
    is_whole: bool = True  # false: something could not be read, so the next round asks again
    _pages: int = 0
    _latest_us: int | None = None
    _told: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        form, since = self.form, self._since()
        url = self.base_url + form.path.replace(CURSOR, since)
        parameters = {k: v.replace(CURSOR, since) for k, v in form.parameters.items()}
        self.asking = first_of(Question(url, parameters), form.paging)

    @property
    def source(self) -> str:
        return f"rest/{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """Ask only for what has changed; of a single page only, as a page's ETag is its own."""
        if self.form.paging is not None or self.before.url != self._address:
            return {}
        pairs = {"If-None-Match": self.before.etag, "If-Modified-Since": self.before.modified}
        return {name: value for name, value in pairs.items() if value}

    @property
    def _address(self) -> str:
        return repr((self.asking.url, sorted(self.asking.parameters.items())))

    def take(self, page: Page) -> list[Handed]:
        """Read a page, and set the next question."""
        address = self._address
        self._pages += 1
        if page.content is None or not page.content.strip():
            self.is_over = True
            self._told = {} if page.content is not None else {
                "url": self.before.url, "etag": self.before.etag, "modified": self.before.modified,
            }  # fmt: skip
            return []
        made: list[Handed] = []
        rows = 0
        for part in self._parts(page.content):
            rows += len(part.rows)
            self._move(part)
            made.append(self._handed(part))
        following = self._next(self.asking, page, rows) if self.is_whole else None
        self.is_over = following is None
        self.asking = following or self.asking
        if self.form.paging is None:
            self._told = {
                "url": address, "etag": page.headers.get("etag", ""),
                "modified": page.headers.get("last-modified", ""),
            }  # fmt: skip
        return made

    @property
    def bookmark(self) -> Bookmark:
        """Of a round that is over. A change of the future would hide all until then: not later."""
        if not self.is_whole:
            return self.before
        times = [t for t in (self.before.cursor_us, self._latest_us) if t is not None]
        cursor = min(max(times), self.began_us) if times else None
        if self.before.cursor_us is not None and cursor is not None:
            cursor = max(cursor, self.before.cursor_us)
        return Bookmark(cursor, **self._told)

    def _parts(self, content: bytes) -> Iterator[Part]:
        try:
            yield from parts_of(io.BytesIO(content), self.form)
        except UnreadableDocument as error:
            self.is_whole = False
            yield Part(0, content, [Row(0, "", content, None, str(error))])

    def _next(self, asked: Question, page: Page, rows: int) -> Question | None:
        paging, body = self.form.paging, None
        if isinstance(paging, (LinkPaging, TokenPaging)) and paging.path is not None:
            try:
                body = read_json(page.content or b"")
            except ValueError as error:
                raise ConfigurationRejected(
                    f"{self.name}: `paging.path` needs a JSON document: {error}"
                ) from error
        found = next_of(asked, paging, body=body, rows=rows, headers=page.headers)
        if found == asked:
            raise ConfigurationRejected(
                f"{self.name}: the next page is the same again: {asked.url}"
            )
        if found is not None and self._pages >= self.form.pages_max:
            raise ConfigurationRejected(
                f"{self.name} has more than {self._pages} pages: ask for larger ones or for less, "
                "or raise pages_max"
            )
        return found

    def _handed(self, part: Part) -> Handed:
        reader = Reader(self.source, self.form)
        return handed(
            part, self.source, b"", key_of=self._key_of, entry_of=reader.entry, at_us=self.began_us
        )

    def _key_of(self, row: Row) -> bytes:
        """The key and the time of the change; without a key, the content."""
        own = key_of_paths(self.source, self.form.key, row)
        if own is None:
            own = hash_of(b"content", self.source.encode(), row.raw)
        more: list[bytes] = []
        if self.form.changed_at is not None and row.fields is not None:
            more.append(str(value_at_path(row.fields, self.form.changed_at.path)).encode(errors="replace"))
        if self.form.is_snapshot:
            more += [self.began_us.to_bytes(8, "big"), row.place.encode()]
        return hash_of(own, *more)

    def _move(self, part: Part) -> None:
        form = self.form.changed_at
        if form is None:
            return
        for row in part.rows:
            stated = None if row.fields is None else value_at_path(row.fields, form.path)
            at_us = None if stated is None else parse_time(stated, form, None)
            if at_us is not None and (self._latest_us is None or at_us > self._latest_us):
                self._latest_us = at_us

    def _since(self) -> str:
        cursor = self.form.cursor
        if self.before.cursor_us is None:
            return written(_start_us(cursor), cursor)
        return written(max(self.before.cursor_us - int(cursor.lag_s * 1e6), 0), cursor)


def written(at_us: int, form: CursorForm) -> str:
    """An instant as the source reads it."""
    if form.format in _UNIX:
        return str(at_us // _UNIX[form.format])
    local = instant_of(at_us).astimezone(ZoneInfo(form.zone))
    if form.format == "iso":
        return local.isoformat().replace("+00:00", "Z")
    return local.strftime(form.format)


def _start_us(form: CursorForm) -> int:
    at = datetime.fromisoformat(form.start)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(form.zone))
    return max(microseconds_of(at.astimezone(ZoneInfo("UTC"))), 0)
