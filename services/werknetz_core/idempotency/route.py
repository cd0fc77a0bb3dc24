"""Routes whose POSTs take an Idempotency-Key, and what they store of an answer.

A router takes it by `APIRouter(route_class=OnceRoute)`.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from werknetz_core.access.require import stated_permissions
from werknetz_core.idempotency.attempt import (
    REPLAYED,
    AnsweredBefore,
    RequestAttempt,
    attempt_at_hand,
)
from werknetz_core.idempotency.key import CHARACTERS_MAX, HEADER, PATTERN, key_of
from werknetz_core.idempotency.secrets import ShownOnce

CHANGES_NOTHING: Final = (":query", ":preview", ":diff", ":amend", ":test", ":import")
"""Ends of paths of POSTs that only compute: a repetition does nothing, so needs no key."""


_PARAMETER: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A repetition with the same key within 24 hours gets the stored answer, with "
    f"`{REPLAYED}: true`, and changes nothing. One key for each request, such as a UUID.",
    "schema": {"type": "string", "minLength": 1, "maxLength": CHARACTERS_MAX, "pattern": PATTERN},
    "example": "7f8a1c52-2f0e-4c0b-9d44-5d6f0b7b3a10",
}
_REPLAYED: Final[dict[str, Any]] = {
    "description": "The request was carried out before; this is its answer.",
    "schema": {"type": "string", "enum": ["true"]},
}


class OnceRoute(APIRoute):
    """A route of a router that has POSTs with an Idempotency-Key."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.takes_key = "POST" in (options.get("methods") or ()) and not path.endswith(
            CHANGES_NOTHING
        )
        if self.takes_key:
            status = str(options.get("status_code") or 200)
            extra = options.get("openapi_extra") or {}
            options["openapi_extra"] = {
                **extra,
                "parameters": [*extra.get("parameters", ()), _PARAMETER],
                "responses": {status: {"headers": {REPLAYED: _REPLAYED}}},
            }
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        if not self.takes_key:
            return answer

        async def answer_once(request: Request) -> Response:
            key = key_of(request)
            if key is None:
                return await answer(request)
            permission = next(iter(stated_permissions(self.dependant)), None)
            attempt = RequestAttempt(request, key, permission)
            token = attempt_at_hand.set(attempt)
            try:
                response = await answer(request)
            except AnsweredBefore as answered:
                return answered.response
            finally:
                attempt_at_hand.reset(token)
            stored = without_secrets(response, secrets_of(self.response_model))
            await attempt.complete(stored)
            return response

        return answer_once


def secrets_of(model: object) -> tuple[str, ...]:
    """Return the names of the fields of an answer that are secrets."""
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return ()
    return tuple(
        name
        for name, field in model.model_fields.items()
        if any(isinstance(mark, ShownOnce) for mark in field.metadata)
    )


def without_secrets(response: Response, names: tuple[str, ...]) -> Response:
    """Return the answer as it is stored: secrets are null, for they are shown once."""
    if not names:
        return response
    document = json.loads(bytes(response.body))
    document |= dict.fromkeys(names)
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    headers = {n: v for n, v in response.headers.items() if n.lower() != "content-length"}
    return Response(body, response.status_code, headers)
