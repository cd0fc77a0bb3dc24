"""One attempt at a request with an Idempotency-Key, from its claim to its stored answer.

Claim, change and answer are one transaction, that of `WriteSessionDep`: if the process dies, there
is none of them, and the key is free.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from fastapi import Request, Response

from werknetz.store.requests import stored_answers as statements
from werknetz.store.session import WriteSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import PRINCIPAL, Principal
from werknetz_core.access.permissions import Permission
from werknetz_core.http.problem import Problem
from werknetz_core.idempotency.key import HEADER, fingerprint_of, hash_of
from werknetz_core.idempotency.sealed_answer import AnswerUnreadable, open_answer, seal_answer

REPLAYED: Final = "Idempotency-Replayed"
ANSWER_BYTES_MAX: Final = 1_000_000
UNANSWERED_S: Final = 60.0
"""How long a change that an earlier version stored before its answer may still get one."""
_STORED_HEADERS: Final = ("content-type", "location", "etag", "retry-after", "link")


class AnsweredBefore(Exception):
    """The request was answered before: this is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


@dataclass(slots=True)
class RequestAttempt:
    """A request with a key; `permission` None: the route needs none."""

    request: Request
    key: str
    permission: Permission | None
    session: WriteSession | None = None
    caller: int = 0
    key_hash: bytes = b""

    async def begin(self, session: WriteSession) -> None:
        """Claim the key in the transaction of the change.

        Raises AnsweredBefore; 409 while another attempt runs or where its answer is lost; 422 for
        a key that was sent with another request.
        """
        principal: Principal = self.request.scope[PRINCIPAL]
        if self.permission is not None and not principal.may(self.permission):
            return  # the route refuses it
        self.caller, self.key_hash = principal.key_id, hash_of(self.key)
        if not await session.scalar(statements.try_lock(self.caller, self.key_hash)):
            raise _in_progress()
        fingerprint = await fingerprint_of(self.request, self.key)
        query = statements.find_answer(self.caller, self.key_hash)
        row = (await session.execute(query)).mappings().first()
        if row is not None:
            raise self._repetition(row, fingerprint)
        await session.execute(statements.delete_expired())
        await session.execute(statements.delete_former(self.caller, self.key_hash))
        begin = statements.begin_request(self.caller, self.key_hash, fingerprint)
        if await session.scalar(begin) is None:
            raise _answer_missing(Sentence("requests.plants_of_key_changed"))
        self.session = session

    async def complete(self, response: Response) -> None:
        """Store the answer, in the transaction of the change."""
        if self.session is None:
            return
        headers = {
            name: response.headers[name] for name in _STORED_HEADERS if name in response.headers
        }
        body = bytes(response.body)
        update = statements.store_answer(
            self.caller, self.key_hash, response.status_code, headers,
            seal_answer(body, self.key, self.caller) if len(body) <= ANSWER_BYTES_MAX else None,
        )  # fmt: skip
        await self.session.execute(update)

    def _repetition(self, row: sa.RowMapping, fingerprint: bytes) -> Exception:
        if bytes(row["fingerprint"]) != fingerprint:
            detail = Sentence("requests.idempotency_key_reused", header=HEADER)
            return Problem(
                422, "idempotency_key_reused", detail,
                Sentence("requests.send_new_key"),
                errors=[{"pointer": f"/header/{HEADER}", "code": "reused", "detail": detail}],
            )  # fmt: skip
        if row["status"] is None:
            return (
                _in_progress()
                if row["age_s"] < UNANSWERED_S
                else _answer_missing(Sentence("requests.answer_was_lost"))
            )
        if row["body"] is None:
            return _answer_missing(Sentence("requests.answer_was_too_large"))
        try:
            body = open_answer(bytes(row["body"]), self.key, self.caller)
        except AnswerUnreadable:
            return _answer_missing(Sentence("requests.answer_was_lost"))
        return AnsweredBefore(Response(body, row["status"], {**row["headers"], REPLAYED: "true"}))


attempt_at_hand: Final[ContextVar[RequestAttempt | None]] = ContextVar(
    "attempt_at_hand", default=None
)


async def begin_attempt(session: WriteSession) -> None:
    """Claim the Idempotency-Key of the request at hand, if it has one."""
    attempt = attempt_at_hand.get()
    if attempt is not None:
        await attempt.begin(session)


def _in_progress() -> Problem:
    return Problem(
        409, "request_in_progress", Sentence("requests.in_progress", header=HEADER),
        Sentence("requests.repeat_after"), headers={"Retry-After": "1"},
    )  # fmt: skip


def _answer_missing(why: str) -> Problem:
    return Problem(
        409, "answer_not_stored",
        Sentence("requests.answer_not_stored", header=HEADER, why=why),
        Sentence("requests.read_what_changed"),
    )  # fmt: skip
