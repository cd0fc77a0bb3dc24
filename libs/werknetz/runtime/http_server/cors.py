"""CORS: which pages of other origins may call the API from a browser. Default: none."""

import re
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from werknetz.runtime.http_server.answer import ServerProblem
from werknetz.runtime.settings import SettingError
from werknetz.texts.language import negotiate_language
from werknetz.texts.sentence import Sentence

_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS: Final = (
    "Authorization", "X-API-Key", "Content-Type", "If-None-Match", "Idempotency-Key", "traceparent",
)  # fmt: skip
_RESPONSE_HEADERS: Final = (
    "ETag", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Trace-Id",
    "Idempotency-Replayed",
)  # fmt: skip
_PREFLIGHT_CACHE_S: Final = 600


def parse_origins(text: str) -> tuple[str, ...]:
    """Return the origins of a list separated by commas; SettingError names the wrong one."""
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingError(
                f"WERKNETZ_CORS_ORIGINS: {origin!r} is no origin: write scheme, host and port as "
                "browsers send them, for example https://dashboard.example or http://10.1.2.3:3000"
            )
    return origins


class ProblemCors(CORSMiddleware):
    """Refuses a preflight with a problem document instead of a line of text."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        origin = request_headers["origin"]
        problem = ServerProblem(
            response.status_code, "cors_refused",
            Sentence(
                "server.cors_refused", reason=bytes(response.body).decode(), origin=origin
            ),
            Sentence("server.name_the_origin"),
        )  # fmt: skip
        language = negotiate_language(request_headers.get("accept-language"))
        body, headers = problem.to_parts(path="", language=language)
        of_problem = {name.decode(): value.decode() for name, value in headers}
        of_preflight = {
            name: value
            for name, value in response.headers.items()
            if name.startswith("access-control-")
        }
        of_problem["vary"] = ", ".join(
            filter(None, [response.headers.get("vary"), of_problem["vary"]])
        )
        del of_problem["connection"], of_problem["content-length"]
        return Response(body, problem.status, {**of_problem, **of_preflight})


def allow_origins(app: Starlette, origins: tuple[str, ...]) -> None:
    """Let pages of these origins call the API with a key; cookies are never accepted from them."""
    if origins:
        app.add_middleware(
            ProblemCors,
            allow_origins=origins,
            allow_methods=_METHODS,
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_RESPONSE_HEADERS,
            max_age=_PREFLIGHT_CACHE_S,
        )
