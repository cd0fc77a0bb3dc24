"""Wraps every request: trace id, security headers, request metrics for Prometheus."""

import asyncio
import re
import secrets
import time
from typing import Final

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from werknetz.runtime.http_server.security_headers import DEFAULT_HEADERS
from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.http.guard.requests import CHECKED
from werknetz_core.http.problem import MEDIA_TYPE, Problem, problem_of
from werknetz_core.limits.wide_process.handed_over import handed_over

FAILED_FROM: Final = 400
INTERNAL_FROM: Final = 500
TOO_LARGE: Final = 413
CLIENT_GONE: Final = 499  # as nginx counts it; nobody gets this answer
_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_log: Final = get_logger("core.api")


class AnswerBrokeOffError(Exception):
    """An answer failed after its first byte; the log has the cause under the trace id."""


class RequestMetrics:
    """Requests by route template: an id in a path must not create a time series."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("method", "route", "status")
        self.requests = Counter(
            "werknetz_http_requests",
            "Requests by method, route and status",
            names,
            registry=registry,
        )
        self.seconds = Histogram(
            "werknetz_http_request_seconds",
            "Time until the first byte of the response",
            ("route",),
            registry=registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
        )


class RequestMiddleware:
    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace_id = _trace_id_of(scope)
        scope["trace_id"] = trace_id
        scope[CHECKED] = []
        # Every line that is logged on behalf of this request carries its id.
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            await self._respond(scope, receive, send, trace_id)

    async def _respond(self, scope: Scope, receive: Receive, send: Send, trace_id: str) -> None:
        started = time.perf_counter()
        too_large = b""
        has_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal too_large, has_started
            if message["type"] == "http.response.start":
                has_started = True
                if message["status"] == TOO_LARGE and not _is_problem(message):
                    too_large = _too_large_body(scope["path"], trace_id)
                    message["headers"] = [
                        (b"content-type", MEDIA_TYPE.encode()),
                        (b"content-length", str(len(too_large)).encode()),
                    ]
                headers = message["headers"] = list(message.get("headers", ()))
                present = {name for name, _ in headers}
                headers += [header for header in DEFAULT_HEADERS if header[0] not in present]
                headers.append((b"x-trace-id", trace_id.encode()))
                self._count(scope, message["status"], time.perf_counter() - started)
            elif too_large:
                message = {"type": "http.response.body", "body": too_large}
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except asyncio.CancelledError:
            if not has_started:
                self._count(scope, CLIENT_GONE, time.perf_counter() - started)
            raise
        except Exception as error:  # noqa: BLE001 - each request gets an answer
            _log.exception("request failed", method=scope["method"], route=_route_of(scope))
            if has_started:  # the server closes the connection; it must not log the error again
                message = f"the answer {trace_id} broke off"
                raise AnswerBrokeOffError(message) from None
            problem = problem_of(error)
            body = msgspec.json.encode(problem.to_document(trace_id, scope["path"]))
            await Response(body, problem.status, problem.headers, MEDIA_TYPE)(
                scope, receive, send_with_headers
            )

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route_of(scope)
        if status >= FAILED_FROM and handed_over() is None:  # else the API process logs it
            # The template, not the path: a path may hold what is no business of a log.
            log = _log.warning if status >= INTERNAL_FROM else _log.info
            log("request not answered", status=status, method=scope["method"], route=route)
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)


def _route_of(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "none"))


def _is_problem(message: Message) -> bool:
    return (b"content-type", MEDIA_TYPE.encode()) in message.get("headers", ())


def _too_large_body(path: str, trace_id: str) -> bytes:
    """Return the problem document for a body that the limit rejected before the app ran."""
    problem = Problem(
        TOO_LARGE,
        "body_too_large",
        Sentence("requests.body_too_large"),
        Sentence("requests.send_parts"),
    )
    return msgspec.json.encode(problem.to_document(trace_id, path))


def _trace_id_of(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            return match[1].decode()
    return secrets.token_hex(16)
