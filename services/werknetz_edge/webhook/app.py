"""The HTTP side: who may send, what a body says, and what became of each row of it."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from werknetz.connector.contract import ConnectorStatus
from werknetz_edge.documents.config import DocumentForm, Payload
from werknetz_edge.documents.entries import EntryOf, Handed, KeyOf, Reader, handed, key_of_paths
from werknetz_edge.documents.rows import Part, Row, UnreadableDocument, parts_of
from werknetz_edge.webhook import standard
from werknetz_edge.webhook.auth import Guard
from werknetz_edge.webhook.body import Body, Limits, received
from werknetz_edge.webhook.config import WebhookConfig
from werknetz_edge.webhook.intake import Intake, NotKept, Outcome
from werknetz_edge.webhook.problem import Refused, respond, try_again

RESULTS_MAX: Final = 1_000
KEY_MAX: Final = 255
_PAYLOADS: Final[dict[str, Payload]] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
}


@dataclass(frozen=True, slots=True)
class Way:
    """How a body of one address is read."""

    source: str
    guard: Guard
    form: DocumentForm
    key_of: KeyOf
    entry_of: EntryOf
    refuses: bool  # what is no document at all is refused; else it goes to quarantine


@dataclass(slots=True)
class Tally:
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)

    def add(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            match outcome.status:
                case "accepted":
                    self.accepted += 1
                case "duplicate":
                    self.duplicates += 1
                case "quarantined":
                    self.quarantined += 1
                    if len(self.results) < RESULTS_MAX:
                        self.results.append(msgspec.to_builtins(outcome))

    def document(self) -> dict[str, object]:
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "results": self.results,  # of what is in quarantine, at most so many
        }


@dataclass(slots=True)
class Hooks:
    """Everything that a request needs; one a session."""

    config: WebhookConfig
    intake: Intake
    status: ConnectorStatus
    guards: dict[str, Guard]
    events: Guard | None
    now_us: Callable[[], int]
    _busy: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/hooks/{source}", self.take_hook, methods=["POST"]),
                Route("/api/v1/events:batch", self.take_events, methods=["POST"]),
                Route("/health", self.health, methods=["GET"]),
            ],
            exception_handlers={Refused: respond, HTTPException: _http},
        )

    async def health(self, _: Request) -> Response:
        body = msgspec.json.encode({"state": self.status.state, "detail": self.status.detail})
        return Response(body, media_type="application/json")

    async def take_hook(self, request: Request) -> Response:
        name = request.path_params["source"]
        form = self.config.sources.get(name)
        if form is None:
            raise Refused(
                404, "unknown_source", f"There is no source {name[:80]!r} here.",
                "Its name must stand under `options.sources` of the edge's configuration.",
            )  # fmt: skip
        source = f"hooks/{name}"
        way = Way(
            source, self.guards[name], form,
            key_of=partial(key_of_paths, source, form.key),
            entry_of=Reader(source, form).entry, refuses=False,
        )  # fmt: skip
        return await self._take(request, way)

    async def take_events(self, request: Request) -> Response:
        if self.events is None:
            raise Refused(
                404, "events_closed", "This edge takes no events here.",
                "Give `options.events` a key to open it.",
            )  # fmt: skip
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _PAYLOADS:
            raise Refused(
                415, "media_type", f"Content-Type {kind[:80]!r} is not read.",
                f"Send one of {', '.join(_PAYLOADS)}.",
            )  # fmt: skip
        payload = _PAYLOADS[kind]
        form = DocumentForm(payload=payload, records="events" if payload == "json" else "")
        way = Way(
            standard.SOURCE, self.events, form, key_of=standard.key_of,
            entry_of=standard.entry_of, refuses=True,
        )  # fmt: skip
        return await self._take(request, way)

    async def _take(self, request: Request, way: Way) -> Response:
        check = way.guard.check(request.headers, time.time())
        streamed = way.form.payload in {"ndjson", "csv"}
        limits = Limits(
            self.config.stream_max_bytes if streamed else self.config.body_max_bytes,
            self.config.gzip_ratio_max,
            self.config.body_s,
        )
        async with self._turn(), received(request, check, limits) as body:
            tally = await self._keep(body, way, _told(request, body, way.form.payload))
        answer = msgspec.json.encode(tally.document())
        return Response(answer, media_type="application/json")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._busy >= self.config.requests_max:
            raise try_again(f"{self._busy} requests are being taken already")
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def _keep(self, body: Body, way: Way, told: bytes) -> Tally:
        tally = Tally()
        try:
            for part in parts_of(body.file, way.form):
                made = self._handed(part, way, told)
                tally.add(await self.intake.keep(made, self.config.answer_s))
        except UnreadableDocument as error:
            if way.refuses:
                raise Refused(
                    400, "unreadable_document", f"{error}.",
                    'Send a JSON array of events or {"events": […]}, NDJSON, or CSV with a '
                    "header.",
                    extra=tally.document(),
                ) from error  # fmt: skip
            body.file.seek(0)
            whole = Part(0, body.file.read(self.config.body_max_bytes), [])
            whole.rows.append(Row(0, "", whole.content, None, str(error)))
            made = self._handed(whole, way, told)
            tally.add(await self._kept(made, tally))
        except NotKept as error:
            raise try_again(str(error), tally.document()) from error
        return tally

    def _handed(self, part: Part, way: Way, told: bytes) -> Handed:
        return handed(
            part, way.source, told, key_of=way.key_of, entry_of=way.entry_of, at_us=self.now_us()
        )

    async def _kept(self, made: Handed, tally: Tally) -> list[Outcome]:
        try:
            return await self.intake.keep(made, self.config.answer_s)
        except NotKept as error:
            raise try_again(str(error), tally.document()) from error


def _told(request: Request, body: Body, payload: Payload) -> bytes:
    """What makes this telling the same as another: the sender's word, else the body itself.

    The same bytes read as CSV and then, corrected, as NDJSON are two tellings.
    """
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > KEY_MAX:
        raise Refused(
            400, "idempotency_key_too_long", f"Idempotency-Key has more than {KEY_MAX} characters.",
            "Send a UUID.",
        )  # fmt: skip
    own = b"key " + key.encode(errors="replace") if key else b"body " + body.hash
    return payload.encode() + b" " + own


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  narrows the type
    refused = Refused(
        error.status_code, "http_error", f"{error.detail}.",
        "There are POST /hooks/<source>, POST /api/v1/events:batch and GET /health.",
        headers=error.headers,
    )  # fmt: skip
    return refused.response(request.url.path)
