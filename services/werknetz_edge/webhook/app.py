"""The HTTP endpoints: authenticate, read the body, store its rows, report their results."""

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
from werknetz.texts.language import Language
from werknetz.texts.recognition import recognize
from werknetz.texts.sentence import Sentence, sentence_of
from werknetz_edge.documents.config import DocumentConfig, Payload
from werknetz_edge.documents.prepare import (
    IdentityOf,
    PreparedPart,
    ReadRow,
    RowReader,
    identity_of_paths,
    prepare_part,
)
from werknetz_edge.documents.rows import DocumentPart, DocumentRow, UnreadableDocument, read_parts
from werknetz_edge.webhook import standard
from werknetz_edge.webhook.auth import Authenticator
from werknetz_edge.webhook.body import BodyLimits, RequestBody, receive_body
from werknetz_edge.webhook.config import WebhookConfig
from werknetz_edge.webhook.intake import Intake, NotStored, RowOutcome
from werknetz_edge.webhook.problem import (
    RequestRefused,
    language_of,
    respond_with_problem,
    retry_later,
)

RESULTS_MAX: Final = 1_000
IDEMPOTENCY_KEY_MAX: Final = 255
_PAYLOADS: Final[dict[str, Payload]] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
}


@dataclass(frozen=True, slots=True)
class HookRoute:
    """How the body of one endpoint is read."""

    source: str
    authenticator: Authenticator
    config: DocumentConfig
    identity_of: IdentityOf
    read_row: ReadRow
    rejects_unreadable: bool  # else a document without rows goes to quarantine


@dataclass(slots=True)
class ResultSummary:
    language: Language
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)

    def add(self, outcomes: list[RowOutcome]) -> None:
        for outcome in outcomes:
            match outcome.status:
                case "accepted":
                    self.accepted += 1
                case "duplicate":
                    self.duplicates += 1
                case "quarantined":
                    self.quarantined += 1
                    if len(self.results) < RESULTS_MAX:
                        reason = recognize(outcome.reason)
                        if isinstance(reason, Sentence):
                            reason = reason.in_language(self.language)
                        self.results.append({**msgspec.to_builtins(outcome), "reason": reason})

    def to_document(self) -> dict[str, object]:
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "results": self.results,  # only rows in quarantine, at most RESULTS_MAX
        }


@dataclass(slots=True)
class WebhookApp:
    """The application of one session: everything that a request needs."""

    config: WebhookConfig
    intake: Intake
    status: ConnectorStatus
    authenticators: dict[str, Authenticator]
    events_authenticator: Authenticator | None
    now_us: Callable[[], int]
    _active_requests: int = 0

    def create_app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/hooks/{source}", self.post_hook, methods=["POST"]),
                Route("/api/v1/events:batch", self.post_events, methods=["POST"]),
                Route("/health", self.get_health, methods=["GET"]),
            ],
            exception_handlers={
                RequestRefused: respond_with_problem,
                HTTPException: _respond_to_http_error,
            },
        )

    async def get_health(self, _: Request) -> Response:
        body = msgspec.json.encode({"state": self.status.state, "detail": self.status.detail})
        return Response(body, media_type="application/json")

    async def post_hook(self, request: Request) -> Response:
        name = request.path_params["source"]
        form = self.config.sources.get(name)
        if form is None:
            raise RequestRefused(
                404, "unknown_source", Sentence("webhook.unknown_source", name=name[:80]),
                Sentence("webhook.name_the_source"),
            )  # fmt: skip
        source = f"hooks/{name}"
        route = HookRoute(
            source, self.authenticators[name], form,
            identity_of=partial(identity_of_paths, source, form.key),
            read_row=RowReader(
                source, form, is_push=True, can_revise=form.corrections == "accept"
            ).read_row,
            rejects_unreadable=False,
        )  # fmt: skip
        return await self._handle(request, route)

    async def post_events(self, request: Request) -> Response:
        if self.events_authenticator is None:
            raise RequestRefused(
                404, "events_closed", Sentence("webhook.events_closed"),
                Sentence("webhook.open_events"),
            )  # fmt: skip
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _PAYLOADS:
            raise RequestRefused(
                415, "media_type", Sentence("webhook.media_type", media_type=media_type[:80]),
                Sentence("webhook.send_one_of", media_types=list(_PAYLOADS)),
            )  # fmt: skip
        payload = _PAYLOADS[media_type]
        form = DocumentConfig(payload=payload, records="events" if payload == "json" else "")
        route = HookRoute(
            standard.SOURCE, self.events_authenticator, form, identity_of=standard.identity_of,
            read_row=standard.read_row, rejects_unreadable=True,
        )  # fmt: skip
        return await self._handle(request, route)

    async def _handle(self, request: Request, route: HookRoute) -> Response:
        check = route.authenticator.check(request.headers, time.time())
        is_streamed = route.config.payload in {"ndjson", "csv"}
        limits = BodyLimits(
            self.config.stream_max_bytes if is_streamed else self.config.body_max_bytes,
            self.config.gzip_ratio_max,
        )
        async with self._limit_requests(), receive_body(request, check, limits) as body:
            key = _request_key(request, body, route.config.payload)
            summary = ResultSummary(language_of(request))
            await self._store_body(body, route, key, summary)
        content = msgspec.json.encode(summary.to_document())
        headers = {"Content-Language": summary.language.value, "Vary": "Accept-Language"}
        return Response(content, headers=headers, media_type="application/json")

    @asynccontextmanager
    async def _limit_requests(self) -> AsyncIterator[None]:
        if self._active_requests >= self.config.requests_max:
            raise retry_later(Sentence("webhook.in_progress", count=self._active_requests))
        self._active_requests += 1
        try:
            yield
        finally:
            self._active_requests -= 1

    async def _store_body(
        self, body: RequestBody, route: HookRoute, request_key: bytes, summary: ResultSummary
    ) -> None:
        try:
            for part in read_parts(body.file, route.config):
                prepared = self._prepare(part, route, request_key)
                summary.add(await self.intake.store(prepared, self.config.answer_s))
        except UnreadableDocument as error:
            if route.rejects_unreadable:
                raise RequestRefused(
                    400, "unreadable_document",
                    Sentence("webhook.unreadable_document", fault=recognize(str(error))),
                    Sentence("webhook.forms_of_documents"),
                    extra=summary.to_document(),
                ) from error  # fmt: skip
            body.file.seek(0)
            whole = DocumentPart(0, body.file.read(self.config.body_max_bytes), [])
            whole.rows.append(DocumentRow(0, "", whole.content, None, str(error)))
            prepared = self._prepare(whole, route, request_key)
            summary.add(await self._store_part(prepared, summary))
        except NotStored as error:
            raise retry_later(sentence_of(error), summary.to_document()) from error

    def _prepare(self, part: DocumentPart, route: HookRoute, request_key: bytes) -> PreparedPart:
        return prepare_part(
            part, route.source, request_key,
            identity_of=route.identity_of, read_row=route.read_row, at_us=self.now_us(),
        )  # fmt: skip

    async def _store_part(self, prepared: PreparedPart, summary: ResultSummary) -> list[RowOutcome]:
        try:
            return await self.intake.store(prepared, self.config.answer_s)
        except NotStored as error:
            raise retry_later(sentence_of(error), summary.to_document()) from error


def _request_key(request: Request, body: RequestBody, payload: Payload) -> bytes:
    """Identify the request: by its Idempotency-Key, else by its body.

    The same bytes read as CSV and then, after a correction, as NDJSON are two requests.
    """
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > IDEMPOTENCY_KEY_MAX:
        raise RequestRefused(
            400, "idempotency_key_too_long",
            Sentence("webhook.key_too_long", limit=IDEMPOTENCY_KEY_MAX),
            Sentence("webhook.send_a_uuid"),
        )  # fmt: skip
    own = b"key " + key.encode(errors="replace") if key else b"body " + body.hash
    return payload.encode() + b" " + own


async def _respond_to_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  narrows the type
    problem = RequestRefused(
        error.status_code, "http_error", Sentence("webhook.http_error", reason=error.detail),
        Sentence("webhook.endpoints"),
        headers=error.headers,
    )  # fmt: skip
    return problem.to_response(request.url.path, language_of(request))
